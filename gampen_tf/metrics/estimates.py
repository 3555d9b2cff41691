"""Numbers with their standard errors, as every metric returns them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["Estimate", "mean", "number", "plain", "proportion", "quantile", "resampled"]


def number(value, error):
    """A number with its error as plain data: ``{"value": …, "error": …}``, ``None`` where not known."""
    return {key: float(x) if np.isfinite(x) else None for key, x in (("value", value), ("error", error))}


def plain(entry):
    """The same nested dicts and lists, with ``None`` for numbers that are not finite, as JSON needs it."""
    if isinstance(entry, dict):
        return {key: plain(value) for key, value in entry.items()}
    if isinstance(entry, list | tuple):
        return [plain(value) for value in entry]
    if isinstance(entry, float | np.floating):
        return float(entry) if np.isfinite(entry) else None
    return entry


# Above this many rows a resample draws this many and its scatter is scaled down by √(rows drawn / rows): exact in the
# limit for every statistic whose error falls as 1/√N, and a million galaxies cost no more than twenty thousand.
_ROWS_PER_RESAMPLE = 20_000


class Estimate(NamedTuple):
    """A measured number, or array of numbers, and its standard error."""

    value: np.ndarray | np.floating
    error: np.ndarray | np.floating


def mean(values, axis=0) -> Estimate:
    """Mean over an axis, NaN left out, with σ/√n.

    Parameters
    ----------
    values : (N, …) array
    """
    values = np.asarray(values, float)
    known = ~np.isnan(values)
    n = np.sum(known, axis=axis)
    with np.errstate(invalid="ignore", divide="ignore"):
        average = np.sum(values, axis=axis, where=known) / n
        squares = np.sum((values - np.expand_dims(average, axis)) ** 2, axis=axis, where=known)
        return Estimate(average, np.sqrt(squares / (n - 1) / n))


def proportion(counts, n) -> Estimate:
    """A fraction and its binomial error.

    The error is that of (counts + 1) / (n + 2), so that 0 of 10 is not said to be known exactly (Laplace's rule).

    Parameters
    ----------
    counts, n : array
        Successes, and trials; no trials give NaN.
    """
    counts, n = np.broadcast_arrays(np.asarray(counts, float), np.asarray(n, float))
    with np.errstate(invalid="ignore", divide="ignore"):
        smoothed = (counts + 1) / (n + 2)
        error = np.sqrt(smoothed * (1 - smoothed) / n)
        return Estimate(counts / n, np.where(n > 0, error, np.nan))


def quantile(values, q) -> Estimate:
    """Quantile of a sample, with the error that its order statistics give whatever the distribution.

    The rank of the true quantile is binomial with the standard deviation √(n q (1 − q)): a quarter of the distance
    between the values two of them below and above is one standard error.

    Parameters
    ----------
    values : (N,) array
        NaN left out.
    q : float
        Between 0 and 1.
    """
    values = np.asarray(values, float)
    values = values[~np.isnan(values)]
    if values.size == 0:
        return Estimate(np.float64(np.nan), np.float64(np.nan))
    step = np.sqrt(q * (1 - q) / values.size)
    low, middle, high = np.quantile(values, np.clip([q - 2 * step, q, q + 2 * step], 0, 1))
    return Estimate(middle, 0.25 * (high - low))


def resampled(statistic: Callable, *arrays, n_resamples=200, seed=0) -> Estimate:
    """Any statistic of rows, with its bootstrap error.

    Parameters
    ----------
    statistic : callable
        Takes arrays of rows, returns a number or an array. It must be of the kind whose error falls as 1/√N.
    *arrays : (N, …) arrays
        Resampled together, row by row.
    n_resamples : int, optional
        The error itself is then good to 1/√(2 n_resamples): 5 % for 200.
    seed : int, optional
    """
    n = len(arrays[0])
    if any(len(array) != n for array in arrays):
        raise ValueError(f"arrays of {[len(array) for array in arrays]} rows; expected the same number in all")
    value = np.asarray(statistic(*arrays), float)
    if n < 2:
        return Estimate(value, np.full(value.shape, np.nan))
    drawn = min(n, _ROWS_PER_RESAMPLE)
    generator = np.random.Generator(np.random.Philox(key=[seed, 0]))
    copies = []
    for _ in range(n_resamples):
        rows = generator.integers(0, n, drawn)
        copies.append(statistic(*(array[rows] for array in arrays)))
    with np.errstate(invalid="ignore"):
        # a statistic that a resample leaves undefined (R² of equal values) has an undefined error
        return Estimate(value, np.std(copies, axis=0, ddof=1) * np.sqrt(drawn / n))
