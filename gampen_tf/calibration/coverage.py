"""Coverage of a posterior's own intervals, with atoms at bounds counted by their share."""

from __future__ import annotations

import numpy as np

from .. import metrics
from ..metrics.draws import SIGMA_LEVELS
from ..metrics.estimates import Estimate, number

__all__ = ["by_level", "coverage_of", "coverage_of_shares", "mean_share", "shares_inside", "sigma_intervals"]


def coverage_of(posterior, truth):
    """Coverage of a posterior's intervals and joint regions, at the levels of one, two and three σ.

    Parameters
    ----------
    posterior : Posterior
    truth : (N, P) array
        In physical units; NaN where not known.

    Returns
    -------
    dict
        As of :func:`coverage_of_shares`.
    """
    shares = {
        kind: shares_inside(posterior, truth, *sigma_intervals(posterior, kind), kind=kind)
        for kind in ("hdi", "central")
    }
    return coverage_of_shares(shares, posterior.credible_mass(truth), posterior.scaler.parameters.names)


def sigma_intervals(posterior, kind):
    """Ends of a posterior's intervals at the levels of one, two and three σ.

    Parameters
    ----------
    posterior : Posterior
    kind : {"hdi", "central"}

    Returns
    -------
    lower, upper : (3, N, P) array
    """
    ends = np.moveaxis(posterior.interval(SIGMA_LEVELS, kind=kind), 2, 0)
    return ends[..., 0], ends[..., 1]


def shares_inside(posterior, truth, lower, upper, *, kind="hdi", levels=SIGMA_LEVELS):
    """Share of each true value inside its interval: 1 inside, 0 outside, a fraction on an atom.

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


def coverage_of_shares(shares, mass, names):
    """Coverage of intervals of each kind, by level and parameter, and of joint regions, by level.

    Parameters
    ----------
    shares : dict of str: (3, N, P) array
        Of :func:`shares_inside`, by kind of interval, at the levels of one, two and three σ.
    mass : (N,) array
        Credible mass of the joint truth.
    names : sequence of P str

    Returns
    -------
    dict
        Plain data by kind, level in per cent (``"68.27"``) and parameter; under ``"joint"`` by level alone.
    """
    result = {kind: by_level(mean_share(values, axis=1), names) for kind, values in shares.items()}
    joint = metrics.coverage_of_mass(mass)
    result["joint"] = {
        f"{100 * level:.2f}": number(joint.value[i], joint.error[i]) for i, level in enumerate(SIGMA_LEVELS)
    }
    return result


def mean_share(shares, axis) -> Estimate:
    """Coverage: the mean of the galaxies' shares over an axis, NaN left out, with its binomial error."""
    return Estimate(*metrics.proportion(np.nansum(shares, axis=axis), np.sum(~np.isnan(shares), axis=axis)))


def by_level(estimate, names) -> dict:
    """Plain data of an Estimate of (3, P) arrays: by level in per cent, then by parameter."""
    return {
        f"{100 * level:.2f}": {name: number(estimate.value[i, p], estimate.error[i, p]) for p, name in enumerate(names)}
        for i, level in enumerate(SIGMA_LEVELS)
    }
