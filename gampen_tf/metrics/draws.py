"""Intervals from posterior draws, and draws in blocks of galaxies."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

__all__ = [
    "SIGMA_LEVELS",
    "central_intervals",
    "checked_draws",
    "circular_difference",
    "highest_density_intervals",
    "row_chunks",
]

SIGMA_LEVELS = (0.6827, 0.9545, 0.9973)
_CHUNK_BYTES = 64 << 20


def central_intervals(samples, levels=SIGMA_LEVELS) -> tuple[np.ndarray, np.ndarray]:
    """Equal-tailed intervals of draws.

    A calibrated truth falls between neighbouring sorted draws with probability 1/(D + 1), so the bound of tail
    probability t is the draw of rank t (D + 1), interpolated: the coverage is then exact for any number of draws.

    Parameters
    ----------
    samples : (N, D, P) array

    Returns
    -------
    lower, upper : (N, L, P) array
        NaN where there are too few draws for a level (fewer than 2 / (1 − level) − 1).
    """
    ordered = np.sort(np.moveaxis(np.asarray(samples), 1, -1), axis=-1)
    tails = 0.5 * (1 - np.asarray(levels, float))
    bounds = [_at_rank(ordered, t * (ordered.shape[-1] + 1)) for t in np.concatenate([tails, 1 - tails])]
    return np.stack(bounds[: len(tails)], axis=1), np.stack(bounds[len(tails) :], axis=1)


def highest_density_intervals(samples, levels=SIGMA_LEVELS) -> tuple[np.ndarray, np.ndarray]:
    """Shortest intervals that hold a share of the draws.

    Interval k of sorted draws x₍ᵢ₎ is [x₍ᵢ₎, x₍ᵢ₊ₖ₎] with the i that makes it shortest, k = level · (D + 1). The choice
    of the shortest favours gaps that chance made small: for Gaussian posteriors and 1000 draws the intervals of 68.27 %
    cover some 1 point too few, and 2.4 points with 200. Where the posterior has a density, use its own
    intervals, or :func:`central_intervals`.

    Parameters
    ----------
    samples : (N, D, P) array

    Returns
    -------
    lower, upper : (N, L, P) array
        NaN where there are too few draws for a level.
    """
    ordered = np.sort(np.moveaxis(np.asarray(samples), 1, -1), axis=-1)
    n_draws = ordered.shape[-1]
    lower, upper = [], []
    for level in levels:
        step = int(np.ceil(level * (n_draws + 1)))
        if step >= n_draws:
            lower.append(np.full(ordered.shape[:-1], np.nan))
            upper.append(np.full(ordered.shape[:-1], np.nan))
            continue
        start = np.argmin(ordered[..., step:] - ordered[..., :-step], axis=-1)[..., None]
        lower.append(np.take_along_axis(ordered, start, axis=-1)[..., 0])
        upper.append(np.take_along_axis(ordered, start + step, axis=-1)[..., 0])
    return np.stack(lower, axis=1), np.stack(upper, axis=1)


def circular_difference(first, second, period=180.0):
    """first − second on a circle, in [−period/2, period/2).

    The position angle of an ellipse has a period of 180°: 1° and 179° are 2° apart.
    """
    return np.mod(np.asarray(first, float) - second + 0.5 * period, period) - 0.5 * period


def row_chunks(samples) -> Iterator[slice]:
    """Slices of galaxies whose draws, in double precision, take some 64 MiB."""
    per_row = max(1, int(np.prod(samples.shape[1:])) * 8)
    step = max(1, _CHUNK_BYTES // per_row)
    for start in range(0, len(samples), step):
        yield slice(start, min(start + step, len(samples)))


def checked_draws(samples, truth):
    """Draws and true values as arrays of matching shapes; the draws may be a memory map and are not copied.

    Parameters
    ----------
    samples : (N, D, P) array
    truth : (N, P) array

    Raises
    ------
    ValueError
        If the shapes do not match.
    """
    samples, truth = np.asanyarray(samples), np.asarray(truth, float)
    if samples.ndim != 3 or truth.shape != (samples.shape[0], samples.shape[2]):
        raise ValueError(
            f"draws of shape {samples.shape} and true values of shape {truth.shape}; "
            "expected (galaxies, draws, parameters) and (galaxies, parameters)"
        )
    return samples, truth


def _at_rank(ordered, rank):
    """Value of (possibly fractional) rank 1 … D of sorted draws; NaN beyond."""
    below = int(np.floor(rank))
    if below < 1 or rank > ordered.shape[-1]:
        return np.full(ordered.shape[:-1], np.nan)
    above = min(below, ordered.shape[-1] - 1)
    fraction = rank - below
    return (1 - fraction) * ordered[..., below - 1] + fraction * ordered[..., above]
