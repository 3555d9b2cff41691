"""Figures of galaxies: cutouts, crops of the spatial transformer, residual images."""

from __future__ import annotations

import numpy as np

from .style import COLOURS, axis_label, note, number, panels

__all__ = ["outline_crop", "plot_crop_scale", "plot_crops", "plot_cutouts", "plot_residual_images", "show_cutout"]

# Scales with a smaller standard deviation than this do not depend on the galaxy.
_CONSTANT_SCALE = 0.01


def show_cutout(ax, image, *, noise=None, pixel_scale=None, largest=None):
    """One image in an axes, arcsinh-stretched about its noise, dark sources on white, with a scale bar.

    Parameters
    ----------
    ax : Axes
    image : (H, W) or (H, W, C) array
        The mean of the bands is shown.
    noise : float, optional
        Standard deviation of the sky per pixel; from the image's own median deviations if not given.
    pixel_scale : float, optional
        arcsec; a bar of a round number of arcsec is drawn if given.
    largest : float, optional
        Pixel value that is black; that of the brightest pixel if not given.

    Returns
    -------
    matplotlib Figure
    """
    image = _plane(image)
    noise = _noise(image) if noise is None else noise
    top = max(np.nanmax(image) if largest is None else largest, 5 * noise)
    ax.imshow(
        np.arcsinh(image / (2 * noise)),
        origin="lower",
        cmap="gray_r",
        interpolation="nearest",
        vmin=np.arcsinh(-1),
        vmax=np.arcsinh(top / (2 * noise)),
    )
    ax.set_xticks([])
    ax.set_yticks([])
    if pixel_scale is not None:
        _scale_bar(ax, image.shape, pixel_scale)
    return ax.figure


def outline_crop(ax, shape, scale):
    """Draw the square that a spatial transformer keeps, at the borders of the pixels that it samples.

    Parameters
    ----------
    ax : Axes
        With the image in it.
    shape : (height, width)
        Of the image.
    scale : float
        Side of the crop over that of the image.
    """
    from matplotlib.patches import Rectangle

    # coordinates ±1 are the centres of the corner pixels
    height, width = (scale * (side - 1) for side in shape)
    corner = (0.5 * (shape[1] - 1 - width), 0.5 * (shape[0] - 1 - height))
    ax.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=COLOURS[1], linewidth=1.3, clip_on=True))


