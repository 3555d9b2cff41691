"""Coverage: how often the truth lies inside the regions that a posterior gives.

Every region here is one of a nested family, so a galaxy is described by one number: the *credible mass*, the
probability of the smallest region of the family that holds the truth. A region of level p covers the truth where the
credible mass is at most p, and the credible masses of a calibrated posterior are uniform on [0, 1]. Central
intervals have mass |2 PIT − 1|; highest-density regions, in one dimension or jointly, the probability of all that
is denser than the truth.
"""

from __future__ import annotations

import numpy as np

from .draws import SIGMA_LEVELS, central_intervals, checked_draws, highest_density_intervals, row_chunks
from .estimates import Estimate, proportion
from .ranks import pit

__all__ = ["central_mass", "coverage", "coverage_of_mass", "ellipsoid_mass"]


def coverage(samples, truth, levels=SIGMA_LEVELS, *, kind="hdi") -> Estimate:
    """Fraction of galaxies whose true value lies inside the interval of each level.

    Parameters
    ----------
    samples : (N, D, P) array
        Posterior draws.
    truth : (N, P) array
        True values; NaN where not known (left out of the count).
    levels : sequence of L floats, optional
    kind : {"hdi", "central"}
        The shortest interval that holds the level's share of the draws, or the equal-tailed one.

    Returns
    -------
    Estimate of (L, P) arrays
        With binomial errors.
    """
    intervals = {"hdi": highest_density_intervals, "central": central_intervals}
    if kind not in intervals:
        raise ValueError(f"intervals of kind {kind!r}; expected one of {tuple(intervals)}")
    samples, truth = checked_draws(samples, truth)
    inside, known = 0, 0
    for rows in row_chunks(samples):
        lower, upper = intervals[kind](samples[rows], levels)
        expected = truth[rows, None]
        inside = inside + np.sum((expected >= lower) & (expected <= upper), axis=0)
        known = known + np.sum(~np.isnan(expected + lower + upper), axis=0)
    return proportion(inside, known)


def coverage_of_mass(mass, levels=SIGMA_LEVELS) -> Estimate:
    """Coverage at each level from the credible masses of the truth.

    Parameters
    ----------
    mass : (N,) or (N, P) array
        Probability of the smallest region that holds the truth; NaN left out.

    Returns
    -------
    Estimate of (L,) or (L, P) arrays
    """
    mass = np.asarray(mass, float)
    # sorting once is cheaper than comparing with many levels; NaN sorts last and is never counted
    ordered = np.sort(mass.reshape(len(mass), -1), axis=0)
    counts = np.stack([np.searchsorted(column, levels, side="right") for column in ordered.T], axis=-1)
    known = np.sum(~np.isnan(ordered), axis=0)
    return proportion(counts.reshape((len(levels),) + mass.shape[1:]), known.reshape(mass.shape[1:]))


def central_mass(pit):
    """Credible mass of equal-tailed intervals, |2 PIT − 1|, from probability integral transforms of any shape."""
    return np.abs(2 * np.asarray(pit, float) - 1)


def ellipsoid_mass(samples, truth, *, seed=0):
    """Credible mass of the truth among ellipsoids about the posterior mean, joint in all parameters.

    The regions are {y : (y − m)ᵀ C⁻¹ (y − m) ≤ r²}, with the mean m and covariance C of the draws and the truth
    together: the D + 1 are then exchangeable if the posterior is calibrated, and the mass exactly uniform. For a
    Gaussian posterior it is the highest-density region. Use it in label space, where posteriors are nearly Gaussian.

    Parameters
    ----------
    samples : (N, D, P) array
    truth : (N, P) array
        A galaxy with an unknown parameter gets NaN.

    Returns
    -------
    (N,) array
    """
    samples, truth = checked_draws(samples, truth)
    mass = np.full(len(truth), np.nan)
    for rows in row_chunks(samples):
        pool = np.concatenate([samples[rows], truth[rows, None]], axis=1).astype(float)
        usable = np.all(np.isfinite(pool), axis=(1, 2))
        pool = pool[usable] - np.mean(pool[usable], axis=1, keepdims=True)
        covariance = np.matmul(np.swapaxes(pool, 1, 2), pool) / pool.shape[1]
        # an atom (all draws of a parameter equal) leaves a direction without variance, which pinv leaves out
        projected = np.matmul(pool, np.linalg.pinv(covariance, hermitian=True))
        distance = np.einsum("ndp,ndp->nd", projected, pool)
        indices = np.arange(len(truth))[rows][usable]
        mass[indices] = pit(distance[:, :-1, None], distance[:, -1:], seed=seed, first_row=rows.start)[:, 0]
    return mass
