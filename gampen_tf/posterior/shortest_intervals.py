"""Shortest intervals of a transformed mixture: the best of a grid of nodes, refined by Newton's method.

With G(y) the logarithm of the density in physical units at label y, a mode has G' = 0 and a shortest interval [a, b]
of probability L has F(b) − F(a) = L and G(a) = G(b). Both may have several solutions, so each galaxy's mixture is
looked at on nodes first; the best node brackets the solution that is then refined.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from .mixtures import mixture_cdf, mixture_quantile
from .modes import CANDIDATES, MAX_ITERATIONS, N_NODES, evaluate, nodes

__all__ = ["shortest_interval"]

# Not arviz's hdi: it takes draws. These are intervals of the mixture itself, atoms included.


def shortest_interval(marginal, levels, probability_map=None):
    """(N, L, 2) values at the ends of the shortest single interval that holds each level's probability.

    Candidates are compared by their width in physical units: the best interval within the clip, and those that take in
    the atom at the lower or at the upper bound. (With both atoms in, it may be all of the range.) An interval within an
    atom has no width. For a density of several peaks this is still one interval, not a set of them.

    Parameters
    ----------
    marginal : Marginal
    levels : sequence of float
    probability_map : ParameterMap, optional
        Intervals are then those of the recalibrated distribution, found on the nodes and a parabola through them
        (wider than the shortest by some 1e-4 at 68 %, by some 1e-3 at 95 %).
    """
    label = nodes(marginal)
    probability = mixture_cdf(label, marginal.mean, marginal.sd, marginal.weight)
    atoms = marginal.atoms()
    bottom, top = atoms[:, 0], 1 - atoms[:, 1]
    if probability_map is not None:
        probability, bottom, top = (probability_map.inverse(p) for p in (probability, bottom, top))
    result = np.empty((len(label), len(levels), 2))
    for k, level in enumerate(levels):
        refine = _refine_interval if probability_map is None else _refine_calibrated
        ends, width = np.full((len(label), 2), np.nan), np.full(len(label), np.inf)
        for start, bracket, rows in _best_nodes(marginal, label, probability, bottom, top, level):
            refined = marginal.rows(rows).interior(refine(marginal.rows(rows), start, bracket, level, probability_map))
            refined_width = refined[:, 1] - refined[:, 0]
            better = refined_width < width[rows]
            ends[rows[better]], width[rows[better]] = refined[better], refined_width[better]
        if marginal.cell:
            ends = _with_atoms(marginal, ends, width, level, bottom, top, probability_map)
        result[:, k] = ends
    return result


def _best_nodes(marginal, label, probability, bottom, top, level):
    """First guesses of (a, b), the labels between which a lies, and the rows they are for.

    First the best node of every galaxy for which an interval within the clip can hold the level, then further local
    minima of the width where they are nearly as good.
    """
    rows = np.arange(len(label))
    target = probability + level
    fits = (target < top[:, None]) & (bottom + level < top)[:, None]
    # in probits, in which labels are nearly linear; one interpolation for all rows, each lifted above the one before
    source, wanted = (_probit(p) + 100.0 * rows[:, None] for p in (probability, np.minimum(target, 1.0)))
    b = np.interp(wanted.ravel(), source.ravel(), label.ravel()).reshape(label.shape)
    b = np.where(fits, np.maximum(b, label), label)
    with np.errstate(invalid="ignore", over="ignore"):
        width = np.where(fits, marginal.interior(b) - marginal.interior(label), np.inf)
    padded = np.pad(width, ((0, 0), (1, 1)), constant_values=np.inf)
    valleys = np.where((width <= padded[:, :-2]) & (width <= padded[:, 2:]), width, np.inf)
    least = valleys.min(axis=1)
    for _ in range(CANDIDATES):
        best = np.argmin(valleys, axis=1)
        chosen = np.flatnonzero(np.isfinite(valleys[rows, best]) & (valleys[rows, best] < 1.25 * least))
        at = best[chosen]
        start = np.stack([label[chosen, at], b[chosen, at]], axis=1)
        # two nodes on either side, where many may be the same at the clip
        first = np.sum(label[chosen] < start[:, :1], axis=1) - 2
        last = np.sum(label[chosen] <= start[:, :1], axis=1) + 1
        bracket = np.stack([label[chosen, np.maximum(first, 0)], label[chosen, np.minimum(last, N_NODES - 1)]], axis=1)
        if chosen.size:
            yield start, bracket, chosen
        # what lies in the bracket is not searched again
        valleys[chosen] = np.where(
            (label[chosen] >= bracket[:, :1]) & (label[chosen] <= bracket[:, 1:]), np.inf, valleys[chosen]
        )
        valleys[rows, best] = np.inf


def _probit(probability):
    return ndtri(np.clip(probability, 1e-300, 1 - 1e-16))


def _refine_interval(marginal, start, bracket, level, _):
    """Newton on F(b) − F(a) = L, G(a) = G(b), held in the bracket of a; in the end b is exact for a."""
    a, b = start.T.copy()
    low, high = bracket.T.copy()
    floor, ceiling = marginal.edges
    if marginal.cell:
        top = mixture_cdf(np.full(len(a), ceiling), marginal.mean, marginal.sd, marginal.weight)
        last = mixture_quantile(np.maximum(top - level, 0.0), marginal.mean, marginal.sd, marginal.weight)
        high = np.maximum(np.minimum(high, last), low)
    lowest, highest = low, high
    final, active, part = a.copy(), np.arange(len(a)), marginal
    for iteration in range(MAX_ITERATIONS):
        if active.size == 0:
            break
        at_a, density_a, height_a, slope_a = evaluate(part, a)
        at_b, density_b, height_b, slope_b = evaluate(part, b)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            excess = at_b - at_a - level
            # to first order, what the difference of the heights will be once b holds the level
            difference = height_a - height_b + slope_b * excess / density_b
            derivative = slope_a - slope_b * density_a / density_b
            step = a - difference / derivative
        # while b is far from holding the level, the sign of the difference may mislead
        trusted = np.abs(excess) < 0.01 * (1 - level)
        low = np.where(trusted & (difference < 0), a, low)
        high = np.where(trusted & ~(difference < 0), a, high)
        newton = (step > low) & (step < high) & (derivative > 0) & ((iteration < 8) | (iteration % 2 == 0))
        width = part.sd.min(axis=1)
        found = (np.abs(step - a) < 1e-6 * width) & (derivative > 0) & (np.abs(excess) < 1e-5)
        found &= (step >= lowest) & (step <= highest)
        following = np.where(newton | found, step, np.where(trusted, 0.5 * (low + high), a))
        # where the best a is an end of its bracket (an atom's edge), go there at once, and stay
        following = np.where(trusted & (step <= low) & (low == lowest), lowest, following)
        following = np.where(trusted & (step >= high) & (high == highest), highest, following)
        found |= trusted & ((a == lowest) & (difference >= 0) | (a == highest) & (difference < 0)) & (following == a)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            move = (density_a * (following - a) - excess) / density_b
        reach = part.sd.max(axis=1)
        move = np.where(np.isfinite(move), np.clip(move, -reach, reach), 0.0)
        done = found | (high - low < 1e-9 * width)
        final[active] = following
        active, low, high, lowest, highest = (array[~done] for array in (active, low, high, lowest, highest))
        a, b = following[~done], np.clip(b + move, following, ceiling)[~done]
        part = part.rows(~done)
    at_a = mixture_cdf(final, marginal.mean, marginal.sd, marginal.weight)
    b = mixture_quantile(np.minimum(at_a + level, 1.0), marginal.mean, marginal.sd, marginal.weight)
    return np.stack([final, np.clip(b, floor, ceiling)], axis=1)


def _refine_calibrated(marginal, start, bracket, level, probability_map):
    """The best of nine values of a in the bracket and of the vertex of the parabola through the best three."""
    low, high = bracket.T
    a = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, 9)
    rows = np.arange(len(a))

    def ends_from(a):
        at_a = probability_map.inverse(mixture_cdf(a, marginal.mean, marginal.sd, marginal.weight))
        p = probability_map.forward(np.minimum(at_a + level, 1.0))
        b = mixture_quantile(p, marginal.mean, marginal.sd, marginal.weight)
        with np.errstate(invalid="ignore", over="ignore"):
            width = marginal.interior(b) - marginal.interior(a)
        return b, np.where((at_a + level <= 1.0) & (b <= marginal.edges[1]), width, np.inf)

    b, width = ends_from(a)
    best = np.argmin(width, axis=1)
    middle = np.clip(best, 1, 7)
    left, centre, right = (width[rows, middle + i] for i in (-1, 0, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = 0.5 * (left - right) / (left - 2 * centre + right)
    shift = np.where(np.isfinite(shift), np.clip(shift, -1, 1), 0.0)
    vertex = np.clip(a[rows, middle] + shift * (high - low) / 8, low, high)
    b_vertex, width_vertex = ends_from(vertex[:, None])
    better = width_vertex[:, 0] < width[rows, best]
    return np.stack([np.where(better, vertex, a[rows, best]), np.where(better, b_vertex[:, 0], b[rows, best])], axis=1)


def _with_atoms(marginal, ends, width, level, bottom, top, probability_map):
    """The shortest of the interval within the clip and of those that begin or end at a bound."""
    low, high = marginal.parameter.bounds
    candidates, widths = [ends], [width]
    for holds_atom, p, side in ((bottom > 1e-12, level, 0), (top < 1 - 1e-12, 1 - level, 1)):
        rows = np.flatnonzero(holds_atom)
        if rows.size == 0:
            continue
        other = np.full((len(ends), 2), np.nan)
        other[:, side] = (low, high)[side]
        part = marginal.rows(rows)
        other[rows, 1 - side] = part.quantile(p if probability_map is None else probability_map.forward(p))
        candidates.append(other)
        widths.append(np.where(holds_atom, other[:, 1] - other[:, 0], np.inf))
    if len(widths) == 1:
        return ends
    # of two intervals without width the one in the heavier atom
    if len(widths) == 3:
        widths[2] = np.where((widths[2] == 0) & (1 - top > bottom), -1.0, widths[2])
    return np.stack(candidates)[np.argmin(widths, axis=0), np.arange(len(ends))]
