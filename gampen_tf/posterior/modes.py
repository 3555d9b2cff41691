"""Modes of mixture marginals."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from .mixtures import mixture_moments

__all__ = ["CANDIDATES", "MAX_ITERATIONS", "N_NODES", "evaluate", "interior_mode", "nodes", "row_cost"]

N_NODES = 64
_REACH = 6.0
CANDIDATES = 5
MAX_ITERATIONS = 40
_SQRT_2PI = np.sqrt(2 * np.pi)


def row_cost(n_components):
    """Array elements per galaxy, to choose a block size by; several hundred galaxies a block amortise Python."""
    return max(1, N_NODES * n_components // 4)


def nodes(marginal, *, clip=True):
    """(N, 64) labels, in order, that cover every component of each mixture, moved to the clip where beyond it.

    Each component has nodes at its own m_t + s_t z, with the z of all components interlaced: where the components
    agree the nodes are dense in the common bell, where they do not each bell has its own.
    """
    mean, sd, weight = marginal.mean, marginal.sd, marginal.weight
    n_components = mean.shape[1]
    centre, spread = mixture_moments(mean, sd, weight)
    mean = np.where(weight > 0, mean, centre[:, None])
    sd = np.where(weight > 0, sd, spread[:, None])
    repeats = -(-N_NODES // n_components)
    # interlaced in an order that has nothing to do with that of the passes
    order = np.argsort(np.modf(np.arange(n_components) * 0.6180339887498949)[0])
    even = (np.arange(repeats * n_components) + 0.5) / (repeats * n_components) * 2 - 1
    z = _REACH * np.sign(even) * np.abs(even) ** 1.5
    z = z.reshape(repeats, n_components)[:, order]
    labels = np.sort((mean[:, None] + sd[:, None] * z).reshape(len(mean), -1), axis=1)
    chosen = np.round(np.linspace(0, labels.shape[1] - 1, N_NODES)).astype(int)
    labels = labels[:, chosen]
    # many components have a node each, and the outermost ones theirs anywhere in their bell
    labels[:, 0] = np.min(mean - _REACH * sd, axis=1)
    labels[:, -1] = np.max(mean + _REACH * sd, axis=1)
    return np.clip(labels, *marginal.edges) if clip else labels


def evaluate(marginal, label, *, curvature=False):
    """F, f, G, G' (and G'') at labels (N,) or (N, K)."""
    columns = label if label.ndim == 2 else label[:, None]
    sd, weight = marginal.sd[:, None], marginal.weight
    u = (columns[..., None] - marginal.mean[:, None]) / sd
    bell = np.exp(-0.5 * u * u) / (_SQRT_2PI * sd)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        density = np.einsum("nkt,nt->nk", bell, weight)
        slope = -np.einsum("nkt,nt->nk", bell * u / sd, weight) / density
        log_stretch, first, second = marginal.log_slope(columns)
        result = [
            np.einsum("nkt,nt->nk", ndtr(u), weight),
            density,
            np.log(density) - log_stretch,
            slope + first,
        ]
        if curvature:
            bend = np.einsum("nkt,nt->nk", bell * (u * u - 1) / sd**2, weight) / density
            result.append(bend - slope**2 + second)
    return [array.reshape(label.shape) for array in result]


def interior_mode(marginal):
    """Label (N,) of the greatest density in physical units within the clip, and the logarithm of that density."""
    label = nodes(marginal)
    height = _log_density(marginal, label)
    height = np.where(np.isnan(height), -np.inf, height)
    padded = np.pad(height, ((0, 0), (1, 1)), constant_values=-np.inf)
    peaks = np.where((height >= padded[:, :-2]) & (height >= padded[:, 2:]), height, -np.inf)
    best_label, best_height = np.full(len(label), np.nan), np.full(len(label), -np.inf)
    best_node = height.max(axis=1)
    for _ in range(CANDIDATES):
        at = np.argmax(peaks, axis=1)
        top = peaks[np.arange(len(at)), at]
        # a component's nodes are so close that a peak stands at most some tens of per cent above its best node
        rows = np.flatnonzero((top > best_node - 1) & np.isfinite(top))
        part = marginal.rows(rows)
        low, high = label[rows, np.maximum(at[rows] - 1, 0)], label[rows, np.minimum(at[rows] + 1, N_NODES - 1)]
        refined = _stationary_point(part, label[rows, at[rows]], low, high)
        refined_height = _log_density(part, refined[:, None])[:, 0]
        better = refined_height > best_height[rows]
        best_label[rows[better]], best_height[rows[better]] = refined[better], refined_height[better]
        peaks[np.arange(len(at)), at] = -np.inf
    # all the probability in the atoms: the density between them underflows, and any label will do
    return np.where(np.isnan(best_label), label[:, 0], best_label), best_height


def _log_density(marginal, label):
    u = (label[..., None] - marginal.mean[:, None]) / marginal.sd[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        density = np.einsum("nkt,nt->nk", np.exp(-0.5 * u * u), marginal.weight / marginal.sd) / _SQRT_2PI
        return np.log(density) - marginal.log_slope(label)[0]


def _stationary_point(marginal, x, low, high):
    """Where G' goes through zero from above between ``low`` and ``high``: Newton, held in by bisection."""
    result, active = x.copy(), np.arange(len(x))
    for iteration in range(MAX_ITERATIONS):
        if active.size == 0:
            break
        part = marginal.rows(active)
        *_, slope, curvature = evaluate(part, x, curvature=True)
        low, high = np.where(slope > 0, x, low), np.where(slope > 0, high, x)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = x - slope / curvature
        newton = (step > low) & (step < high) & (curvature < 0) & ((iteration < 8) | (iteration % 2 == 0))
        width = part.sd.min(axis=1)
        # a solution found to rounding is at the end of its own bracket
        found = (np.abs(step - x) < 1e-7 * width) & (curvature < 0)
        following = np.where(newton | found, step, 0.5 * (low + high))
        done = found | (high - low < 1e-9 * width)
        result[active] = following
        active, x, low, high = (array[~done] for array in (active, following, low, high))
    return result