def plot_cutouts(images, titles=None, *, pixel_scale=None, noise=None, n_columns=5, ax=None):
    """A gallery of images.

    Parameters
    ----------
    images : (N, H, W) or (N, H, W, C) array
    titles : sequence of N str, optional
        In the upper left corner of each.
    pixel_scale, noise : float, optional
    n_columns : int, optional
    ax : sequence of Axes, optional
        One for each image, or one for each place of the grid.

    Returns
    -------
    matplotlib Figure
    """
    n_columns = min(n_columns, len(images))
    n_rows = -(-len(images) // n_columns)
    if ax is not None:
        n_rows, n_columns = 1, np.size(ax)
    figure, axes = panels(ax, n_rows, n_columns, width=1.9, height=1.9)
    for i, panel in enumerate(axes.flat):
        if i >= len(images):
            panel.axis("off")
            continue
        show_cutout(panel, images[i], noise=noise, pixel_scale=pixel_scale if i == 0 else None)
        if titles is not None:
            note(panel, titles[i])
    return figure


def plot_crops(images, scales, crops=None, *, pixel_scale=None, noise=None, n_each=5, ax=None):
    """The most and the least cropped galaxies, with the frame that the spatial transformer keeps.

    Parameters
    ----------
    images : (N, H, W) or (N, H, W, C) array
    scales : (N,) array
        Side of the crop over that of the image; above 1 there are zeros around it.
    crops : array like ``images``, optional
        The outputs of the transformer, drawn beneath each image.
    pixel_scale, noise : float, optional
    n_each : int, optional
        Galaxies from either end.
    ax : array of Axes, optional
        2 n_each for the images, as many again for the crops.

    Returns
    -------
    matplotlib Figure
    """
    scales = np.asarray(scales, float).reshape(-1)
    order = np.argsort(scales)[: np.sum(np.isfinite(scales))]
    n_each = min(n_each, len(order) // 2) or 1
    ends = [("most cropped", order[:n_each]), ("least cropped", order[-n_each:])]
    rows_each = 1 if crops is None else 2
    figure, axes = panels(ax, 2 * rows_each, n_each, width=1.8, height=1.8)
    for end, (word, indices) in enumerate(ends):
        for column, index in enumerate(indices):
            panel = axes[end * rows_each, column]
            bar = pixel_scale if end == column == 0 else None
            show_cutout(panel, images[index], noise=noise, pixel_scale=bar)
            outline_crop(panel, np.shape(images[index])[:2], scales[index])
            note(panel, f"s = {scales[index]:.2f}")
            if crops is not None:
                show_cutout(axes[end * rows_each + 1, column], crops[index], noise=noise)
        axes[end * rows_each, 0].set_ylabel(word)
        if crops is not None:
            axes[end * rows_each + 1, 0].set_ylabel("network sees")
    return figure


def plot_crop_scale(scales, radius, *, name="effective_radius", unit="arcsec", ax=None):
    """Crop scale against size, and its histogram, with a note where it is nearly the same for all galaxies.

    Parameters
    ----------
    scales, radius : (N,) array
    name, unit : str, optional
        Of ``radius``.
    ax : two Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    scales, radius = np.asarray(scales, float).reshape(-1), np.asarray(radius, float).reshape(-1)
    known = np.isfinite(scales) & np.isfinite(radius)
    scales, radius = scales[known], radius[known]
    figure, axes = panels(ax, 1, 2, width=3.6, height=3.0)
    left, right = axes[0]
    left.plot(radius, scales, ".", markersize=2, alpha=0.4, color=COLOURS[0], rasterized=True)
    left.set_xlabel(axis_label(name, unit))
    left.set_ylabel("Crop scale $s$")
    spread = float(np.std(scales)) if scales.size else np.nan
    low, high = (scales.min(), scales.max()) if scales.size else (0.0, 1.0)
    if high - low < 2 * _CONSTANT_SCALE:
        low, high = low - _CONSTANT_SCALE, high + _CONSTANT_SCALE
        left.set_ylim(low, high)
    right.hist(scales, bins=np.linspace(low, high, 41), color=COLOURS[0], alpha=0.75)
    right.set_xlabel("Crop scale $s$")
    right.set_ylabel("Galaxies")
    right.margins(y=0.25)
    text = f"standard deviation {number(spread)}"
    if spread < _CONSTANT_SCALE:
        text = f"nearly constant: the transformer\ncrops all galaxies alike\n{text}"
    note(right, text)
    return figure


def plot_residual_images(images, models, *, noise, pixel_scale=None, titles=None, chi_squared=None, unit="", ax=None):
    """Cutout, PSF-convolved model and their difference in units of the noise, a row a galaxy.

    Parameters
    ----------
    images, models : (N, H, W) array
    noise : float or (N, H, W) array
        Standard deviation of the sky per pixel, in the images' unit.
    pixel_scale : float, optional
    titles : sequence of N str, optional
        In the corner of each cutout.
    chi_squared : (N,) array, optional
        Reduced χ², written on the differences.
    unit : str, optional
        Of a pixel; named on the figure.
    ax : (N, 3) array of Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    figure, axes = panels(ax, len(images), 3, width=2.1, height=2.0)
    for i, row in enumerate(axes):
        image, model = _plane(images[i]), _plane(models[i])
        sigma = np.broadcast_to(noise[i] if np.ndim(noise) == 3 else noise, image.shape)
        sky = float(np.median(sigma))
        largest = float(np.nanmax(image))
        show_cutout(row[0], image, noise=sky, pixel_scale=pixel_scale if i == 0 else None, largest=largest)
        show_cutout(row[1], model, noise=sky, largest=largest)
        shown = row[2].imshow(
            (image - model) / sigma, origin="lower", cmap="RdBu_r", vmin=-5, vmax=5, interpolation="nearest"
        )
        row[2].set_xticks([])
        row[2].set_yticks([])
        if titles is not None:
            note(row[0], titles[i])
        if chi_squared is not None:
            note(row[2], rf"$\chi^2_\nu$ = {number(chi_squared[i])}")
    for panel, word in zip(axes[0], ("Cutout", "Model", "Difference"), strict=True):
        panel.set_title(word)
    suffix = f" ({number(np.median(noise))} {unit})" if unit else ""
    bar = figure.colorbar(shown, ax=list(axes[:, 2]), pad=0.03, extend="both", fraction=0.08)
    bar.set_label(rf"Difference / $\sigma$ of the sky{suffix}")
    return figure


def _plane(image):
    image = np.asarray(image, float)
    return image.mean(axis=-1) if image.ndim == 3 else image


def _noise(image):
    # 1.4826 times the median absolute deviation is σ for a normal distribution, and sources hardly move it; as
    # astropy.stats.mad_std, without its import
    deviation = 1.4826 * np.nanmedian(np.abs(image - np.nanmedian(image)))
    return deviation if deviation > 0 else np.nanmax(np.abs(image)) / 100 or 1.0


def _scale_bar(ax, shape, pixel_scale):
    """A bar of 1, 2 or 5 × 10ⁿ arcsec, about a quarter of the image wide."""
    target = 0.25 * shape[1] * pixel_scale
    decade = 10 ** np.floor(np.log10(target))
    length = max(step * decade for step in (1, 2, 5) if step * decade <= target)
    x, y = 0.06 * shape[1], 0.08 * shape[0]
    ax.plot([x, x + length / pixel_scale], [y, y], color=COLOURS[1], linewidth=2)
    ax.text(
        x + 0.5 * length / pixel_scale,
        y + 0.02 * shape[0],
        f"{length:g}″",
        color=COLOURS[1],
        ha="center",
        va="bottom",
        fontsize="small",
    )
    ax.set_xlim(-0.5, shape[1] - 0.5)
    ax.set_ylim(-0.5, shape[0] - 0.5)
