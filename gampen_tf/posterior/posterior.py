"""Posterior distributions of galaxy parameters, in physical units.

>>> posterior = gampen_tf.predict("cutouts/*.fits", seed=1)
>>> posterior.to_table()                  # QTable: values, intervals, flags
>>> posterior.interval(0.9545)            # (N, P, 2)
>>> posterior.corner(3)
>>> posterior.save("posteriors.h5")

A posterior is the mixture of T Gaussians, one for each Monte Carlo dropout pass, in label space, pushed through the
transforms of the labels. Results are those of the mixture itself; docstrings name the few that come from draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..core.flags import is_unmeasurable
from ..core.label_scaler import LabelScaler
from . import files, presentation, selection
from .mixture_set import MixtureSet
from .quantile_map import QuantileMap
from .reweighting import Reweighted, reweight
from .statistics import PosteriorStatistics

if TYPE_CHECKING:
    from astropy.table import QTable
    from matplotlib.figure import Figure

    from ..io.files import PathLike

    LogPrior = Callable[[np.ndarray], ArrayLike]

__all__ = ["Posterior"]


class Posterior(PosteriorStatistics):
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
        self.flags = np.zeros(n, np.int64) if flags is None else np.array(flags, np.int64)
        self.identifiers = [str(i) for i in (range(n) if identifiers is None else identifiers)]
        self.metadata = dict(metadata or {})
        if len(self.flags) != n or len(self.identifiers) != n:
            raise ValueError(f"{n} galaxies, but {len(self.flags)} flags and {len(self.identifiers)} identifiers")
        mixtures = MixtureSet(
            means,
            scale_trils,
            scaler,
            weights=weights,
            probability_map=probability_map,
            unmeasurable=is_unmeasurable(self.flags),
        )
        super().__init__(mixtures, n_mc, seed)
        self.probability_map = probability_map
        self.means, self.scale_trils = mixtures.means, mixtures.scale_trils
        self.weights, self.measured = mixtures.weights, mixtures.measured

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
            With its ``effective_sample_size``; a warning counts the galaxies that have few effective draws.
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
