"""Figures of single galaxies in the report: their posteriors, residual images and crops."""

from __future__ import annotations

import warnings

import numpy as np

from .. import plots
from ..layers.spatial_transformer import SpatialTransformer
from ..metrics.draws import SIGMA_LEVELS
from ..networks.parts import localisation
from ..simulation.redraw import redraw, reduced_chi_squared
from .report_parts import FigureColumns

__all__ = ["draw_galaxy_figures"]

_SHOWN = 4
_SCALES_OF = 2000


def draw_galaxy_figures(evaluation):
    """Generate ``(section, caption, file format, figure)`` of single galaxies: posteriors, residual images, crops.

    Parameters
    ----------
    evaluation : Evaluation
        Nothing is drawn where it has no data set, or no galaxy was measured.

    Yields
    ------
    (str, str, str, matplotlib Figure)
    """
    if evaluation.data is None:
        return
    c = FigureColumns(evaluation)
    measured = np.flatnonzero(np.all(np.isfinite(c.mode), axis=1))
    if measured.size == 0:
        return
    pixel_scale = evaluation.data.pixel_scale
    noise = _noise(evaluation.catalogue)
    stated = evaluation.posterior.scaler.canonical(c.truth)
    # posteriors that are one atom have no width: a tenth of the median width stands in, or a share of the scatter
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
        plots.plot_posterior(evaluation.posterior.samples[first], truth=c.truth[first], **c.named),
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
        **c.named,
    )


def _residual_images(evaluation, rows, c, pixel_scale, noise):
    data = evaluation.data
    if not data.recipe or noise is None:
        return
    images = data.images(evaluation.indices[rows])[..., 0]
    try:
        models = redraw(data, evaluation.indices[rows], evaluation.posterior.mean()[rows], c.names)
    except ValueError as error:
        # the report of an hour of measuring must not fail for want of one figure
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
            unit=data.pixel_unit,
            titles=[str(evaluation.indices[row]) for row in rows],
        ),
    )


def _crops(evaluation, rows, c, pixel_scale, noise):
    """Figures of the crops of the spatial transformer, where the network has one that scales (and shifts)."""
    model = evaluation.model
    if model is None or model.inputs_beside:
        return
    if sum(isinstance(layer, SpatialTransformer) for layer in model.network.layers) != 1:
        return
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
