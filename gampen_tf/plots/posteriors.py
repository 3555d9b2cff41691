"""Posteriors of one galaxy or a few (Ghosh et al. 2022, figures 9 and 10)."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from ..metrics.draws import SIGMA_LEVELS, highest_density_intervals
from .images import show_cutout
from .style import COLOURS, axis_label, columns, compact_numbers, note, panels

__all__ = ["plot_marginal", "plot_posterior", "plot_posterior_gallery"]

# From the innermost interval outwards: the same blue, paler and paler, which print keeps in order.
_SHADES = ("#4f97c7", "#9cc6e0", "#d3e5f2")


def plot_marginal(draws, *, density=None, intervals=None, mode=None, truth=None, name, unit="", ax=None):
    """Histogram of one parameter's draws, its density, intervals, mode and truth.

    Parameters
    ----------
    draws : (D,) array
    density : (x, p), optional
        Two arrays: a grid of values and the density there.
    intervals : (L, 2) array, optional
        Ends of nested intervals, the smallest first; if not given the shortest ones of the draws that hold 68.27, 95.45
        and 99.73 %.
    mode, truth : float, optional
    name, unit : str
    ax : Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    draws = np.asarray(draws, float)
    figure, axes = panels(ax, width=3.4, height=2.6)
    panel = axes[0, 0]
    if intervals is None:
        lower, upper = highest_density_intervals(draws[None, :, None], SIGMA_LEVELS)
        intervals = np.stack([lower[0, :, 0], upper[0, :, 0]], axis=1)
    shaded = [
        (low, high, shade)
        for (low, high), shade in zip(np.asarray(intervals, float), _SHADES, strict=False)
        # few draws know no outermost interval
        if np.isfinite(low) and np.isfinite(high)
    ]
    span = _span(draws if truth is None else np.append(draws, truth))
    for low, high, shade in shaded[::-1]:
        panel.axvspan(low, high, color=shade, linewidth=0)
    panel.hist(draws, bins=np.linspace(*span, 41), density=True, histtype="step", color="0.25", linewidth=0.8)
    if density is not None:
        panel.plot(*density, color="black", linewidth=1.3)
    if mode is not None:
        panel.axvline(mode, color="black", linestyle="--", linewidth=1.2)
    if truth is not None:
        panel.axvline(truth, color=COLOURS[1], linewidth=1.8)
    panel.set_xlim(*span)
    panel.set_yticks([])
    panel.set_xlabel(axis_label(name, unit))
    compact_numbers(panel, "x", 4)
    return figure


