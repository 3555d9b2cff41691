"""The figures of a report, drawn one by one from an evaluation."""

from __future__ import annotations

import warnings

import numpy as np

from . import plots
from .metrics import SIGMA_LEVELS

__all__ = ["draw_figures", "plain_name"]

_SHOWN = 4
_PLAIN = {"bulge_to_total": "B/T", "psf_fwhm": "seeing (FWHM)", "signal_to_noise": "signal-to-noise ratio"}
_SCALES_OF = 2000


def plain_name(name):
    """A quantity's name for running text."""
    for word in ("true", "predicted"):
        if name.startswith(f"{word}_"):
            return f"{word} {plain_name(name.removeprefix(word)[1:])}"
    return _PLAIN.get(name, name.replace("_", " "))


def draw_figures(evaluation):
    """Yield ``(section, caption, file format, figure)``; each figure may be closed before the next is asked for.

    Parameters
    ----------
    evaluation : Evaluation

    Yields
    ------
    (str, str, str, matplotlib Figure)
        Sections are "accuracy", "uncertainty", "calibration", "labels" and "galaxies".
    """
    yield from _accuracy(evaluation)
    if not evaluation.metrics.get("values_alone"):
        yield from _calibration(evaluation)
        yield from _uncertainty(evaluation)
    yield from _labels(evaluation)
    yield from _galaxies(evaluation)


class _Columns:
    """What most figures are drawn from."""

    def __init__(self, evaluation):
        parameters = evaluation.posterior.scaler.parameters
        self.names, self.units = list(parameters.names), list(parameters.units)
        self.logged = [parameter.transform == "log" for parameter in parameters]
        # a logarithm shows the faint and the small, of whom a linear axis makes a line
        self.scales = ["log" if logged else "linear" for logged in self.logged]
        self.mode, self.truth = evaluation.posterior.mode(), evaluation.truth
        interval = evaluation.posterior.interval(SIGMA_LEVELS[0])
        self.width = interval[..., 1] - interval[..., 0]
        self.labelled = {"names": self.names, "units": self.units}
        self.against = {"against_names": self.names, "against_units": self.units, "scales": self.scales}


