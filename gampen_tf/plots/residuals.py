"""Predicted against true values, and residuals against anything (Ghosh et al. 2022, figures 11 to 16)."""

from __future__ import annotations

import numpy as np

from ..core.known_parameters import symbol_of
from ..metrics.draws import SIGMA_LEVELS
from .style import COLOURS, LINES, axis_label, columns, compact_numbers, density_map, note, number, panels

__all__ = [
    "plot_fractional_residuals",
    "plot_predicted_against_true",
    "plot_residual_histograms",
    "plot_residuals",
    "plot_residuals_of_groups",
]

_HEXAGONS = 45
# A residual axis holds this share of the galaxies; how many lie beyond is written in the panel.
_SHOWN = 0.998


def plot_predicted_against_true(predicted, truth, *, names, units=None, scales=None, ax=None):
    """Predicted against true values, the number of galaxies in colour (log scale), with the line of equality.

    Parameters
    ----------
    predicted, truth : (N, P) array
        NaN left out.
    names, units : sequence of P str
    scales : sequence of P {"linear", "log"}, optional
        Of both axes.
    ax : sequence of P Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    predicted, truth = columns(predicted, names, "predicted"), columns(truth, names, "truth")
    figure, axes = panels(ax, 1, len(names), width=3.3, height=2.9)
    shown = []
    for panel, p, t, name, unit, scale in zip(
        axes[0], predicted.T, truth.T, names, _units(units, names), scales or ["linear"] * len(names), strict=True
    ):
        span = _span(np.concatenate([p, t]), scale)
        shown.append(hexagons(panel, t, p, x_range=span, y_range=span, x_scale=scale, y_scale=scale))
        panel.plot(span, span, color="black", linestyle="--", linewidth=1)
        panel.set_xlabel(axis_label(name, unit, "True {}"))
        panel.set_ylabel(axis_label(name, unit, "Predicted {}"))
    colour_counts(shown, axes)
    return figure


def plot_residual_histograms(predicted, truth, *, names, units=None, ax=None):
    """Histogram of predicted minus true values of each parameter, with mean, median, σ and the 68.27 % error.

    Parameters
    ----------
    predicted, truth : (N, P) array
    names, units : sequence of P str
    ax : sequence of P Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    residuals = columns(predicted, names, "predicted") - columns(truth, names, "truth")
    figure, axes = panels(ax, 1, len(names))
    for panel, column, name, unit in zip(axes[0], residuals.T, names, _units(units, names), strict=True):
        column = column[np.isfinite(column)]
        reach = _reach(column)
        panel.hist(column, bins=np.linspace(-reach, reach, 61), color=COLOURS[0], alpha=0.75)
        panel.axvline(0, color="black", linestyle="--", linewidth=1)
        panel.set_xlim(-reach, reach)
        # room for the numbers above the peak
        panel.set_ylim(0, 1.45 * panel.dataLim.ymax)
        if column.size:
            lines = [
                f"mean {number(np.mean(column))}",
                f"median {number(np.median(column))}",
                f"$\\sigma$ {number(np.std(column))}",
                f"68.27 %: {number(np.quantile(np.abs(column), SIGMA_LEVELS[0]))}",
            ]
            note(panel, "\n".join(lines))
        _note_outside(panel, np.sum(np.abs(column) > reach), "upper right")
        panel.set_xlabel(_residual_label(name, unit))
        panel.set_ylabel("Galaxies")
        compact_numbers(panel)
    return figure


def plot_residuals(
    predicted,
    truth,
    *,
    names,
    units=None,
    against=None,
    against_names=None,
    against_units=None,
    against_word="True",
    scales=None,
    ax=None,
):
    """Predicted minus true values of each parameter against any quantities, in hexagons with log colours.

    Parameters
    ----------
    predicted, truth : (N, P) array
    names, units : sequence of P str
    against : (N, Q) array, optional
        The truth if not given; the predicted values, signal-to-noise ratios, ...
    against_names, against_units : sequence of Q str, optional
        The parameters' own if not given.
    against_word : str, optional
        Before the symbols on the x axes.
    scales : sequence of Q {"linear", "log"}, optional
        Of the x axes.
    ax : (P, Q) array of Axes, optional

    Returns
    -------
    matplotlib Figure
        A row for each parameter, a column for each quantity.
    """
    predicted, truth = columns(predicted, names, "predicted"), columns(truth, names, "truth")
    labels = [_residual_label(name, unit) for name, unit in zip(names, _units(units, names), strict=True)]
    if against_names is None:
        against_names, against_units = names, units
    against = truth if against is None else columns(against, against_names, "against")
    return residual_grid(
        predicted - truth, labels, against, against_names, against_units, against_word, scales, ax=ax, symmetric=True
    )


