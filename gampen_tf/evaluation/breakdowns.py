"""Accuracy by kind of galaxy, by class, by flag, and by what else the catalogue knows."""

from __future__ import annotations

import numpy as np

from ..core.flags import Flag
from ..metrics.estimates import Estimate, number
from ..metrics.point_accuracy import accuracy
from .qualitative import GAMPEN_RULES, compare_classes, posterior_probabilities


def _quantities(catalogue, pixel_scale):
    """Signal-to-noise ratio and seeing, where the catalogue knows them."""
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


def _kinds(posterior, truth, catalogue, names, seed):
    """Residuals of each kind of galaxy that the recipe draws."""
    if "kind" not in catalogue.colnames:
        return {}
    mode, kind = posterior.mode(), np.asarray(catalogue["kind"], str)
    result = {}
    for one in sorted(set(kind)):
        rows = kind == one
        found = accuracy(mode[rows], truth[rows], seed=seed)
        result[one] = {"n": int(np.sum(rows))} | {
            name: {
                key: number(found[key].value[p], found[key].error[p]) for key in ("standard_deviation", "typical_error")
            }
            for p, name in enumerate(names)
        }
    return result


def _classes(posterior, truth, names):
    """GaMPEN's classes by value and by posterior probability, for the parameters that there are."""
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


def _flag_counts(flags):
    flags = np.asarray(flags, np.int64)
    counts = {flag.name: int(np.sum((flags & int(flag)) != 0)) for flag in Flag}
    return {name: count for name, count in counts.items() if count}
