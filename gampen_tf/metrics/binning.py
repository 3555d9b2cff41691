"""Metrics in bins of a quantity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Bin", "bin_edges", "in_bins"]


@dataclass(frozen=True)
class Bin:
    """One bin: its bounds, the median of the binned quantity, the number of galaxies, and the metric's result."""

    low: float
    high: float
    centre: float
    n: int
    result: Any


def bin_edges(values, n_bins=8):
    """Edges of bins that hold equal numbers of galaxies.

    Parameters
    ----------
    values : (N,) array
        Non-finite ones are ignored.
    n_bins : int, optional
        At most this many: values that repeat (a B/T of exactly 0) can make fewer.

    Returns
    -------
    (≤ n_bins + 1,) array, increasing
    """
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if values.size == 0:
        raise ValueError("no finite values to bin")
    edges = np.unique(np.quantile(values, np.linspace(0, 1, n_bins + 1)))
    return edges if len(edges) > 1 else np.array([edges[0], np.nextafter(edges[0], np.inf)])


def in_bins(metric: Callable, by, edges, *arrays, min_count=2) -> list[Bin]:
    """Apply a metric to the galaxies of each bin.

    Parameters
    ----------
    metric : callable
        Takes arrays of galaxies, such as ``coverage`` or ``lambda p: uniformity(p[:, 0])``.
    by : (N,) array
        The binned quantity, true or predicted; NaN is in no bin.
    edges : (B + 1,) array
        A bin holds ``low <= value < high``; the last one its upper edge too.
    *arrays : (N, …) arrays
        What the metric takes.
    min_count : int, optional
        Bins with fewer galaxies have the result ``None``.

    Returns
    -------
    list of B Bin
    """
    by, edges = np.asarray(by, float), np.asarray(edges, float)
    if by.ndim != 1 or any(len(array) != len(by) for array in arrays):
        raise ValueError(
            f"binned quantity of shape {by.shape}, arrays of {[len(array) for array in arrays]} rows; "
            "expected one row a galaxy in each"
        )
    index = np.searchsorted(edges, by, side="right") - 1
    index[by == edges[-1]] = len(edges) - 2
    index[np.isnan(by)] = -1
    bins = []
    for b, (low, high) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        rows = np.flatnonzero(index == b)
        result = metric(*(array[rows] for array in arrays)) if len(rows) >= min_count else None
        centre = float(np.median(by[rows])) if len(rows) else 0.5 * (low + high)
        bins.append(Bin(float(low), float(high), centre, len(rows), result))
    return bins