def plot_fractional_residuals(
    predicted,
    truth,
    *,
    names,
    units=None,
    against=None,
    against_names=None,
    against_units=None,
    against_word="True",
    scales=None,
    ax=None,
):
    """|predicted − true| / true of each parameter against any quantities; arguments as in :func:`plot_residuals`.

    For sizes and fluxes: what grows with the value alone falls away, and perfect predictions lie at the bottom.

    Returns
    -------
    matplotlib Figure
    """
    predicted, truth = columns(predicted, names, "predicted"), columns(truth, names, "truth")
    if against_names is None:
        against_names, against_units = names, units
    against = truth if against is None else columns(against, against_names, "against")
    with np.errstate(divide="ignore", invalid="ignore"):
        fraction = np.abs(predicted - truth) / truth
    fraction[~np.isfinite(fraction)] = np.nan
    labels = [rf"|$\Delta$ {symbol_of(name)}| / {symbol_of(name)}" for name in names]
    return residual_grid(
        fraction, labels, against, against_names, against_units, against_word, scales, ax=ax, symmetric=False
    )


def plot_residuals_of_groups(residuals, groups, *, name, unit="", ax=None):
    """Histograms of one parameter's residuals for groups of galaxies, such as those of one and two components.

    Parameters
    ----------
    residuals : (N,) array
        Predicted minus true.
    groups : dict of str: (N,) bool array
        They may overlap.
    name, unit : str
    ax : Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    residuals = np.asarray(residuals, float)
    figure, axes = panels(ax, width=4.8, height=3.4)
    panel = axes[0, 0]
    reach = _reach(residuals)
    edges = np.linspace(-reach, reach, 61)
    for i, (group, mask) in enumerate(groups.items()):
        column = residuals[np.asarray(mask, bool)]
        column = column[np.isfinite(column)]
        if column.size == 0:
            continue
        label = f"{group}: $\\sigma$ = {number(np.std(column))} ({column.size})"
        panel.hist(
            column,
            bins=edges,
            histtype="step",
            color=COLOURS[i % len(COLOURS)],
            linestyle=LINES[i % len(LINES)],
            linewidth=1.5,
            label=label,
        )
    panel.axvline(0, color="black", linestyle="--", linewidth=1)
    panel.set_yscale("log")
    bottom, top = panel.get_ylim()
    # the legend needs its own room above the peaks, about a decade for each group
    panel.set_ylim(bottom, top * 4 ** len(groups))
    panel.legend(loc="upper left", fontsize="small", framealpha=0.9, edgecolor="none")
    panel.set_xlabel(_residual_label(name, unit))
    panel.set_ylabel("Galaxies")
    return figure


def hexagons(panel, x, y, *, x_range, y_range, x_scale="linear", y_scale="linear"):
    """Galaxies in hexagonal bins; what lies outside the ranges is counted in the panel. For :func:`colour_counts`."""
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
    _note_outside(panel, np.sum(~inside), "lower right")
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


def residual_grid(values, labels, against, against_names, against_units, against_word, scales, *, ax, symmetric):
    """Hexagons of each column of ``values`` (rows of panels) against each of ``against`` (columns of panels)."""
    units = _units(against_units, against_names)
    scales = scales or ["linear"] * len(against_names)
    figure, axes = panels(ax, len(labels), len(against_names), width=3.1, height=2.4)
    shown = []
    for row, (column, label) in enumerate(zip(values.T, labels, strict=True)):
        reach = _reach(column)
        y_range = (-reach, reach) if symmetric else (0, reach)
        for panel, x, name, unit, scale in zip(axes[row], against.T, against_names, units, scales, strict=True):
            shown.append(hexagons(panel, x, column, x_range=_span(x, scale), y_range=y_range, x_scale=scale))
            if symmetric:
                panel.axhline(0, color="black", linestyle=":", linewidth=1)
            panel.set_xlabel(axis_label(name, unit, f"{against_word} {{}}"))
            panel.set_ylabel(label)
    colour_counts(shown, axes)
    return figure


def _residual_label(name, unit):
    return axis_label(name, unit, r"$\Delta$ {}")


def _units(units, names):
    return [""] * len(names) if units is None else units


def _span(values, scale):
    """Range of an axis: all values, with a margin of a fiftieth."""
    values = values[np.isfinite(values) & ((values > 0) if scale == "log" else True)]
    if values.size == 0:
        return (0.1, 1.0) if scale == "log" else (0.0, 1.0)
    low, high = np.min(values), np.max(values)
    if scale == "log":
        margin = (high / low) ** 0.02 if high > low else 2.0
        return low / margin, high * margin
    margin = 0.02 * (high - low) if high > low else 0.5 * max(abs(high), 1.0)
    return low - margin, high + margin


def _reach(values):
    """Largest residual that is shown."""
    values = np.abs(values[np.isfinite(values)])
    reach = 1.05 * np.quantile(values, _SHOWN) if values.size else 1.0
    return reach or 1.0


def _note_outside(panel, count, where):
    if count:
        note(panel, f"{int(count)} outside", where, fontsize="x-small")
