"""Figures of a generative model: reconstructions, traversals of latents, samples, galaxies in latent space."""

from __future__ import annotations

import numpy as np

from .style import COLOURS, MARKERS, note, panels

__all__ = ["plot_latents", "plot_reconstructions", "plot_samples", "plot_traversal"]

_GREYS = {"cmap": "gray", "origin": "lower", "interpolation": "nearest"}


def plot_reconstructions(images, means, variances, titles=None, *, ax=None):
    """Image, mean and variance of its reconstruction, a row each (Regier et al. 2015, figure 3).

    Parameters
    ----------
    images, means, variances : (N, H, W) or (N, H, W, C) array
        The mean of the bands is shown; images and means on a grey scale from 0 to the image's largest value.
    titles : sequence of N str, optional
    ax : (N, 3) array of Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    images, means, variances = (_planes(x) for x in (images, means, variances))
    figure, axes = panels(ax, len(images), 3, width=1.6, height=1.6)
    for i, row in enumerate(axes):
        largest = np.nanmax(images[i])
        for panel, image, top in zip(row, (images[i], means[i], variances[i]), (largest, largest, None), strict=True):
            _show(panel, image, top)
        if titles is not None:
            note(row[0], titles[i])
    for panel, title in zip(axes[0], ("image", "mean", "variance"), strict=True):
        panel.set_title(title, fontsize="medium")
    return figure


def plot_traversal(images, steps, *, ax=None):
    """One latent changed at a time, a row each (Regier et al. 2015, figure 5).

    Parameters
    ----------
    images : (L, S, H, W) or (L, S, H, W, C) array
        As `gampen_tf.GalaxyVAE.traversal` gives them.
    steps : sequence of S float
        In standard deviations.
    ax : (L, S) array of Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    images = np.asarray(images, float)
    images = images.mean(-1) if images.ndim == 5 else images
    if images.ndim != 4 or images.shape[1] != len(steps):
        raise ValueError(f"images of shape {images.shape}; expected (latents, {len(steps)} steps, height, width)")
    figure, axes = panels(ax, *images.shape[:2], width=1.0, height=1.0)
    largest = np.nanmax(images[:, np.argmin(np.abs(steps))])
    for i, row in enumerate(axes):
        for panel, image in zip(row, images[i], strict=True):
            _show(panel, image, largest)
        row[0].set_ylabel(f"$z_{{{i + 1}}}$", rotation=0, labelpad=10, va="center")
    for panel, step in zip(axes[0], steps, strict=True):
        panel.set_title(f"{step:+g} σ" if step else "0", fontsize="small")
    return figure


def plot_samples(images, *, n_columns=8, ax=None):
    """Images that a model generated, all on one grey scale from 0.

    Parameters
    ----------
    images : (N, H, W) or (N, H, W, C) array
    n_columns : int, optional
    ax : sequence of N Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    images = _planes(images)
    n_columns = min(n_columns, len(images))
    n_rows = -(-len(images) // n_columns)
    if ax is not None:
        n_rows, n_columns = 1, len(images)
    figure, axes = panels(ax, n_rows, n_columns, width=1.0, height=1.0)
    largest = np.nanquantile(np.nanmax(images, axis=(1, 2)), 0.5)
    for i, panel in enumerate(axes.flat):
        if i < len(images):
            _show(panel, images[i], largest)
        else:
            panel.axis("off")
    return figure


def plot_latents(embedding, classes=None, *, images=None, n_images=150, title="", ax=None):
    """Galaxies in the plane of an embedding of their latents (Regier et al. 2015, figure 4).

    Parameters
    ----------
    embedding : (N, 2) array
        Such as `gampen_tf.vae.embed` gives.
    classes : sequence of N str, optional
        Each has a colour and a marker of its own.
    images : (N, H, W) or (N, H, W, C) array, optional
        Drawn at their places instead of markers, as many as do not cover each other.
    n_images : int, optional
        Largest number of images.
    title : str, optional
    ax : Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    embedding = np.asarray(embedding, float)
    if embedding.ndim != 2 or embedding.shape[1] != 2:
        raise ValueError(f"embedding of shape {embedding.shape}; expected (N, 2)")
    figure, axes = panels(ax, width=6.0 if images is not None else 4.5, height=6.0 if images is not None else 4.2)
    panel = axes[0, 0]
    if images is not None:
        _thumbnails(panel, embedding, _planes(images), n_images)
    else:
        found = np.zeros(len(embedding), int) if classes is None else np.asarray(classes)
        for i, one in enumerate(np.unique(found)):
            rows = found == one
            panel.scatter(
                *embedding[rows].T,
                s=9,
                marker=MARKERS[i % len(MARKERS)],
                color=COLOURS[i % len(COLOURS)],
                alpha=0.6,
                linewidth=0,
                label=str(one),
            )
        if classes is not None:
            panel.legend(frameon=False, markerscale=2)
    panel.set_xticks([])
    panel.set_yticks([])
    panel.set_title(title)
    return figure


def _thumbnails(panel, embedding, images, n_images):
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    low, high = embedding.min(0), embedding.max(0)
    span = np.where(high > low, high - low, 1.0)
    place = (embedding - low) / span
    nearest = 0.85 / np.sqrt(n_images)
    chosen = []
    for i in range(len(place)):
        if len(chosen) < n_images and all(np.max(np.abs(place[i] - place[j])) > nearest for j in chosen):
            chosen.append(i)
    for i in chosen:
        top = np.nanmax(images[i])
        picture = OffsetImage(images[i], zoom=28 / images.shape[1], cmap="gray", norm=_range(top), origin="lower")
        panel.add_artist(AnnotationBbox(picture, embedding[i], frameon=False, pad=0))
    panel.set_facecolor("black")
    panel.set_xlim(low[0] - 0.05 * span[0], high[0] + 0.05 * span[0])
    panel.set_ylim(low[1] - 0.05 * span[1], high[1] + 0.05 * span[1])


def _range(top):
    from matplotlib.colors import Normalize

    return Normalize(0, top)


def _show(panel, image, top):
    panel.imshow(image, vmin=0, vmax=top, **_GREYS)
    panel.set_xticks([])
    panel.set_yticks([])


def _planes(images):
    images = np.asarray(images, float)
    return images.mean(-1) if images.ndim == 4 else images
