"""Accuracy by kind of galaxy, by class and by flag, and the quantities of a catalogue to bin by."""

from __future__ import annotations

import numpy as np

from .. import metrics
from ..calibration.coverage import shares_inside
from ..core.flags import Flag
from ..metrics.draws import SIGMA_LEVELS
from ..metrics.estimates import Estimate, number, plain
from .class_accuracy import compare_classes
from .class_rules import GAMPEN_RULES, posterior_probabilities

__all__ = ["by_class", "by_flag", "by_kind", "flag_counts", "quantities_of"]


def quantities_of(catalogue, pixel_scale):
    """Signal-to-noise ratio and seeing of each galaxy, where the catalogue has them.

    Parameters
    ----------
    catalogue : astropy.table.Table
    pixel_scale : float
        In arcsec.

    Returns
    -------
    dict of str: (N,) array
        ``psf_fwhm`` in arcsec; ``signal_to_noise`` within the half-light radius as the PSF widens it.
    """
    known = [name for name in ("psf_fwhm", "flux", "effective_radius", "noise_sigma") if name in catalogue.colnames]
    columns = {name: np.asarray(catalogue[name], float) for name in known}
    quantities = {}
    if "psf_fwhm" in columns:
        quantities["psf_fwhm"] = columns["psf_fwhm"]
    if {"flux", "effective_radius", "noise_sigma"} <= set(columns):
        # half of the light, in the circle that holds it after a blur by the PSF, over the noise of its pixels
        radius = np.hypot(columns["effective_radius"], 0.5 * columns.get("psf_fwhm", 0.0))
        n_pixels = np.pi * radius**2 / pixel_scale**2
        quantities["signal_to_noise"] = 0.5 * columns["flux"] / (columns["noise_sigma"] * np.sqrt(n_pixels))
    return quantities


def by_kind(posterior, truth, catalogue, *, seed=0):
    """Errors of each kind of galaxy that the recipe draws.

    Parameters
    ----------
    posterior : Posterior
    truth : (N, P) array
        In physical units; NaN where not known.
    catalogue : astropy.table.Table
        With a column ``kind``.
    seed : int, optional
        Of bootstraps.

    Returns
    -------
    dict
        By kind: ``n`` and, for each parameter, ``standard_deviation`` and ``typical_error`` of the mode. Empty where
        the catalogue has no kinds.
    """
    if "kind" not in catalogue.colnames:
        return {}
    mode, kind = posterior.mode(), np.asarray(catalogue["kind"], str)
    result = {}
    for one in sorted(set(kind)):
        rows = kind == one
        found = metrics.accuracy(mode[rows], truth[rows], seed=seed)
        result[one] = {"n": int(np.sum(rows))} | {
            name: {
                key: number(found[key].value[p], found[key].error[p]) for key in ("standard_deviation", "typical_error")
            }
            for p, name in enumerate(posterior.names)
        }
    return result


def by_class(posterior, truth):
    """Accuracy of GaMPEN's classes, given by value and by posterior probability.

    Parameters
    ----------
    posterior : Posterior
    truth : (N, P) array
        In physical units; NaN where not known.

    Returns
    -------
    dict or None
        Plain data of :func:`~gampen_tf.evaluation.class_accuracy.compare_classes`, with ``rules`` and ``threshold``.
        None where no rule is of a parameter that the posterior has.
    """
    names = list(posterior.names)
    rules = tuple(rule for rule in GAMPEN_RULES if rule.parameter in names)
    if not rules:
        return None
    threshold = 0.9
    found = compare_classes(
        posterior.mode(), posterior_probabilities(posterior, rules), truth, names, rules, threshold=threshold
    )
    sides = {
        side: {
            "quality": {
                rule.name: {"n": int(entry["quality"].n[r])}
                | {
                    key: number(*(part[r] for part in getattr(entry["quality"], key)))
                    for key in ("precision", "completeness", "not_opposite")
                }
                for r, rule in enumerate(rules)
            },
            "confusion": {
                name: {"classes": classes, "counts": counts.tolist()}
                for name, (classes, counts) in entry["confusion"].items()
            },
            "errors": {
                name: {key: number(*value) for key, value in vars(errors).items() if isinstance(value, Estimate)}
                for name, errors in entry["errors"].items()
            },
        }
        for side, entry in found.items()
    }
    return {"rules": [rule.to_dict() for rule in rules], "threshold": threshold} | sides


def by_flag(posterior, truth):
    """Errors and coverage of all measured galaxies, of those without any flag, and of those with each flag.

    Parameters
    ----------
    posterior : Posterior
    truth : (N, P) array
        In physical units; NaN where not known.

    Returns
    -------
    dict
        Plain data by "all", "without a flag", "flagged", and name of a flag that a measured galaxy has: ``n`` and, for
        each parameter, ``typical_error`` of the mode (with its ``kind``) and ``coverage`` at 68.27 %. Empty where no
        measured galaxy has a flag.
    """
    parameters = posterior.scaler.parameters
    truth, flags, mode = np.asarray(truth, float), np.asarray(posterior.flags, np.int64), posterior.mode()
    measured = np.all(np.isfinite(mode), axis=1)
    groups = {"all": measured, "without a flag": measured & (flags == 0), "flagged": measured & (flags != 0)}
    groups |= {flag.name: measured & ((flags & int(flag)) != 0) for flag in Flag}
    if not np.any(groups["flagged"]):
        return {}
    ends = np.moveaxis(posterior.interval(SIGMA_LEVELS[:1]), 2, 0)
    inside = shares_inside(posterior, truth, ends[..., 0], ends[..., 1], levels=SIGMA_LEVELS[:1])[0]
    result = {}
    for group, rows in groups.items():
        if not np.any(rows):
            continue
        result[group] = {"n": int(np.sum(rows))}
        for p, parameter in enumerate(parameters):
            kind = "relative" if parameter.transform == "log" else "absolute"
            residuals = np.abs(metrics.residuals(mode[rows, p], truth[rows, p], kind))
            known = np.isfinite(residuals)
            error = metrics.quantile(residuals[known], SIGMA_LEVELS[0]) if known.any() else (np.nan, np.nan)
            covered = metrics.proportion(np.sum(inside[rows, p][known]), np.sum(known))
            result[group][parameter.name] = {
                "typical_error": number(*error) | {"kind": kind},
                "coverage": number(*covered),
            }
    return plain(result)


def flag_counts(flags):
    """Number of galaxies with each flag, by the flag's name; flags of no galaxy are left out."""
    flags = np.asarray(flags, np.int64)
    counts = {flag.name: int(np.sum((flags & int(flag)) != 0)) for flag in Flag}
    return {name: count for name, count in counts.items() if count}
