"""Accuracy and calibration of posteriors of galaxies whose true values are known.

Posteriors and true values in, plain data out: each number as ``{"value": …, "error": …}``, so that it can be written as
JSON and compared with another model's.
"""

from __future__ import annotations

import numpy as np

from .. import metrics
from ..calibration.coverage import by_level, coverage_of_shares, mean_share, shares_inside, sigma_intervals
from ..metrics.draws import SIGMA_LEVELS
from ..metrics.estimates import number, plain

__all__ = ["assess"]

# Bins with fewer galaxies are not reported.
_MIN_PER_BIN = 50
_N_BINS = 8
_CURVE_LEVELS = 49


def assess(posterior, truth, *, quantities=None, seed=0):
    """Accuracy and calibration of posteriors, overall and in bins.

    Parameters
    ----------
    posterior : Posterior
    truth : (N, P) array
        In physical units; NaN where not known.
    quantities : dict of str: (N,) array, optional
        What else to bin by: signal-to-noise ratios, say. True and predicted values are always there.
    seed : int, optional
        Of the places within atoms, of reference points and of bootstraps.

    Returns
    -------
    dict
        Plain data. ``accuracy`` and ``relative_accuracy`` of the mode and of the median; ``euclid`` and ``galnets``,
        the same residuals as those papers count them; ``coverage`` of shortest (``hdi``) and equal-tailed
        (``central``) intervals and of ``joint`` highest-density regions; ``uniformity`` of the PITs; ``tarp``;
        ``scores``; ``sharpness``; ``spearman``; ``bins``; ``curves``, the arrays behind the figures.
    """
    parameters = posterior.scaler.parameters
    names = list(parameters.names)
    truth = np.asarray(truth, float)
    if truth.shape != (len(posterior.means), len(names)):
        raise ValueError(
            f"true values of shape {truth.shape} for posteriors of {len(posterior.means)} galaxies and "
            f"{len(names)} parameters ({', '.join(names)})"
        )
    measured = np.all(np.isfinite(posterior.median()), axis=1)
    points = {"mode": posterior.mode(), "median": posterior.median()}
    mode = points["mode"]
    intervals = {kind: sigma_intervals(posterior, kind) for kind in ("hdi", "central")}
    inside = {kind: shares_inside(posterior, truth, *ends, kind=kind) for kind, ends in intervals.items()}
    pit = posterior.pit(truth, seed=seed)
    kinds = ["relative" if parameter.transform == "log" else "absolute" for parameter in parameters]
    labels, draws = posterior.scaler.transform(truth), posterior.scaler.transform(posterior.samples)
    tarp = metrics.tarp(draws[measured], labels[measured], seed=seed)
    width = metrics.sharpness(*(ends[0] for ends in intervals["hdi"]))
    tests = [metrics.uniformity(column) for column in pit.T]
    result = {
        "parameters": names,
        "units": list(parameters.units),
        "n_galaxies": len(truth),
        "n_measured": int(np.sum(measured)),
        "accuracy": {
            point: _by_name(metrics.accuracy(values, truth, seed=seed), names) for point, values in points.items()
        },
        "relative_accuracy": _relative_accuracy(points, truth, kinds, names, seed),
        "euclid": _by_name(metrics.euclid_accuracy(mode, truth, kind=kinds), names),
        "galnets": _by_name(metrics.galnets_accuracy(mode, truth, seed=seed), names),
        "coverage": coverage_of_shares(inside, posterior.credible_mass(truth), names),
        "uniformity": {name: _outcome(test) for name, test in zip(names, tests, strict=True)},
        "tarp": {"largest_deviation": tarp.largest_deviation} | _outcome(tarp.test),
        "scores": _scores(posterior, draws, truth, labels, names, seed),
        "sharpness": {
            name: number(*metrics.quantile(width[:, p], 0.5)) | {"what": "median width of the 68.27 % interval"}
            for p, name in enumerate(names)
        },
        "spearman": _spearman(width, mode - truth, names),
        "bins": _bins(posterior, truth, mode, inside["hdi"], kinds, quantities or {}),
        "curves": _curves(pit, tests, tarp),
    }
    return plain(result)


def _relative_accuracy(points, truth, kinds, names, seed):
    """Accuracy of the fractional residuals of sizes and fluxes, where there are any."""
    logged = [p for p, kind in enumerate(kinds) if kind == "relative"]
    if not logged:
        return {}
    of = [names[p] for p in logged]
    return {
        point: _by_name(metrics.accuracy(values[:, logged], truth[:, logged], kind="relative", seed=seed), of)
        for point, values in points.items()
    }


