"""Predicted against true values, and residuals against any quantity (Ghosh et al. 2022, figures 11, 13, 14 and 16)."""

from __future__ import annotations

import numpy as np

from ..core.known_parameters import symbol_of
from .density import axis_range, colour_counts, hexagon_grid, hexagons
from .style import axis_label, columns, panels

__all__ = ["plot_predicted_against_true", "plot_residuals"]


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
    units = [""] * len(names) if units is None else units
    scales = ["linear"] * len(names) if scales is None else scales
    figure, axes = panels(ax, 1, len(names), width=3.3, height=2.9)
    shown = []
    for panel, p, t, name, unit, scale in zip(axes[0], predicted.T, truth.T, names, units, scales, strict=True):
        span = axis_range(np.concatenate([p, t]), scale)
        shown.append(hexagons(panel, t, p, x_range=span, y_range=span, x_scale=scale, y_scale=scale))
        panel.plot(span, span, color="black", linestyle="--", linewidth=1)
        panel.set_xlabel(axis_label(name, unit, "True {}"))
        panel.set_ylabel(axis_label(name, unit, "Predicted {}"))
    colour_counts(shown, axes)
    return figure


def plot_residuals(
    predicted,
    truth,
    *,
    names,
    units=None,
    fractional=False,
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
    fractional : bool, optional
        Draw |predicted − true| / true: of sizes and fluxes, what grows with the value alone falls away, and perfect
        predictions lie at the bottom.
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
    if against_names is None:
        against_names, against_units = names, units
    if fractional:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.abs(predicted - truth) / truth
        values[~np.isfinite(values)] = np.nan
        y_texts = [rf"|$\Delta$ {symbol_of(name)}| / {symbol_of(name)}" for name in names]
    else:
        values, units = predicted - truth, [""] * len(names) if units is None else units
        y_texts = [axis_label(name, unit, r"$\Delta$ {}") for name, unit in zip(names, units, strict=True)]
    return hexagon_grid(
        values,
        y_texts,
        truth if against is None else against,
        against_names=against_names,
        against_units=against_units,
        against_word=against_word,
        scales=scales,
        symmetric=not fractional,
        ax=ax,
    )
