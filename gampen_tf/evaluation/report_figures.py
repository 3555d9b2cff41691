"""Figures of the report, drawn one by one from an evaluation."""

from __future__ import annotations

import numpy as np

from .. import plots
from ..metrics.draws import SIGMA_LEVELS
from .galaxy_figures import draw_galaxy_figures
from .report_parts import FigureColumns, plain_name

__all__ = ["draw_figures"]


def draw_figures(evaluation):
    """Generate ``(section, caption, file format, figure)``; each figure may be closed before the next is drawn.

    Parameters
    ----------
    evaluation : Evaluation

    Yields
    ------
    (str, str, str, matplotlib Figure)
        Sections are "accuracy", "uncertainty", "calibration", "classes" and "galaxies".
    """
    yield from _accuracy(evaluation)
    if not evaluation.metrics.get("values_alone"):
        yield from _calibration(evaluation)
        yield from _uncertainty(evaluation)
    yield from _classes(evaluation)
    yield from draw_galaxy_figures(evaluation)


def _accuracy(evaluation):
    c = FigureColumns(evaluation)
    yield (
        "accuracy",
        "Predicted values (modes) against true ones; the dashed line is equality.",
        "png",
        plots.plot_predicted_against_true(c.mode, c.truth, scales=c.scales, **c.named),
    )
    yield (
        "accuracy",
        "Residuals, predicted minus true, with their mean, median, standard deviation and 68.27 % error.",
        "png",
        plots.plot_residual_histograms(c.mode, c.truth, **c.named),
    )
    yield (
        "accuracy",
        "Residuals against true values.",
        "png",
        plots.plot_residuals(c.mode, c.truth, scales=c.scales, **c.named),
    )
    yield (
        "accuracy",
        "Residuals against predicted values, which are all that one knows of a real galaxy.",
        "png",
        plots.plot_residuals(c.mode, c.truth, against=c.mode, against_word="Predicted", scales=c.scales, **c.named),
    )
    if any(c.logged):
        of = [name for name, logged in zip(c.names, c.logged, strict=True) if logged]
        yield (
            "accuracy",
            "Fractional residuals against true values; perfect predictions lie at the bottom.",
            "png",
            plots.plot_residuals(
                c.mode[:, c.logged], c.truth[:, c.logged], names=of, fractional=True, against=c.truth, **c.against
            ),
        )
    groups = _component_groups(evaluation.catalogue, c)
    if groups:
        p = c.names.index("bulge_to_total")
        yield (
            "accuracy",
            "Residuals of the bulge's share for galaxies of one and of two components.",
            "svg",
            plots.plot_residuals_of_groups(c.mode[:, p] - c.truth[:, p], groups, name="bulge_to_total"),
        )


def _component_groups(catalogue, c):
    """Galaxies of one and of two components, by group; empty where the catalogue lacks their fluxes."""
    if "bulge_to_total" not in c.names or not {"disc_flux", "bulge_flux"} <= set(catalogue.colnames):
        return {}
    two = np.isfinite(np.asarray(catalogue["disc_flux"], float)) & np.isfinite(
        np.asarray(catalogue["bulge_flux"], float)
    )
    share = c.truth[:, c.names.index("bulge_to_total")]
    return {
        "one component": ~two,
        "two components": two,
        r"two, $0.1 < L_\mathrm{B}/L_\mathrm{T} < 0.85$": two & (share > 0.1) & (share < 0.85),
    }


def _calibration(evaluation):
    yield from _calibration_curves(evaluation.metrics["curves"], evaluation.metrics["parameters"])
    if evaluation.model is not None and evaluation.model.dropout_tuning:
        yield _dropout_tuning(evaluation.model.dropout_tuning)
    for name, rows in evaluation.metrics["bins"].items():
        if rows and not name.startswith("true_"):
            yield _coverage_in_bins(name, rows, evaluation.metrics)