def plot_posterior(samples, *, names, units=None, truth=None, levels=SIGMA_LEVELS[:2], ax=None):
    """Joint and marginal posterior of one galaxy: every pair of parameters, and each alone on the diagonal.

    Parameters
    ----------
    samples : (D, P) array
        Draws of one galaxy.
    names, units : sequence of P str
    truth : (P,) array, optional
    levels : sequence of float, optional
        Contours enclose these shares of the draws, in regions of highest density.
    ax : (P, P) array of Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    samples = columns(samples, names, "samples")
    n = len(names)
    units = [""] * n if units is None else units
    figure, axes = panels(ax, n, n, width=2.1, height=2.0)
    spans = [_span(column if truth is None else np.append(column, truth[i])) for i, column in enumerate(samples.T)]
    for row in range(n):
        for column in range(n):
            panel = axes[row, column]
            if column > row:
                panel.axis("off")
                continue
            if column == row:
                panel.hist(
                    samples[:, row],
                    bins=np.linspace(*spans[row], 41),
                    density=True,
                    histtype="stepfilled",
                    color=COLOURS[0],
                    alpha=0.6,
                )
                panel.set_yticks([])
            else:
                _density_regions(panel, samples[:, column], samples[:, row], spans[column], spans[row], levels)
                panel.set_ylim(*spans[row])
            panel.set_xlim(*spans[column])
            compact_numbers(panel, "both" if column < row else "x", 3)
            if truth is not None:
                panel.axvline(truth[column], color=COLOURS[1], linestyle="--", linewidth=1.2)
                if column < row:
                    panel.axhline(truth[row], color=COLOURS[1], linestyle="--", linewidth=1.2)
            if row == n - 1:
                panel.set_xlabel(axis_label(names[column], units[column]))
            else:
                panel.tick_params(labelbottom=False)
                panel.xaxis.offsetText.set_visible(False)
            if column == 0 and row > 0:
                panel.set_ylabel(axis_label(names[row], units[row]))
            elif column < row:
                panel.tick_params(labelleft=False)
                panel.yaxis.offsetText.set_visible(False)
    return figure


def plot_posterior_gallery(
    images,
    samples,
    *,
    names,
    units=None,
    truth=None,
    modes=None,
    intervals=None,
    densities=None,
    pixel_scale=None,
    noise=None,
    titles=None,
    ax=None,
):
    """A row for each galaxy: its image, and the marginal posterior of each parameter.

    Parameters
    ----------
    images : (N, H, W) or (N, H, W, C) array
    samples : (N, D, P) array
    names, units : sequence of P str
    truth, modes : (N, P) array, optional
    intervals : (N, L, P, 2) array, optional
        As in :func:`plot_marginal`.
    densities : callable, optional
        ``densities(i, p)`` gives the grid and the density of galaxy i and parameter p.
    pixel_scale, noise : float, optional
        Of the images.
    titles : sequence of N str, optional
        On the images.
    ax : (N, P + 1) array of Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    samples = np.asarray(samples, float)
    n, n_parameters = len(images), len(names)
    if samples.ndim != 3 or samples.shape[0] != n or samples.shape[2] != n_parameters:
        raise ValueError(f"samples: expected ({n}, draws, {n_parameters}), found shape {samples.shape}")
    units = [""] * n_parameters if units is None else units
    figure, axes = panels(ax, n, n_parameters + 1, width=2.5, height=2.1)
    for i in range(n):
        show_cutout(axes[i, 0], images[i], noise=noise, pixel_scale=pixel_scale if i == 0 else None)
        if titles is not None:
            note(axes[i, 0], titles[i])
        for p in range(n_parameters):
            plot_marginal(
                samples[i, :, p],
                density=None if densities is None else densities(i, p),
                intervals=None if intervals is None else intervals[i, :, p],
                mode=None if modes is None else modes[i, p],
                truth=None if truth is None else truth[i, p],
                name=names[p],
                unit=units[p],
                ax=axes[i, p + 1],
            )
    if ax is None:
        levels = zip(SIGMA_LEVELS, _SHADES, strict=True)
        shown = [Patch(color=shade, label=f"{100 * level:.2f} %") for level, shade in levels]
        if modes is not None:
            shown.append(Line2D([], [], color="black", linestyle="--", linewidth=1.2, label="mode"))
        if truth is not None:
            shown.append(Line2D([], [], color=COLOURS[1], linewidth=1.8, label="true value"))
        figure.legend(handles=shown, loc="outside upper center", ncols=len(shown), frameon=False)
    return figure


def _density_regions(panel, x, y, x_span, y_span, levels):
    """Filled regions of highest density of a smoothed histogram, and the draws outside of them."""
    counts, x_edges, y_edges = np.histogram2d(x, y, bins=40, range=[x_span, y_span])
    density = gaussian_filter(counts, 1.2, mode="nearest")
    order = np.argsort(-density, axis=None)
    ordered = density.ravel()[order]
    # the draws themselves are counted: a region that holds its share of the smoothed density holds more of them
    enclosed = np.cumsum(counts.ravel()[order]) / counts.sum()
    heights = [ordered[min(np.searchsorted(enclosed, level), ordered.size - 1)] for level in sorted(levels)]
    # contours need rising levels; regions of few draws may share a height
    bounds = [*dict.fromkeys(sorted(heights)), ordered[0] * 1.001 + 1e-12]
    panel.plot(x, y, ",", color="0.6", alpha=0.5, rasterized=True, zorder=0)
    shades = _SHADES[: len(bounds) - 1][::-1]
    centres = [0.5 * (edges[1:] + edges[:-1]) for edges in (x_edges, y_edges)]
    panel.contourf(*centres, density.T, levels=bounds, colors=shades, zorder=1)
    panel.contour(*centres, density.T, levels=bounds[:-1], colors=COLOURS[0], linewidths=0.8, zorder=2)


def _span(draws):
    """Range that holds the draws but the outermost thousandths, and the last value given (the truth)."""
    draws = draws[np.isfinite(draws)]
    low, high = np.quantile(draws, [0.001, 0.999])
    low, high = min(low, draws[-1]), max(high, draws[-1])
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 0.05
    return low - margin, high + margin
