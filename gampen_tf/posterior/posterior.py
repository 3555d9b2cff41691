"""Posterior distributions of galaxy parameters, in physical units.

>>> posterior = gampen_tf.predict("cutouts/*.fits", seed=1)
>>> posterior.to_table()                  # QTable: values, intervals, flags
>>> posterior.interval(0.9545)            # (N, P, 2)
>>> posterior.corner(3)
>>> posterior.save("posteriors.h5")

A posterior is the mixture of T Gaussians, one for each Monte Carlo dropout pass, in label space, pushed through the
transforms of the labels. Nothing here is estimated from draws but what says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ..core.flags import is_unmeasurable
from ..core.label_scaler import LabelScaler
from ..metrics.draws import SIGMA_LEVELS
from ..metrics.ranks import pit_from_cdf
from . import files, joint, presentation, selection
from .mixture_set import MixtureSet
from .quantile_map import QuantileMap
from .reweighting import Reweighted, reweight

if TYPE_CHECKING:
    from astropy.table import QTable
    from matplotlib.figure import Figure

    from ..io.files import PathLike

    LogPrior = Callable[[np.ndarray], ArrayLike]

__all__ = ["Posterior"]


class Posterior:
    """Posteriors of P parameters for N galaxies.

    Parameters
    ----------
    means : (N, T, P) array
        Means of the components, in label space. NaN for galaxies without a measurement.
    scale_trils : (N, T, P, P) array
        Lower Cholesky factors of the components' covariances.
    scaler : LabelScaler
    weights : (N, T) array, optional
        Of the components; equal if not given. Components of weight 0 are padding.
    n_mc : int
        Number of draws in :attr:`samples`.
    seed : int
        Of the draws.
    flags : (N,) int array, optional
        Bits of :class:`~gampen_tf.core.Flag`; galaxies flagged as not measurable get NaN.
    identifiers : (N,) sequence of str, optional
        Row numbers if not given.
    metadata : dict, optional
        Plain data on how the posterior was made; goes with the table and the file.
    probability_map : QuantileMap, optional
        Quantile recalibration; all but :meth:`covariance` goes through it.

    Attributes
    ----------
    names, units : tuple of str
        Of the parameters.
    measured : (M,) int array
        Rows of the galaxies with a measurement.

    Notes
    -----
    A parameter with a logit transform has *atoms* of probability at exactly its bounds, see
    :mod:`gampen_tf.posterior.marginal`. True values nearer to a bound than the clip count as the bound in :meth:`cdf`,
    :meth:`pit`, :meth:`contains` and the densities.
    """

    def __init__(
        self,
        means: np.ndarray,
        scale_trils: np.ndarray,
        scaler: LabelScaler,
        *,
        weights: ArrayLike | None = None,
        n_mc: int = 1000,
        seed: int = 0,
        flags: ArrayLike | None = None,
        identifiers: Sequence[str] | None = None,
        metadata: dict | None = None,
        probability_map: QuantileMap | None = None,
    ):
        n = len(means)
        if n_mc != int(n_mc) or n_mc < 1:
            raise ValueError(f"n_mc {n_mc}; expected a number of draws, 1 or more")
        self.n_mc, self.seed = int(n_mc), int(seed)
        self.flags = np.zeros(n, np.int64) if flags is None else np.array(flags, np.int64)
        self.identifiers = [str(i) for i in (range(n) if identifiers is None else identifiers)]
        self.metadata = dict(metadata or {})
        if len(self.flags) != n or len(self.identifiers) != n:
            raise ValueError(f"{n} galaxies, but {len(self.flags)} flags and {len(self.identifiers)} identifiers")
        self._mixtures = MixtureSet(
            means,
            scale_trils,
            scaler,
            weights=weights,
            probability_map=probability_map,
            unmeasurable=is_unmeasurable(self.flags),
        )
        self.scaler, self.probability_map = scaler, probability_map
        self.means, self.scale_trils = self._mixtures.means, self._mixtures.scale_trils
        self.weights, self.measured = self._mixtures.weights, self._mixtures.measured
        self.names, self.units = scaler.parameters.names, scaler.parameters.units

    def __len__(self) -> int:
        return len(self.means)

    def __getitem__(self, rows: int | slice | ArrayLike) -> Posterior:
        """The posteriors of some galaxies: an index, a slice, a mask or an array of indices."""
        return selection.select(self, rows)

    def __repr__(self) -> str:
        return f"<Posterior of {', '.join(self.names)} for {len(self)} galaxies, {self.means.shape[1]} components>"

    def replaced(self, means: np.ndarray, scale_trils: np.ndarray, **changed: Any) -> Posterior:
        """Other mixtures, with the settings of this posterior but for those that are given."""
        kept = ("weights", "n_mc", "seed", "flags", "identifiers", "metadata", "probability_map")
        return Posterior(means, scale_trils, self.scaler, **({name: getattr(self, name) for name in kept} | changed))

    @staticmethod
    def concatenate(posteriors: Iterable[Posterior]) -> Posterior:
        """One posterior of all the galaxies of several, in order; the settings and metadata are those of the first."""
        return selection.concatenate(list(posteriors))

    def with_probability_map(self, probability_map: QuantileMap | None) -> Posterior:
        """The same mixture behind another map of probabilities; None for the model's own posterior."""
        return self.replaced(self.means, self.scale_trils, probability_map=probability_map)

    def rescaled(self, factors: ArrayLike, shifts: ArrayLike = 0.0) -> Posterior:
        """Wider or narrower posteriors: labels y → m + a (y − m) + b about the mean m of each mixture.

        Parameters
        ----------
        factors : (P,) or (N, P) array
            a, of the standard deviations.
        shifts : float, (P,) or (N, P) array, optional
            b, in labels.
        """
        return self.replaced(*self._mixtures.rescaled(factors, shifts))

    # -- each parameter by itself ------------------------------------------------------------------------------------

    @cached_property
    def _moments(self):
        return self._mixtures.of_each_marginal(lambda marginal: np.stack(marginal.moments(), axis=-1))

    def mean(self) -> np.ndarray:
        """(N, P) means in physical units."""
        return self._moments[..., 0]

    def std(self) -> np.ndarray:
        """(N, P) standard deviations in physical units."""
        return self._moments[..., 1]

    @cached_property
    def _modes(self):
        return self._mixtures.of_each_marginal(lambda marginal: marginal.mode())

    def mode(self) -> np.ndarray:
        """(N, P) values of the greatest marginal density in physical units: the paper's point estimate.

        A bound where its atom's cell holds the greatest density, or its atom more than half of the probability.
        """
        return self._modes

    def median(self) -> np.ndarray:
        """(N, P) medians."""
        return self.quantile(0.5)

    def quantile(self, p: ArrayLike) -> np.ndarray:
        """(N, P) quantiles of one level, or (N, P, Q) of Q levels."""
        levels = np.asarray(p, float)
        if np.any((levels < 0) | (levels > 1)):
            raise ValueError(f"expected probabilities between 0 and 1, found {p!r}")
        flat = levels.ravel()[None]
        result = self._mixtures.of_each_marginal(
            lambda marginal: marginal.quantile(np.repeat(flat, len(marginal), axis=0))
        )
        return result[..., 0] if levels.ndim == 0 else result

    def interval(
        self, level: float | Sequence[float] = SIGMA_LEVELS[0], kind: Literal["hdi", "central"] = "hdi"
    ) -> np.ndarray:
        """Intervals that hold a share of the probability.

        Parameters
        ----------
        level : float or sequence of L floats
        kind : {"hdi", "central"}
            The shortest interval in physical units, or the one with equal probability on either side. An interval that
            reaches an atom holds all of it, so that it may hold more than the level.

        Returns
        -------
        (N, P, 2) array, or (N, P, L, 2) for several levels
        """
        levels = np.atleast_1d(np.asarray(level, float))
        if np.any((levels <= 0) | (levels >= 1)):
            raise ValueError(f"expected levels between 0 and 1, found {level}")
        if kind == "hdi":
            result = self._mixtures.of_each_marginal(lambda marginal: marginal.shortest_intervals(levels))
        elif kind == "central":
            tails = np.stack([0.5 - 0.5 * levels, 0.5 + 0.5 * levels], axis=-1)
            result = self.quantile(tails.ravel()).reshape(len(self), len(self.names), len(levels), 2)
        else:
            raise ValueError(f"interval kind {kind!r}; expected 'hdi' or 'central'")
        return result[..., 0, :] if np.ndim(level) == 0 else result

    def cdf(self, values: ArrayLike) -> np.ndarray:
        """Marginal P(x ≤ value), of the shape of ``values`` (N, P) or (N, K, P)."""
        return self._mixtures.at_values("cdf", self._checked_values(values))

    def pdf(self, values: ArrayLike) -> np.ndarray:
        """Marginal densities per physical unit, of the shape of ``values`` (N, P) or (N, K, P)."""
        return self._mixtures.at_values("pdf", self._checked_values(values))

    def atoms(self) -> np.ndarray:
        """(N, P, 2) probabilities of being exactly at the lower and at the upper bound."""
        return self._mixtures.of_each_marginal(lambda marginal: marginal.atoms())

    def pit_bounds(self, truth: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """P(x < truth) and P(x ≤ truth), each (N, P); they differ where the truth sits on an atom."""
        truth = self._canonical(truth)
        at_values = self._mixtures.at_values
        return at_values("cdf", truth, strict=True), at_values("cdf", truth)

    def pit(self, truth: ArrayLike, seed: int = 0) -> np.ndarray:
        """(N, P) probability integral transforms of true values: uniform if the posteriors are calibrated.

        On an atom the place between the two values of :meth:`pit_bounds` is random.
        """
        return pit_from_cdf(*self.pit_bounds(truth), seed=seed)

    def contains(
        self, truth: ArrayLike, level: float = SIGMA_LEVELS[0], kind: Literal["hdi", "central"] = "hdi"
    ) -> np.ndarray:
        """(N, P) whether the interval holds the true value; False where either is not known."""
        truth, interval = self._canonical(truth), self.interval(level, kind)
        return (truth >= interval[..., 0]) & (truth <= interval[..., 1])

    def _canonical(self, truth: ArrayLike) -> np.ndarray:
        return self.scaler.canonical(self._checked_values(truth))

    def _checked_values(self, values: ArrayLike) -> np.ndarray:
        values = np.asarray(values, float)
        if values.ndim not in (2, 3) or (values.shape[0], values.shape[-1]) != (len(self), len(self.names)):
            raise ValueError(
                f"expected values of shape ({len(self)}, {len(self.names)}), or with K points of each galaxy "
                f"({len(self)}, K, {len(self.names)}); found {values.shape}"
            )
        return values

    # -- draws and the joint posterior -------------------------------------------------------------------------------

    @cached_property
    def samples(self) -> np.ndarray:
        """(N, n_mc, P) draws in physical units; made when first asked for, and kept."""
        return self.sample(self.n_mc, self.seed)

    def sample(self, n_mc: int, seed: int | None = None) -> np.ndarray:
        """(N, n_mc, P) draws in physical units, stratified over the passes.

        They depend on the seed and the galaxy's own mixture alone: all galaxies share the random numbers behind them.
        """
        seed = self.seed if seed is None else seed
        return self._mixtures.by_group(lambda part: joint.sample(part, int(n_mc), seed))

    def log_prob(self, values: ArrayLike) -> np.ndarray:
        """Joint log density in physical units, at values (N, P) or (N, K, P).

        A value in an atom's cell (B/T below 0.01) has the probability of the atom spread over the cell, so that the
        density integrates to one. Recalibration changes the marginals and leaves the copula.

        Returns
        -------
        (N,) or (N, K) array
            -inf outside the bounds.
        """
        return self._mixtures.by_group(joint.log_prob, self._checked_values(values))

    def credible_mass(self, values: ArrayLike, *, n_mc: int | None = None) -> np.ndarray:
        """Probability of the joint highest-density region on whose border a point lies: 0 at the peak, 1 far out.

        Highest in label space (logit B/T, log R_e, log F), where the components are Gaussian; the region of a
        recalibrated posterior is that of its mixture, carried along. That of the true values is uniform if the
        posteriors are calibrated.

        Parameters
        ----------
        values : (N, P) array
            In physical units.
        n_mc : int, optional
            n_mc if not given. The standard error is at most 0.5 / √n_mc; a single Gaussian without atoms has none.

        Returns
        -------
        (N,) array
        """
        n_mc = n_mc or self.n_mc
        return self._mixtures.by_group(
            lambda part, of: joint.credible_mass(part, of, n_mc, self.seed), self._checked_values(values)
        )

    def covariance(
        self,
        kind: Literal["total", "aleatoric", "epistemic"] = "total",
        *,
        space: Literal["physical", "label"] = "physical",
    ) -> np.ndarray:
        """Covariances of the parameters.

        Parameters
        ----------
        kind : {"total", "aleatoric", "epistemic"}
            Of the mixture; the mean over the passes of each one's covariance (the noise in the image); the covariance
            of the passes' means (what the network does not know). The first is the sum of the others.
        space : {"physical", "label"}
            Units of the values, or labels.

        Returns
        -------
        (N, P, P) array
            Of the model's mixture: recalibration, which acts on the marginals, is not in it.
        """
        return self._mixtures.by_group(lambda part: joint.covariance(part, kind, space))

    def reweight(self, new_log_prior: LogPrior, training_log_prior: LogPrior, *, n_mc: int | None = None) -> Reweighted:
        """The posterior under another prior, by importance weights on draws.

        Parameters
        ----------
        new_log_prior, training_log_prior : callable
            From physical values (M, P) to log densities (M,), each up to a constant. A value may be exactly a bound.
        n_mc : int, optional
            n_mc if not given.

        Returns
        -------
        Reweighted
            With its ``effective_sample_size``; a warning tells of galaxies that have few effective draws.
        """
        values = self.samples if n_mc is None else self.sample(n_mc)
        return reweight(values, self.names, self.units, new_log_prior, training_log_prior)

    # -- tables, figures, files ---------------------------------------------------------------------------------------

    def to_table(self) -> QTable:
        """One row a galaxy, as an astropy QTable; see :func:`~gampen_tf.posterior.presentation.to_table`."""
        return presentation.to_table(self)

    def summary(self) -> str:
        """The sample in a few lines of text: numbers of galaxies, typical values and uncertainties."""
        return presentation.summary(self)

    def plot(self, i: int, truth: Sequence[float] | np.ndarray | None = None) -> Figure:
        """Figure of galaxy ``i``'s marginal posteriors with their modes and intervals; ``truth`` (P,) if known."""
        return presentation.plot(self, i, truth)

    def corner(self, i: int, truth: Sequence[float] | np.ndarray | None = None) -> Figure:
        """Figure of galaxy ``i``'s joint posterior, every pair of parameters; ``truth`` (P,) if known."""
        return presentation.corner(self, i, truth)

    def save(self, path: PathLike) -> None:
        """Write all of it to an HDF5 file, the whole or nothing; a file that is there is replaced."""
        files.save(self, path)

    @classmethod
    def load(cls, path: PathLike) -> Posterior:
        """A posterior that :meth:`save` wrote."""
        return files.load(cls, path)
