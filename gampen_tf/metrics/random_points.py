"""TARP: expected coverage of the joint posterior from distances to random points (Lemos et al. 2023)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .draws import checked_draws, row_chunks
from .ranks import RankTest, pit, uniformity

__all__ = ["Tarp", "tarp"]

_REFERENCES = ("posterior", "uniform")


@dataclass(frozen=True)
class Tarp:
    """Expected coverage against credibility level.

    Attributes
    ----------
    levels : (K,) array
        Credibility levels.
    coverage : (K,) array
        Expected coverage probability; equal to the levels for every choice of reference points if and only if the
        posterior is the true one.
    lower, upper : (K,) array
        Bootstrap band of the coverage, at the confidence asked for, level by level.
    test : RankTest
        The masses against the uniform distribution: a band that holds for all levels at once, and a p-value.
    mass : (N,) array
        For each galaxy the posterior probability of the ball about its reference point that reaches to the truth.
    """

    levels: np.ndarray
    coverage: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    test: RankTest
    mass: np.ndarray

    @property
    def largest_deviation(self) -> float:
        """Greatest |coverage − level|."""
        return float(np.max(np.abs(self.coverage - self.levels)))


def tarp(samples, truth, *, references="posterior", confidence=0.95, n_levels=100, n_resamples=1000, seed=0) -> Tarp:
    """Tests of accuracy with random points (algorithm 2 of Lemos et al. 2023).

    A reference point is drawn for each galaxy, without looking at its truth; the truth's distance from it is ranked
    among those of the draws. The rank is uniform if the posterior is right in all directions together.

    Parameters
    ----------
    samples : (N, D, P) array
    truth : (N, P) array
        Galaxies with an unknown parameter are left out.
    references : {"posterior", "uniform"} or (N, P) array, optional
        Points drawn uniformly over the range of the truth, with distances in units of that range, as in the paper; or
        near each posterior, m + s (1 + z) with its mean m, standard deviations s and z standard normal, with
        distances in units of s. The second is far more sensitive where posteriors are narrower than the range: a
        distant point sees a posterior along one line only, and the widest parameter drowns the others. (Points on
        all sides alike would see a bias of the posterior at second order only: hence the 1.)
    confidence : float, optional
        Of the band.
    seed : int, optional
        Of the reference points, of the bootstrap and of the order of ties.

    Returns
    -------
    Tarp
    """
    samples, truth = checked_draws(samples, truth)
    known = np.all(np.isfinite(truth), axis=1)
    if not np.any(known):
        raise ValueError("TARP: no galaxy has all its true parameters")
    low, high = np.min(truth[known], axis=0), np.max(truth[known], axis=0)
    generator = np.random.Generator(np.random.Philox(key=[seed, 1]))
    uniform_box = isinstance(references, str) and references == "uniform"
    if isinstance(references, str):
        if references not in _REFERENCES:
            raise ValueError(f"reference points {references!r}; expected one of {_REFERENCES}, or an array")
        # as many numbers per galaxy in either case, drawn in the galaxies' order
        points = generator.uniform(low, high, truth.shape) if uniform_box else generator.standard_normal(truth.shape)
    else:
        points = np.asarray(references, float)
        if points.shape != truth.shape:
            raise ValueError(f"reference points of shape {points.shape}; expected {truth.shape}")

    mass = np.full(len(truth), np.nan)
    span = np.where(high > low, high - low, 1.0)
    for rows in row_chunks(samples):
        draws, value, point = np.asarray(samples[rows], float), truth[rows], points[rows]
        unit = span
        if isinstance(references, str) and references == "posterior":
            # of the draws and the truth together, which are then exchangeable under a calibrated posterior
            pool = np.concatenate([draws, value[:, None]], axis=1)
            unit = np.std(pool, axis=1)
            unit = np.where(unit > 0, unit, span)
            point = np.mean(pool, axis=1) + unit * (1 + point)
        unit = np.broadcast_to(unit, value.shape)
        # one parameter after the other: sums over three numbers at the end of an axis are slow
        distances = sum(((draws[..., p] - point[:, None, p]) / unit[:, None, p]) ** 2 for p in range(truth.shape[1]))
        reach = np.sum(((value - point) / unit) ** 2, axis=1)
        mass[rows] = pit(distances[..., None], reach[:, None], seed=seed, first_row=rows.start)[:, 0]

    test = uniformity(mass, confidence=confidence, n_levels=n_levels)
    # resampling galaxies is drawing multinomial counts of the masses between levels
    shares = np.histogram(mass[~np.isnan(mass)], bins=np.linspace(0, 1, n_levels + 1))[0] / test.n
    counts = generator.multinomial(test.n, shares / np.sum(shares), size=n_resamples)
    copies = np.cumsum(counts, axis=1)[:, :-1] / test.n
    tail = 0.5 * (1 - confidence)
    lower, upper = np.quantile(copies, [tail, 1 - tail], axis=0)
    return Tarp(test.levels, test.ecdf, lower, upper, test, mass)