def _calibration_curves(curves, names):
    coverage, pit, ecdf, tarp = (curves[key] for key in ("coverage", "pit_histogram", "pit_distribution", "tarp"))
    yield (
        "calibration",
        "Coverage of equal-tailed intervals against their level; bands are one standard error.",
        "svg",
        plots.plot_coverage(coverage["levels"], coverage["value"], coverage["error"], names=names),
    )
    yield (
        "calibration",
        "Probability integral transforms of the truth. Uniform ones stay within the grey band, all bars "
        "at once, 95 times in 100.",
        "svg",
        plots.plot_pit(pit["edges"], pit["counts"], pit["band"], names=names),
    )
    yield (
        "calibration",
        "Their distribution functions less the uniform one, with the band that the whole curve keeps to 95 "
        "times in 100.",
        "svg",
        plots.plot_rank_curves(ecdf["levels"], ecdf["value"], *ecdf["band"], names=names),
    )
    yield (
        "calibration",
        "Expected coverage of the joint posterior (TARP) less its level: blue, with a 95 % bootstrap band; "
        "grey, the band that a calibrated posterior keeps to 95 times in 100.",
        "svg",
        plots.plot_tarp(tarp["levels"], tarp["value"], tarp["lower"], tarp["upper"], band=tarp["band"]),
    )


def _dropout_tuning(tuning):
    return (
        "calibration",
        f"How the dropout rate was chosen: coverage of {tuning['n_images']} validation galaxies at rates set after "
        f"training (with {tuning['trained_with']:g}), before any recalibration; the dotted line is the rate taken.",
        "svg",
        plots.plot_coverage_against_dropout(
            tuning["rates"],
            tuning["coverage"],
            tuning["coverage_error"],
            levels=tuning["levels"],
            names=tuning["parameters"],
            chosen=tuning["chosen"],
        ),
    )


def _coverage_in_bins(name, rows, metrics):
    names, base = metrics["parameters"], name.removeprefix("predicted_")
    units = {"psf_fwhm": "arcsec"} | dict(zip(names, metrics["units"], strict=True))
    levels = [f"{100 * level:.2f}" for level in SIGMA_LEVELS]
    found = np.array(
        [
            [[[row["coverage"][level][p][key] for p in names] for level in levels] for row in rows]
            for key in ("value", "error")
        ],
        float,
    )
    centres = np.array([row["centre"] for row in rows])
    return (
        "calibration",
        f"Coverage of shortest intervals in bins of {plain_name(name)}.",
        "svg",
        plots.plot_coverage_in_bins(
            centres,
            *found,
            levels=SIGMA_LEVELS,
            name=base,
            unit=units.get(base, ""),
            names=names,
            scale="log" if np.all(centres > 0) and centres.max() > 20 * centres.min() else "linear",
        ),
    )


def _uncertainty(evaluation):
    c = FigureColumns(evaluation)
    fractional_of = np.where(c.logged, c.mode, np.nan)
    yield (
        "uncertainty",
        "Widths of the 68.27 % intervals against true values; of sizes and fluxes as fractions of the "
        "predicted values.",
        "png",
        plots.plot_uncertainties(c.width, c.truth, names=c.names, fractional_of=fractional_of, **c.against),
    )
    spearman = evaluation.metrics["spearman"]
    yield (
        "uncertainty",
        "Widths against residuals. Between the dashed lines the truth is within half a width.",
        "png",
        plots.plot_uncertainties_against_residuals(
            c.width,
            c.mode - c.truth,
            names=c.names,
            fractional_of=fractional_of,
            correlations=[
                spearman[name]["value"] if spearman[name]["value"] is not None else np.nan for name in c.names
            ],
        ),
    )


def _classes(evaluation):
    classes = evaluation.metrics["classes"]
    if classes is None:
        return
    c = FigureColumns(evaluation)
    for name, entry in classes["value"]["confusion"].items():
        p = c.names.index(name)
        regions = [
            (rule.get("low", -np.inf), rule.get("high", np.inf))
            for rule in classes["rules"]
            if rule["parameter"] == name
        ]
        yield (
            "classes",
            f"Residuals of {plain_name(name)} with the regions of classes hatched, and their distribution with "
            "and without the classified galaxies.",
            "png",
            plots.plot_classified_residuals(c.mode[:, p], c.truth[:, p], regions, name=name, unit=c.units[p]),
        )
        by_probability = classes["probability"]["confusion"][name]
        for way, matrix in (
            ("by predicted value", entry),
            (f"by posterior probability above {classes['threshold']}", by_probability),
        ):
            yield (
                "classes",
                f"Classes of {plain_name(name)} {way}: galaxies, and shares of those that got the class.",
                "svg",
                plots.plot_confusion(matrix["counts"], matrix["classes"]),
            )
