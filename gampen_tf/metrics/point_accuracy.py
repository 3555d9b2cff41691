"""Point accuracy: distances of predicted from true values, by the definitions of several papers."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from .draws import SIGMA_LEVELS, circular_difference
from .estimates import Estimate, mean, proportion, quantile, resampled

__all__ = [
    "accuracy",
    "euclid_accuracy",
    "galnets_accuracy",
    "r_squared",
    "residuals",
    "spearman",
]

_RESIDUALS = ("absolute", "relative", "log10", "circular")


def residuals(predicted, truth, kind="absolute"):
    """Predicted minus true.

    Parameters
    ----------
    predicted, truth : arrays of one shape
        NaN where not known; the residual is NaN there.
    kind : {"absolute", "relative", "log10", "circular"}
        ``predicted − truth``; the same over ``truth``; log₁₀(predicted / truth); the shortest way round
        a circle of 180°.
    """
    predicted, truth = _pair(predicted, truth)
    if kind == "absolute":
        return predicted - truth
    if kind == "circular":
        return circular_difference(predicted, truth)
    with np.errstate(divide="ignore", invalid="ignore"):
        if kind == "relative":
            return _finite_or_nan((predicted - truth) / truth)
        if kind == "log10":
            return _finite_or_nan(np.log10(predicted) - np.log10(truth))
    raise ValueError(f"residuals of kind {kind!r}; expected one of {_RESIDUALS}")


def accuracy(predicted, truth, *, kind="absolute", seed=0) -> dict[str, Estimate]:
    """Residual statistics of each parameter.

    Parameters
    ----------
    predicted, truth : (N, P) array
        NaN where not known (left out, parameter by parameter).
    kind : str or sequence of P str
        As in :func:`residuals`.

    Returns
    -------
    dict of Estimate, each of (P,) arrays
        ``mean``, ``median``, ``standard_deviation`` of the residuals; ``typical_error``, the 68.27th percentile of
        their absolute values; ``nmad``, 1.4826 times the median distance from the median; ``r_squared`` of the values
        (of log₁₀ values for ``kind="log10"``, and NaN for circular ones); and ``n``, the number of galaxies.
    """
    predicted, truth = _columns(predicted, truth)
    kinds = [kind] * truth.shape[1] if isinstance(kind, str) else list(kind)
    if len(kinds) != truth.shape[1]:
        raise ValueError(f"{len(kinds)} kinds of residual for {truth.shape[1]} parameters")
    columns = []
    for p, this_kind in enumerate(kinds):
        known = ~np.isnan(residuals(predicted[:, p], truth[:, p], this_kind))
        a, t = predicted[known, p], truth[known, p]
        difference = residuals(a, t, this_kind)
        columns.append(
            {
                "mean": mean(difference),
                "median": quantile(difference, 0.5),
                "standard_deviation": resampled(_standard_deviation, difference, seed=seed),
                "typical_error": quantile(np.abs(difference), SIGMA_LEVELS[0]),
                "nmad": resampled(_nmad, difference, seed=seed),
                "r_squared": _r_squared_of_kind(a, t, this_kind, seed),
                "n": Estimate(np.float64(len(difference)), np.float64(0)),
            }
        )
    return _stacked(columns)


def r_squared(predicted, truth):
    """R² = 1 − Σ(p − t)² / Σ(t − t̄)² (Li et al. 2022, eq. 7), of each column of (N, P) arrays; NaN left out."""
    predicted, truth = _pair(predicted, truth)
    unknown = np.isnan(predicted) | np.isnan(truth)
    truth = np.where(unknown, np.nan, truth)
    n = np.sum(~unknown, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        average = np.nansum(truth, axis=0) / n
        return 1 - np.nansum((predicted - truth) ** 2, axis=0) / np.nansum((truth - average) ** 2, axis=0)


def galnets_accuracy(predicted, truth, *, circular=(), seed=0) -> dict[str, Estimate]:
    """The three figures of merit of Li et al. (2022), eq. 7–9, for each parameter.

    With Δp = (p − t) / (1 + t): the outlier fraction is that of |Δp| > 0.15, the NMAD is
    1.4826 · median|Δp − median Δp|. The definition comes from photometric redshifts, and it depends on the unit.

    Parameters
    ----------
    predicted, truth : (N, P) array
    circular : sequence of int, optional
        Columns whose difference p − t is taken the short way round 180°, in R² too. The paper does not mention
        it, and its R² of 0.67 for the position angle is that of plain differences.

    Returns
    -------
    dict of Estimate, each of (P,) arrays
        ``r_squared``, ``outlier_fraction``, ``nmad``.
    """
    predicted, truth = _columns(predicted, truth)
    columns = []
    for p in range(truth.shape[1]):
        a, t = _known(predicted[:, p], truth[:, p])
        if p in circular:
            a = t + circular_difference(a, t)
        with np.errstate(divide="ignore", invalid="ignore"):
            delta = (a - t) / (1 + t)
        columns.append(
            {
                "r_squared": resampled(r_squared, a, t, seed=seed),
                "outlier_fraction": proportion(np.sum(np.abs(delta) > 0.15), len(delta)),
                "nmad": resampled(_nmad, delta, seed=seed),
            }
        )
    return _stacked(columns)


def euclid_accuracy(predicted, truth, *, kind="relative") -> dict[str, Estimate]:
    """Bias, dispersion and outliers as in the Euclid Morphology Challenge.

    Parameters
    ----------
    predicted, truth : (N, P) array
    kind : str or sequence of P str
        How the residual δ is taken (:func:`residuals`): there "relative" for sizes and fluxes, "absolute" for the axis
        ratio and B/T, "log10" for the Sérsic index.

    Returns
    -------
    dict of Estimate, each of (P,) arrays
        ``bias`` = median δ; ``dispersion`` = 68th percentile of |δ − bias|; ``outlier_fraction`` = that of |δ| > 0.5.
    """
    predicted, truth = _columns(predicted, truth)
    kinds = [kind] * truth.shape[1] if isinstance(kind, str) else list(kind)
    columns = []
    for p, this_kind in zip(range(truth.shape[1]), kinds, strict=True):
        delta = residuals(predicted[:, p], truth[:, p], this_kind)
        delta = delta[~np.isnan(delta)]
        bias = quantile(delta, 0.5)
        columns.append(
            {
                "bias": bias,
                "dispersion": quantile(np.abs(delta - bias.value), 0.68),
                "outlier_fraction": proportion(np.sum(np.abs(delta) > 0.5), len(delta)),
            }
        )
    return _stacked(columns)


def spearman(first, second) -> dict[str, Estimate | np.ndarray]:
    """Spearman's rank correlation of each column, such as |residuals| against the widths of intervals.

    Parameters
    ----------
    first, second : (N, P) array
        NaN left out.

    Returns
    -------
    dict
        ``correlation``: Estimate of (P,), its error √((1 + ρ²/2) / (n − 3)) (Bonett & Wright 2000) times 1 − ρ², from
        Fisher's z; ``significance``: (P,), how many σ from no correlation, positive for a positive one (p-values of
        large samples underflow, this does not).
    """
    first, second = _columns(first, second)
    values, errors, significance = [], [], []
    for p in range(first.shape[1]):
        a, b = _known(first[:, p], second[:, p])
        if len(a) < 4:
            rho = error = sigma = np.nan
        else:
            with np.errstate(invalid="ignore", divide="ignore"):
                rho = np.corrcoef(rankdata(a), rankdata(b))[0, 1]
            error = np.sqrt((1 + 0.5 * rho**2) / (len(a) - 3)) * (1 - rho**2)
            # under independence √(n − 1) ρ is standard normal
            sigma = rho * np.sqrt(len(a) - 1)
        values.append(rho)
        errors.append(error)
        significance.append(sigma)
    return {
        "correlation": Estimate(np.array(values), np.array(errors)),
        "significance": np.array(significance),
    }


def _r_squared_of_kind(predicted, truth, kind, seed):
    if kind == "circular":
        return Estimate(np.float64(np.nan), np.float64(np.nan))
    if kind == "log10":
        predicted, truth = np.log10(predicted), np.log10(truth)
    return resampled(r_squared, predicted, truth, seed=seed)


def _standard_deviation(values):
    return np.std(values) if len(values) else np.nan


def _nmad(values):
    # 1 / Φ⁻¹(3/4) = 1.4826: the standard deviation of a normal distribution over its median absolute deviation
    return np.median(np.abs(values - np.median(values))) / ndtri(0.75) if len(values) else np.nan


def _finite_or_nan(values):
    return np.where(np.isfinite(values), values, np.nan)


def _known(first, second):
    known = ~(np.isnan(first) | np.isnan(second))
    return first[known], second[known]


def _pair(predicted, truth):
    predicted, truth = np.asarray(predicted, float), np.asarray(truth, float)
    if predicted.shape != truth.shape:
        # (N,) against (N, 1) would broadcast to (N, N) and give a number that means nothing
        raise ValueError(f"predicted values of shape {predicted.shape} for true ones of shape {truth.shape}")
    return predicted, truth


def _columns(predicted, truth):
    predicted, truth = _pair(predicted, truth)
    if truth.ndim != 2:
        raise ValueError(f"expected (galaxies, parameters), found shape {truth.shape}")
    return predicted, truth


def _stacked(columns):
    return {
        name: Estimate(
            np.array([column[name].value for column in columns]), np.array([column[name].error for column in columns])
        )
        for name in columns[0]
    }