def _accuracy(evaluation):
    c = _Columns(evaluation)
    yield (
        "accuracy",
        "Predicted values (modes) against true ones; the dashed line is equality.",
        "png",
        plots.plot_predicted_against_true(c.mode, c.truth, scales=c.scales, **c.labelled),
    )
    yield (
        "accuracy",
        "Residuals, predicted minus true, with their mean, median, standard deviation and 68.27 % error.",
        "png",
        plots.plot_residual_histograms(c.mode, c.truth, **c.labelled),
    )
    yield (
        "accuracy",
        "Residuals against true values.",
        "png",
        plots.plot_residuals(c.mode, c.truth, scales=c.scales, **c.labelled),
    )
    yield (
        "accuracy",
        "Residuals against predicted values, which are all that one knows of a real galaxy.",
        "png",
        plots.plot_residuals(c.mode, c.truth, against=c.mode, against_word="Predicted", scales=c.scales, **c.labelled),
    )
    if any(c.logged):
        of = [name for name, logged in zip(c.names, c.logged, strict=True) if logged]
        yield (
            "accuracy",
            "Fractional residuals against true values; perfect predictions lie at the bottom.",
            "png",
            plots.plot_fractional_residuals(
                c.mode[:, c.logged], c.truth[:, c.logged], names=of, against=c.truth, **c.against
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
    """One and two components, as far as the catalogue tells."""
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
    curves, names = evaluation.metrics["curves"], evaluation.metrics["parameters"]
    coverage = curves["coverage"]
    yield (
        "calibration",
        "Coverage of equal-tailed intervals against their level; bands are one standard error.",
        "svg",
        plots.plot_coverage(coverage["levels"], coverage["value"], coverage["error"], names=names),
    )
    pit = curves["pit_histogram"]
    yield (
        "calibration",
        "Probability integral transforms of the truth. Uniform ones stay within the grey band, all bars "
        "at once, 95 times in 100.",
        "svg",
        plots.plot_pit(pit["edges"], pit["counts"], pit["band"], names=names),
    )
    ecdf = curves["pit_distribution"]
    yield (
        "calibration",
        "Their distribution functions less the uniform one, with the band that the whole curve keeps to 95 "
        "times in 100.",
        "svg",
        plots.plot_rank_curves(ecdf["levels"], ecdf["value"], *ecdf["band"], names=names),
    )
    tarp = curves["tarp"]
    yield (
        "calibration",
        "Expected coverage of the joint posterior (TARP) less its level: blue, with a 95 % bootstrap band; "
        "grey, the band that a calibrated posterior keeps to 95 times in 100.",
        "svg",
        plots.plot_tarp(tarp["levels"], tarp["value"], tarp["lower"], tarp["upper"], band=tarp["band"]),
    )
    tuning = None if evaluation.model is None else evaluation.model.provenance.get("dropout_tuning")
    if tuning:
        yield (
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
    levels = [f"{100 * level:.2f}" for level in SIGMA_LEVELS]
    for name, rows in evaluation.metrics["bins"].items():
        base = name.removeprefix("true_").removeprefix("predicted_")
        if not rows or name.startswith("true_"):
            continue
        unit = dict(zip(names, evaluation.metrics["units"], strict=True)).get(
            base, "arcsec" if base == "psf_fwhm" else ""
        )
        found = np.array(
            [
                [[[row["coverage"][level][p][key] for p in names] for level in levels] for row in rows]
                for key in ("value", "error")
            ],
            float,
        )
        centres = np.array([row["centre"] for row in rows])
        yield (
            "calibration",
            f"Coverage of shortest intervals in bins of {plain_name(name)}.",
            "svg",
            plots.plot_coverage_in_bins(
                centres,
                *found,
                levels=SIGMA_LEVELS,
                name=base,
                unit=unit,
                names=names,
                scale="log" if np.all(centres > 0) and centres.max() > 20 * centres.min() else "linear",
            ),
        )


def _uncertainty(evaluation):
    c = _Columns(evaluation)
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


def _labels(evaluation):
    labels = evaluation.metrics["labels"]
    if labels is None:
        return
    c = _Columns(evaluation)
    for name, entry in labels["value"]["confusion"].items():
        p = c.names.index(name)
        regions = [
            (rule.get("low", -np.inf), rule.get("high", np.inf))
            for rule in labels["rules"]
            if rule["parameter"] == name
        ]
        yield (
            "labels",
            f"Residuals of {plain_name(name)} with the labelled regions hatched, and their distribution with "
            "and without the labelled galaxies.",
            "png",
            plots.plot_labelled_residuals(c.mode[:, p], c.truth[:, p], regions, name=name, unit=c.units[p]),
        )
        by_probability = labels["probability"]["confusion"][name]
        for way, matrix in (
            ("by predicted value", entry),
            (f"by posterior probability above {labels['threshold']}", by_probability),
        ):
            yield (
                "labels",
                f"Labels {way}: galaxies, and shares of those that got the label.",
                "svg",
                plots.plot_confusion(matrix["counts"], matrix["labels"]),
            )


def _galaxies(evaluation):
    if evaluation.data is None:
        return
    c = _Columns(evaluation)
    measured = np.flatnonzero(np.all(np.isfinite(c.mode), axis=1))
    if measured.size == 0:
        return
    pixel_scale = evaluation.data.metadata["pixel_scale"]
    noise = _noise(evaluation.catalogue)
    stated = evaluation.posterior.scaler.canonical(c.truth)
    # posteriors that are one atom have no width: a tenth of the usual one stands for it, or a share of the range
    least = np.maximum(0.1 * np.nanmedian(c.width, axis=0), 1e-3 * np.nanstd(c.truth, axis=0) + 1e-12)
    width = np.maximum(c.width, least)[measured]
    distance = np.max(np.nan_to_num(np.abs(c.mode - stated)[measured] / width), axis=1)
    chosen = {
        "The first galaxies and their posteriors": measured[:_SHOWN],
        "Where the truth is farthest from the mode, in widths of the 68.27 % interval": measured[
            np.argsort(distance)[::-1][:_SHOWN]
        ],
    }
    for caption, rows in chosen.items():
        images = evaluation.data.images(evaluation.indices[rows])
        yield "galaxies", f"{caption}.", "png", _gallery(evaluation, rows, images, c, pixel_scale, noise)
    first = measured[0]
    yield (
        "galaxies",
        "Joint posterior of the first galaxy (68.27 % and 95.45 % regions), with the truth dashed.",
        "png",
        plots.plot_posterior(evaluation.posterior.samples[first], truth=c.truth[first], **c.labelled),
    )
    yield from _residual_images(evaluation, measured[:_SHOWN], c, pixel_scale, noise)
    yield from _crops(evaluation, measured[:_SCALES_OF], c, pixel_scale, noise)


def _gallery(evaluation, rows, images, c, pixel_scale, noise):
    posterior = evaluation.posterior
    shown = posterior[rows]
    draws = posterior.samples[rows]
    # each parameter's own grid, over the draws
    low, high = np.min(draws, axis=1), np.max(draws, axis=1)
    margin = 0.1 * (high - low)
    grid = np.linspace(low - margin, high + margin, 400, axis=1)
    density = shown.pdf(grid)
    return plots.plot_posterior_gallery(
        images,
        draws,
        truth=c.truth[rows],
        modes=c.mode[rows],
        intervals=np.swapaxes(shown.interval(SIGMA_LEVELS), 1, 2),
        densities=lambda i, p: (grid[i, :, p], density[i, :, p]),
        pixel_scale=pixel_scale,
        noise=noise,
        titles=[str(evaluation.indices[row]) for row in rows],
        **c.labelled,
    )


def _residual_images(evaluation, rows, c, pixel_scale, noise):
    from .reconstruction import redraw, reduced_chi_squared

    data = evaluation.data
    if not data.metadata.get("recipe") or noise is None:
        return
    images = data.images(evaluation.indices[rows])[..., 0]
    try:
        models = redraw(data, evaluation.indices[rows], evaluation.posterior.mean()[rows], c.names)
    except ValueError as error:
        # a figure less must not cost the report of an hour's measuring
        warnings.warn(f"no residual images in the report: {error}", stacklevel=2)
        return
    radius = np.asarray(evaluation.catalogue["effective_radius"], float)[rows]
    chi_squared = reduced_chi_squared(images, models, noise, radius, pixel_scale)
    yield (
        "galaxies",
        "Residual images: the cutout, the galaxy redrawn with the posterior mean (shape and profile as "
        "simulated where the model does not measure them), and the difference over the sky's noise, with the reduced "
        "χ² within one effective radius.",
        "png",
        plots.plot_residual_images(
            images,
            models,
            noise=noise,
            pixel_scale=pixel_scale,
            chi_squared=chi_squared,
            unit=data.metadata["pixel_unit"],
            titles=[str(evaluation.indices[row]) for row in rows],
        ),
    )


def _crops(evaluation, rows, c, pixel_scale, noise):
    """What the spatial transformer keeps, where the network has one that scales (and shifts)."""
    from .layers import SpatialTransformer

    model = evaluation.model
    if model is None or model.psf_shape:
        return
    if sum(isinstance(layer, SpatialTransformer) for layer in model.network.layers) != 1:
        return
    from .cropping import localisation

    localise = localisation(model.network)
    if localise.output_shape[-1] == 6:
        # a general matrix has no one scale
        return
    scales = np.concatenate(
        [
            np.asarray(localise(model.prepare(evaluation.data.images(evaluation.indices[part])), training=False))[:, 0]
            for part in np.array_split(rows, max(1, len(rows) // 32))
        ]
    )
    ends = np.argsort(scales)[[*range(min(5, len(scales) // 2)), *range(-min(5, len(scales) // 2), 0)]]
    images = evaluation.data.images(evaluation.indices[rows[ends]])
    yield (
        "galaxies",
        "The galaxies that the network crops most and least, and what it keeps of them.",
        "png",
        plots.plot_crops(images, scales[ends], pixel_scale=pixel_scale, noise=noise),
    )
    if "effective_radius" in c.names:
        radius = c.truth[rows, c.names.index("effective_radius")]
        yield (
            "galaxies",
            f"Scale of the crop against the effective radius, for {len(rows)} galaxies.",
            "png",
            plots.plot_crop_scale(scales, radius),
        )


def _noise(catalogue):
    if "noise_sigma" not in catalogue.colnames:
        return None
    return float(np.median(np.asarray(catalogue["noise_sigma"], float)))
