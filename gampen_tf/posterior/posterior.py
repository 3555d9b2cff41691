"""What inference gives: the posterior of each galaxy, in physical units.

>>> posterior = gampen_tf.predict("cutouts/*.fits", seed=1)
>>> posterior.to_table()                  # QTable: values, intervals, flags
>>> posterior.interval(0.9545)            # (N, P, 2)
>>> posterior.corner(3)
>>> posterior.save("posteriors.h5")

A posterior is the mixture of T Gaussians, one for each Monte Carlo dropout pass, in label space, pushed through the
transforms of the labels. Nothing here is estimated from draws but what says so.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ..metrics.ranks import pit_from_cdf
from . import files, joint, presentation
from .mixture_set import MixtureSet
from .reweighting import reweight

__all__ = ["Posterior"]


class Posterior(MixtureSet):
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
    calibration : object with ``level`` and ``inverse_level``, optional
        Map of probabilities, see :class:`~gampen_tf.posterior.QuantileMap`; all but
        :meth:`covariance` goes through it.

    Notes
    -----
    A parameter with a logit transform has *atoms* of probability at exactly its bounds, see
    :mod:`gampen_tf.posterior.marginal`. True values nearer to a bound than the clip count as the bound in :meth:`cdf`,
    :meth:`pit`, :meth:`contains` and the densities.
    """

    def _each(self, function, axis=1):
        return self._grouped(
            lambda part: part._all_rows(np.stack([function(marginal) for marginal in part._marginals], axis=axis))
        )

    def _at(self, method, values, **options):
        """A marginal's method at values (N, P) or (N, K, P)."""

        def of(part, values):
            values = values[part._measured]
            columns = [
                getattr(marginal, method)(values[..., i], **options) for i, marginal in enumerate(part._marginals)
            ]
            return part._all_rows(np.stack(columns, axis=-1))

        return self._grouped(of, self._checked_values(values))

    @cached_property
    def _moments(self):
        return self._each(lambda marginal: np.stack(marginal.moments(), axis=-1))

    def mean(self):
        """(N, P) means in physical units."""
        return self._moments[..., 0]

    def std(self):
        """(N, P) standard deviations in physical units."""
        return self._moments[..., 1]

    @cached_property
    def _modes(self):
        return self._each(lambda marginal: marginal.mode())

    def mode(self):
        """(N, P) values of the greatest marginal density in physical units: the paper's point estimate.

        A bound where its atom's cell holds the greatest density, or its atom more than half of the probability.
        """
        return self._modes

    def median(self):
        """(N, P) medians."""
        return self.quantile(0.5)

    def quantile(self, p):
        """(N, P) quantiles of one level, or (N, P, Q) of Q levels."""
        levels = np.asarray(p, float)
        if np.any((levels < 0) | (levels > 1)):
            raise ValueError(f"expected probabilities between 0 and 1, found {p}")
        flat = levels.ravel()[None]
        result = self._each(lambda marginal: marginal.quantile(np.repeat(flat, len(marginal), axis=0)))
        return result[..., 0] if levels.ndim == 0 else result

    def interval(self, level=0.6827, kind="hdi"):
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
            result = self._each(lambda marginal: marginal.shortest_intervals(levels))
        elif kind == "central":
            tails = np.stack([0.5 - 0.5 * levels, 0.5 + 0.5 * levels], axis=-1)
            result = self.quantile(tails.ravel()).reshape(len(self), len(self.names), len(levels), 2)
        else:
            raise ValueError(f"interval kind {kind!r}; expected 'hdi' or 'central'")
        return result[..., 0, :] if np.ndim(level) == 0 else result

    def cdf(self, values):
        """Marginal P(x ≤ value), of the shape of ``values`` (N, P) or (N, K, P)."""
        return self._at("cdf", values)

    def pdf(self, values):
        """Marginal densities per physical unit, of the shape of ``values`` (N, P) or (N, K, P)."""
        return self._at("pdf", values)

    def atoms(self):
        """(N, P, 2) probabilities of being exactly at the lower and at the upper bound."""
        return self._each(lambda marginal: marginal.atoms())

    def pit_bounds(self, truth):
        """P(x < truth) and P(x ≤ truth), each (N, P); they differ where the truth sits on an atom."""
        truth = self._canonical(truth)
        return self._at("cdf", truth, strict=True), self._at("cdf", truth)

    def pit(self, truth, seed=0):
        """(N, P) probability integral transforms of true values: uniform if the posteriors are calibrated.

        On an atom the place between the two values of :meth:`pit_bounds` is random.
        """
        return pit_from_cdf(*self.pit_bounds(truth), seed=seed)

    def contains(self, truth, level=0.6827, kind="hdi"):
        """(N, P) whether the interval holds the true value; False where either is not known."""
        truth, interval = self._canonical(truth), self.interval(level, kind)
        return (truth >= interval[..., 0]) & (truth <= interval[..., 1])

    def _canonical(self, truth):
        return self.scaler.canonical(self._checked_values(truth))

    # -- draws and the joint posterior -------------------------------------------------------------------------------

    @cached_property
    def samples(self):
        """(N, n_mc, P) draws in physical units; made when first asked for, and kept."""
        return self.sample(self.n_mc, self.seed)

    def sample(self, n, seed=None):
        """(N, n, P) draws in physical units, stratified over the passes.

        They depend on the seed and the galaxy's own mixture alone: all galaxies share the random numbers behind them.
        """
        seed = self.seed if seed is None else seed
        return self._grouped(lambda part: joint.sample(part, int(n), seed))

    def log_prob(self, values):
        """Joint log density in physical units, at values (N, P) or (N, K, P).

        A value in an atom's cell (B/T below 0.01) has the probability of the atom spread over the cell, so that the
        density integrates to one. Recalibration changes the marginals and leaves the copula.

        Returns
        -------
        (N,) or (N, K) array
            -inf outside the bounds.
        """
        return self._grouped(joint.log_prob, self._checked_values(values))

    def credible_mass(self, values, *, n_draws=None):
        """Probability of the joint highest-density region on whose border a point lies: 0 at the peak, 1 far out.

        Highest in label space (logit B/T, log R_e, log F), where the components are Gaussian; the region of a
        recalibrated posterior is that of its mixture, carried along. That of the true values is uniform if the
        posteriors are calibrated.

        Parameters
        ----------
        values : (N, P) array
            In physical units.
        n_draws : int, optional
            n_mc if not given. The standard error is at most 0.5 / √n_draws; a single Gaussian without atoms has none.

        Returns
        -------
        (N,) array
        """
        n_draws = n_draws or self.n_mc
        return self._grouped(lambda part, of: joint.credible_mass(part, of, n_draws), self._checked_values(values))

    def covariance(self, kind="total", *, space="physical"):
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
        return self._grouped(lambda part: joint.covariance(part, kind, space))

    def reweight(self, new_log_prior, training_log_prior, *, n_draws=None):
        """The posterior under another prior, by importance weights on draws.

        Parameters
        ----------
        new_log_prior, training_log_prior : callable
            From physical values (M, P) to log densities (M,), each up to a constant. A value may be exactly a bound.
        n_draws : int, optional
            n_mc if not given.

        Returns
        -------
        Reweighted
            With its ``effective_sample_size``; a warning tells of galaxies that have few effective draws.
        """
        values = self.samples if n_draws is None else self.sample(n_draws)
        return reweight(values, self.names, self.units, new_log_prior, training_log_prior)

    # -- tables, figures, files ---------------------------------------------------------------------------------------

    def to_table(self):
        """One row a galaxy, as an astropy QTable; see :func:`~gampen_tf.posterior.presentation.to_table`."""
        return presentation.to_table(self)

    def summary(self):
        """The sample in a few lines of text: numbers of galaxies, typical values and uncertainties."""
        return presentation.summary(self)

    def plot(self, i, truth=None):
        """Figure of galaxy ``i``'s marginal posteriors with their modes and intervals; ``truth`` (P,) if known."""
        return presentation.plot(self, i, truth)

    def corner(self, i, truth=None):
        """Figure of galaxy ``i``'s joint posterior, every pair of parameters; ``truth`` (P,) if known."""
        return presentation.corner(self, i, truth)

    def save(self, path):
        """Write all of it to an HDF5 file, the whole or nothing; a file that is there is replaced."""
        files.save(self, path)

    @classmethod
    def load(cls, path):
        """A posterior that :meth:`save` wrote."""
        return files.load(cls, path)