def _outcome(test):
    """Numbers of a test of uniformity."""
    return {"p_value": test.p_value, "inside_95": test.inside, "n": test.n}


def _curves(pit, tests, tarp):
    """Arrays behind the figures of calibration."""
    levels = np.arange(1, _CURVE_LEVELS + 1) / (_CURVE_LEVELS + 1)
    coverage = metrics.coverage_of_mass(metrics.central_mass(pit), levels)
    histograms = [metrics.rank_histogram(column) for column in pit.T]
    return {
        "coverage": {
            "levels": levels.tolist(),
            "value": coverage.value.tolist(),
            "error": coverage.error.tolist(),
        },
        "pit_histogram": {
            "edges": histograms[0][0].tolist(),
            "counts": np.stack([counts for _, counts, _ in histograms], axis=1).tolist(),
            "band": [list(band) for _, _, band in histograms],
        },
        "pit_distribution": {
            "levels": tests[0].levels.tolist(),
            "value": np.stack([test.ecdf for test in tests], axis=1).tolist(),
            "band": [tests[0].lower.tolist(), tests[0].upper.tolist()],
        },
        "tarp": {
            "levels": tarp.levels.tolist(),
            "value": tarp.coverage.tolist(),
            "lower": tarp.lower.tolist(),
            "upper": tarp.upper.tolist(),
            "band": [tarp.test.lower.tolist(), tarp.test.upper.tolist()],
        },
    }


def _by_name(estimates, names):
    """{metric: Estimate of (P,)} as {parameter: {metric: number}}."""
    return {
        name: {metric: number(estimate.value[p], estimate.error[p]) for metric, estimate in estimates.items()}
        for p, name in enumerate(names)
    }


def _scores(posterior, draws, truth, labels, names, seed):
    """Mean CRPS of each parameter in its own unit; energy score of the labels, jointly."""
    crps = metrics.mean(metrics.crps(posterior.samples, truth))
    energy = metrics.mean(metrics.energy_score(draws, labels, scale=np.ones(len(names)), seed=seed))
    return {
        "crps": {name: number(crps.value[p], crps.error[p]) for p, name in enumerate(names)},
        "energy_of_labels": number(*energy),
    }


def _spearman(width, residuals, names):
    found = metrics.spearman(width, np.abs(residuals))
    correlation = found["correlation"]
    return {
        name: number(correlation.value[p], correlation.error[p]) | {"significance": float(found["significance"][p])}
        for p, name in enumerate(names)
    }


def _bins(posterior, truth, mode, inside, kinds, quantities):
    """Coverage and typical error in bins of true and predicted values and of other quantities."""
    names = posterior.scaler.parameters.names
    by = {f"true_{name}": truth[:, p] for p, name in enumerate(names)}
    by |= {f"predicted_{name}": mode[:, p] for p, name in enumerate(names)}
    by |= {name: np.asarray(values, float) for name, values in quantities.items()}
    inside = np.moveaxis(inside, 0, 1)
    residuals = np.stack([metrics.residuals(mode[:, p], truth[:, p], kind) for p, kind in enumerate(kinds)], axis=1)
    result = {}
    for name, values in by.items():
        if not np.any(np.isfinite(values)):
            continue
        edges = metrics.bin_edges(values, _N_BINS)
        rows = metrics.in_bins(_bin, values, edges, inside, residuals, min_count=_MIN_PER_BIN)
        result[name] = [
            {
                "low": row.low,
                "high": row.high,
                "centre": row.centre,
                "n": row.n,
                "coverage": by_level(row.result["coverage"], names),
                "typical_error": {
                    parameter: number(*row.result["typical_error"][p]) | {"kind": kinds[p]}
                    for p, parameter in enumerate(names)
                },
                "bias": {
                    parameter: number(*row.result["bias"][p]) | {"kind": kinds[p]} for p, parameter in enumerate(names)
                },
            }
            for row in rows
            if row.result is not None
        ]
    return result


def _bin(inside, residuals):
    return {
        "coverage": mean_share(inside, axis=0),
        "typical_error": [metrics.quantile(np.abs(column), SIGMA_LEVELS[0]) for column in residuals.T],
        "bias": [metrics.quantile(column, 0.5) for column in residuals.T],
    }
