"""Coverage of a posterior's own intervals, with atoms at bounds counted by their share."""

from __future__ import annotations

import numpy as np

from .. import metrics
from ..metrics.draws import SIGMA_LEVELS
from ..metrics.estimates import Estimate, number

__all__ = ["coverage_of", "shares_inside"]


def coverage_of(posterior, truth):
    """The ``coverage`` that :func:`assess` reports, alone.

    Parameters
    ----------
    posterior : Posterior
    truth : (N, P) array
        In physical units; NaN where not known.
    """
    inside = {
        kind: shares_inside(posterior, truth, *_intervals(posterior, kind), kind=kind) for kind in ("hdi", "central")
    }
    return _coverage(inside, posterior.credible_mass(truth), posterior.scaler.parameters.names)


def shares_inside(posterior, truth, lower, upper, *, kind="hdi", levels=SIGMA_LEVELS):
    """How much of each true value its interval holds: 1 inside, 0 outside, and a share on an atom.

    An interval that reaches an atom holds all of it, and so more than its level: a quarter of the galaxies may have a
    B/T of exactly 0 or 1, and the intervals of calibrated posteriors would cover them too often. An atom therefore
    counts with the share of it that makes up the level, as the ends of a randomised test do. The mean share of
    calibrated posteriors is the level.

    Parameters
    ----------
    posterior : Posterior
    truth : (N, P) array
    lower, upper : (L, N, P) array
        ``posterior.interval(levels, kind)``.
    kind : {"hdi", "central"}, optional
    levels : sequence of L floats, optional

    Returns
    -------
    (L, N, P) array
        NaN where the truth or the interval is not known.
    """
    # what a posterior can state: a value nearer to a bound than the clip is the bound
    stated = posterior.scaler.canonical(truth)
    inside = np.where((stated >= lower) & (stated <= upper), 1.0, 0.0)
    inside[np.isnan(lower) | np.isnan(upper) | np.isnan(np.broadcast_to(stated, lower.shape))] = np.nan
    if not any(parameter.clip for parameter in posterior.scaler.parameters):
        return inside
    before, after = posterior.pit_bounds(truth)
    atoms = posterior.atoms()
    low, high = np.array(posterior.scaler.parameters.bounds).T
    for k, level in enumerate(levels):
        on_atom = (inside[k] == 1) & (after - before > 0) & ((stated == low) | (stated == high))
        with np.errstate(divide="ignore", invalid="ignore"):
            if kind == "central":
                held = np.minimum(after, 0.5 + 0.5 * level) - np.maximum(before, 0.5 - 0.5 * level)
                share = held / (after - before)
            else:
                held = np.where(lower[k] <= low, atoms[..., 0], 0.0) + np.where(upper[k] >= high, atoms[..., 1], 0.0)
                below = np.where(
                    lower[k] <= low, 0.0, np.where(lower[k] >= high, 1 - atoms[..., 1], posterior.cdf(lower[k]))
                )
                mass = posterior.cdf(upper[k]) - below
                share = 1 - (mass - level) / held
        inside[k] = np.where(on_atom, np.clip(share, 0.0, 1.0), inside[k])
    return inside


def _intervals(posterior, kind):
    """(lower, upper), each (L, N, P), at the levels of one, two and three σ."""
    ends = np.moveaxis(posterior.interval(SIGMA_LEVELS, kind=kind), 2, 0)
    return ends[..., 0], ends[..., 1]


def _coverage(inside, mass, names):
    """Coverage of intervals of each kind, by level and parameter, and of joint regions, by level."""
    result = {kind: _by_level(_mean_share(shares, axis=1), names) for kind, shares in inside.items()}
    joint = metrics.coverage_of_mass(mass)
    result["joint"] = {
        f"{100 * level:.2f}": number(joint.value[i], joint.error[i]) for i, level in enumerate(SIGMA_LEVELS)
    }
    return result


def _mean_share(shares, axis):
    return Estimate(*metrics.proportion(np.nansum(shares, axis=axis), np.sum(~np.isnan(shares), axis=axis)))


def _by_level(estimate, names):
    return {
        f"{100 * level:.2f}": {name: number(estimate.value[i, p], estimate.error[i, p]) for p, name in enumerate(names)}
        for i, level in enumerate(SIGMA_LEVELS)
    }
