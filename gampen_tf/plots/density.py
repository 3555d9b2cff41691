"""Galaxies counted in hexagonal bins of a plane, with one logarithmic scale of colours for all panels of a figure."""

from __future__ import annotations

import numpy as np

from .style import axis_label, columns, compact_numbers, density_map, note, panels

__all__ = ["axis_range", "colour_counts", "hexagon_grid", "hexagons", "note_outside", "reach"]

_HEXAGONS = 45
# An axis of residuals or widths holds this share of the galaxies; how many lie beyond is written in the panel.
_SHOWN = 0.998
# Values of a badly trained model may span all that a float holds; the ticks of such an axis would overflow.
_LARGEST = 1e150


def hexagons(panel, x, y, *, x_range, y_range, x_scale="linear", y_scale="linear"):
    """Draw galaxies in hexagonal bins, and write the number of those outside the ranges.

    Parameters
    ----------
    panel : Axes
    x, y : (N,) array
        NaN left out.
    x_range, y_range : (low, high)
    x_scale, y_scale : {"linear", "log"}, optional

    Returns
    -------
    matplotlib PolyCollection
        For :func:`colour_counts`.
    """
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    inside = (x >= x_range[0]) & (x <= x_range[1]) & (y >= y_range[0]) & (y <= y_range[1])
    extent = [
        *(np.log10(x_range) if x_scale == "log" else x_range),
        *(np.log10(y_range) if y_scale == "log" else y_range),
    ]
    collection = panel.hexbin(
        x[inside],
        y[inside],
        gridsize=_HEXAGONS,
        extent=extent,
        xscale=x_scale,
        yscale=y_scale,
        mincnt=1,
        cmap=density_map(),
        linewidths=0.1,
    )
    panel.set_xlim(*x_range)
    panel.set_ylim(*y_range)
    compact_numbers(panel)
    note_outside(panel, np.sum(~inside), "lower right")
    return collection


def colour_counts(collections, axes):
    """One logarithmic scale of colours for the hexagons of several panels, and one colour bar beside them."""
    from matplotlib.colors import LogNorm

    most = max((np.max(collection.get_array()) for collection in collections if len(collection.get_array())), default=2)
    norm = LogNorm(1, max(float(most), 2.0))
    for collection in collections:
        collection.set_norm(norm)
    axes = np.asarray(axes, dtype=object).ravel()
    bar = axes[0].figure.colorbar(collections[0], ax=list(axes), pad=0.02, fraction=0.05, aspect=25)
    bar.set_label("Galaxies in a bin")


def hexagon_grid(values, y_texts, against, *, against_names, against_units, against_word, scales, symmetric, ax):
    """Hexagons of each column of values (rows of panels) against each quantity (columns of panels).

    Parameters
    ----------
    values : (N, P) array
    y_texts : sequence of P str
        Of the y axes.
    against : (N, Q) array
    against_names : sequence of Q str
    against_units : sequence of Q str, or None
    against_word : str
        Before the symbols on the x axes.
    scales : sequence of Q {"linear", "log"}, or None
        Of the x axes.
    symmetric : bool
        Whether the y axes reach as far below zero as above; else they begin at zero.
    ax : (P, Q) array of Axes, or None

    Returns
    -------
    matplotlib Figure
    """
    against = columns(against, against_names, "against")
    units = [""] * len(against_names) if against_units is None else against_units
    scales = ["linear"] * len(against_names) if scales is None else scales
    figure, axes = panels(ax, len(y_texts), len(against_names), width=3.1, height=2.4)
    shown = []
    for row, (column, text) in enumerate(zip(values.T, y_texts, strict=True)):
        top = reach(column)
        y_range = (-top, top) if symmetric else (0, top)
        for panel, x, name, unit, scale in zip(axes[row], against.T, against_names, units, scales, strict=True):
            shown.append(hexagons(panel, x, column, x_range=axis_range(x, scale), y_range=y_range, x_scale=scale))
            if symmetric:
                panel.axhline(0, color="black", linestyle=":", linewidth=1)
            panel.set_xlabel(axis_label(name, unit, f"{against_word} {{}}"))
            panel.set_ylabel(text)
    colour_counts(shown, axes)
    return figure


def axis_range(values, scale="linear"):
    """Range of an axis that holds all values that can be drawn, with a margin of a fiftieth on either side."""
    values = values[(np.abs(values) < _LARGEST) & ((values > 1 / _LARGEST) if scale == "log" else True)]
    if values.size == 0:
        return (0.1, 1.0) if scale == "log" else (0.0, 1.0)
    low, high = np.min(values), np.max(values)
    if scale == "log":
        margin = (high / low) ** 0.02 if high > low else 2.0
        return low / margin, high * margin
    margin = 0.02 * (high - low) if high > low else 0.5 * max(abs(high), 1.0)
    return low - margin, high + margin


def reach(values):
    """Largest |value| that an axis shows: all but the 0.2 % of galaxies farthest out, with a margin."""
    values = np.abs(values[np.abs(values) < _LARGEST])
    largest = 1.05 * np.quantile(values, _SHOWN) if values.size else 1.0
    return float(largest) or 1.0


def note_outside(panel, count, where):
    """Write into a corner of a panel how many galaxies lie outside of it, if any do."""
    if count:
        note(panel, f"{int(count)} outside", where, fontsize="x-small")
