"""Moments, intervals, densities and draws of posteriors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ..metrics.draws import SIGMA_LEVELS
from ..metrics.ranks import pit_from_cdf
from . import joint
from .mixture_set import MixtureSet

__all__ = ["PosteriorStatistics"]


class PosteriorStatistics:
    """Moments, intervals, densities and draws of a set of mixtures, in physical units.

    Parameters
    ----------
    mixtures : MixtureSet
    n_mc : int
        Number of draws in :attr:`samples`.
    seed : int
        Of the draws.

    Attributes
    ----------
    names, units : tuple of str
        Of the parameters.
    """

    def __init__(self, mixtures: MixtureSet, n_mc: int, seed: int):
        if n_mc != int(n_mc) or n_mc < 1:
            raise ValueError(f"n_mc {n_mc}; expected a number of draws, 1 or more")
        self._mixtures, self.scaler = mixtures, mixtures.scaler
        self.n_mc, self.seed = int(n_mc), int(seed)
        self.names, self.units = self.scaler.parameters.names, self.scaler.parameters.units

    def __len__(self) -> int:
        return len(self._mixtures)

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
