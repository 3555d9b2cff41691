"""Rank statistics: simulation-based calibration, with bands that hold for the whole curve at once.

The probability integral transform (PIT) of the truth under its posterior is uniform on [0, 1] if the posterior is
calibrated (Talts et al. 2018). Whether a set of PITs is uniform is judged by its empirical distribution function
against a band that the curve of a uniform sample leaves anywhere with a stated probability (Säilynoja, Bürkner &
Vehtari 2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.stats import binom

from .draws import checked_draws, row_chunks

__all__ = ["RankTest", "pit", "pit_from_cdf", "rank_histogram", "uniformity"]

_N_SIMULATIONS = 4000


def pit(samples, truth, *, seed=0, first_row=0):
    """Probability integral transform of the truth from draws, exactly uniform for a calibrated posterior.

    (r + U) / (D + 1), where r draws lie below the truth and U is uniform on [0, 1); draws equal to the truth (the
    atoms of B/T at 0 and 1) are ordered at random against it.

    Parameters
    ----------
    samples : (N, D, P) array
        Posterior draws; a galaxy or parameter with a NaN draw gets NaN.
    truth : (N, P) array
        NaN where not known.
    seed : int, optional
    first_row : int, optional
        Index of the first galaxy given, if these are a part of a larger set: the random part of galaxy i depends on
        the seed and i alone.

    Returns
    -------
    (N, P) array
    """
    samples, truth = checked_draws(samples, truth)
    n_draws = samples.shape[1]
    transforms = np.empty(truth.shape)
    for rows in row_chunks(samples):
        draws, value = samples[rows], truth[rows, None]
        below = np.count_nonzero(draws < value, axis=1)
        ties = np.count_nonzero(draws <= value, axis=1) - below
        # the truth is at a uniform place among the draws equal to it: 0 … ties of them come before it, each as likely
        uniform = _uniform(seed, first_row + rows.start, below.shape)
        transforms[rows] = (below + uniform * (ties + 1)) / (n_draws + 1)
        unknown = np.isnan(truth[rows]) | np.any(np.isnan(draws), axis=1)
        transforms[rows][unknown] = np.nan
    return transforms


def pit_from_cdf(below, up_to, *, seed=0):
    """PIT of the truth from a distribution function, randomised where it jumps.

    Parameters
    ----------
    below, up_to : (N, P) array
        P(Y < truth) and P(Y ≤ truth); they differ where the truth sits on an atom.
    seed : int, optional

    Returns
    -------
    (N, P) array
        Uniform between the two.
    """
    below, up_to = np.asarray(below, float), np.asarray(up_to, float)
    return below + _uniform(seed, 0, below.shape) * (up_to - below)


@dataclass(frozen=True)
class RankTest:
    """The empirical distribution of PITs against the uniform one.

    Attributes
    ----------
    levels : (K,) array
        Where the distribution functions are compared.
    ecdf : (K,) array
        Fraction of PITs at or below each level.
    lower, upper : (K,) array
        The band: the whole curve of a uniform sample stays inside with the stated confidence.
    p_value : float
        Probability that a uniform sample strays as far as this one, anywhere. Not below 1 / (number of simulations).
    n : int
        Number of PITs.
    """

    levels: np.ndarray
    ecdf: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    p_value: float
    n: int

    @property
    def inside(self) -> bool:
        """True if the curve stays within the band."""
        return bool(np.all((self.ecdf >= self.lower) & (self.ecdf <= self.upper)))


def uniformity(pit, *, confidence=0.95, n_levels=100) -> RankTest:
    """Compare PITs, or credible masses, with the uniform distribution, everywhere at once.

    At each level the count of PITs below is binomial; the smallest two-sided tail probability over the levels
    is compared with its distribution in simulated uniform samples (Säilynoja et al. 2022, § 2.2 and algorithm 1). The
    simulation draws counts between levels, which are multinomial, and costs the same for ten galaxies or ten million.

    Parameters
    ----------
    pit : (N,) array
        NaN left out.
    confidence : float, optional
        Probability that the curve of a uniform sample stays inside the band everywhere.
    n_levels : int, optional

    Returns
    -------
    RankTest
    """
    pit = _known(pit)
    counts = np.histogram(pit, bins=_edges(n_levels))[0]
    levels = np.arange(1, n_levels) / n_levels
    below = np.cumsum(counts)[:-1]
    minima = _simulated_minima(len(pit), n_levels, cumulative=True)
    lower, upper = _band(len(pit), levels, np.quantile(minima, 1 - confidence))
    smallest = np.min(_tail_probability(below, len(pit), levels))
    return RankTest(levels, below / len(pit), lower / len(pit), upper / len(pit), _p_value(smallest, minima), len(pit))


def rank_histogram(pit, n_bins=20, *, confidence=0.95):
    """Histogram of PITs, and the band that all its bars keep to at once if the PITs are uniform.

    Parameters
    ----------
    pit : (N,) array
        NaN left out.

    Returns
    -------
    edges : (n_bins + 1,) array
    counts : (n_bins,) array
    (lower, upper) : two floats
        Counts; the same for each bar.
    """
    pit = _known(pit)
    counts = np.histogram(pit, bins=_edges(n_bins))[0]
    minima = _simulated_minima(len(pit), n_bins, cumulative=False)
    lower, upper = _band(len(pit), 1 / n_bins, np.quantile(minima, 1 - confidence))
    return _edges(n_bins), counts, (float(lower), float(upper))


def _known(pit):
    pit = np.asarray(pit, float).ravel()
    pit = pit[~np.isnan(pit)]
    if pit.size == 0:
        raise ValueError("no probability integral transform is known: all are NaN, or there are none")
    return pit


def _edges(n_bins):
    return np.linspace(0, 1, n_bins + 1)


def _tail_probability(counts, n, probability):
    """Smaller one of P(X ≤ count) and P(X ≥ count) of a binomial count."""
    return np.minimum(binom.cdf(counts, n, probability), binom.sf(counts - 1, n, probability))


def _band(n, probability, tail):
    """Least and greatest count whose tail probability is not below ``tail``."""
    lower = binom.ppf(tail, n, probability)
    upper = binom.isf(tail, n, probability)
    return np.maximum(lower, 0), np.minimum(upper, n)


def _p_value(smallest, minima):
    return float((np.sum(minima <= smallest) + 1) / (len(minima) + 1))


@lru_cache(maxsize=256)
def _simulated_minima(n, n_bins, cumulative):
    """Smallest tail probabilities over the bins of uniform samples of n, for :func:`_band` and :func:`_p_value`.

    The seed is fixed: the same data give the same band.
    """
    generator = np.random.Generator(np.random.Philox(key=[n, n_bins]))
    counts = generator.multinomial(n, np.full(n_bins, 1 / n_bins), size=_N_SIMULATIONS)
    if not cumulative:
        return np.min(_tail_probability(counts, n, 1 / n_bins), axis=1)
    levels = np.arange(1, n_bins) / n_bins
    return np.min(_tail_probability(np.cumsum(counts, axis=1)[:, :-1], n, levels), axis=1)


def _uniform(seed, first_row, shape):
    """Uniform numbers of which row i is a function of the seed and ``first_row + i`` alone.

    Each row has a counter of its own in one Philox stream: a Philox block yields four numbers.
    """
    per_row = -(-int(np.prod(shape[1:])) // 4)
    bits = np.random.Philox(key=[seed, 0x5EED])
    bits.advance(first_row * per_row)
    numbers = np.random.Generator(bits).random((shape[0], per_row * 4))
    return numbers[:, : int(np.prod(shape[1:]))].reshape(shape)
