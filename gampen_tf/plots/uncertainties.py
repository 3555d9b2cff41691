"""Predicted uncertainties against true values and against residuals (Ghosh et al. 2022, figures 17 and 18)."""

from __future__ import annotations

import numpy as np

from ..core.known_parameters import symbol_of
from .density import colour_counts, hexagon_grid, hexagons, reach
from .style import columns, note, panels

__all__ = ["plot_uncertainties", "plot_uncertainties_against_residuals"]


def plot_uncertainties(
    uncertainty,
    against,
    *,
    names,
    fractional_of=None,
    against_names=None,
    against_units=None,
    against_word="True",
    scales=None,
    ax=None,
):
    """Widths of the 68.27 % intervals against any quantities, in hexagons with log colours.

    Parameters
    ----------
    uncertainty : (N, P) array
        Width of the interval; NaN left out.
    against : (N, Q) array
    names : sequence of P str
    fractional_of : (N, P) array, optional
        The widths are divided by these values; a column of NaN leaves its parameter as it is (B/T, say).
    against_names, against_units : sequence of Q str, optional
        The parameters' own names if not given.
    against_word : str, optional
        Before the symbols on the x axes.
    scales : sequence of Q {"linear", "log"}, optional
    ax : (P, Q) array of Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    uncertainty = columns(uncertainty, names, "uncertainty")
    against_names = names if against_names is None else against_names
    values, fractional = _fractions(uncertainty, fractional_of)
    y_texts = [
        rf"$\sigma$({symbol_of(name)}) / {symbol_of(name)}" if divided else rf"$\sigma$({symbol_of(name)})"
        for name, divided in zip(names, fractional, strict=True)
    ]
    return hexagon_grid(
        values,
        y_texts,
        against,
        against_names=against_names,
        against_units=against_units,
        against_word=against_word,
        scales=scales,
        symmetric=False,
        ax=ax,
    )


def plot_uncertainties_against_residuals(
    uncertainty, residuals, *, names, fractional_of=None, correlations=None, ax=None
):
    """Widths of the 68.27 % intervals against residuals, with lines where the residual is half the width.

    Between the dashed lines |residual| is less than half the width: for Gaussians, 68.27 % of the galaxies.

    Parameters
    ----------
    uncertainty, residuals : (N, P) array
    names : sequence of P str
    fractional_of : (N, P) array, optional
        Widths and residuals are divided by these; a column of NaN leaves its parameter as it is.
    correlations : sequence of P float, optional
        Spearman's rank correlations of uncertainty and |residual|, to be written in the panels.
    ax : sequence of P Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    uncertainty, residuals = columns(uncertainty, names, "uncertainty"), columns(residuals, names, "residuals")
    widths, fractional = _fractions(uncertainty, fractional_of)
    residuals, _ = _fractions(residuals, fractional_of)
    figure, axes = panels(ax, 1, len(names), width=3.3, height=2.9)
    shown = []
    for i, (panel, name) in enumerate(zip(axes[0], names, strict=True)):
        known = np.isfinite(widths[:, i]) & np.isfinite(residuals[:, i])
        width, residual = widths[known, i], residuals[known, i]
        top, end = reach(width), reach(residual)
        shown.append(hexagons(panel, residual, width, x_range=(-end, end), y_range=(0, top)))
        line = np.array([0, top])
        for sign in (-0.5, 0.5):
            panel.plot(sign * line, line, color="black", linestyle="--", linewidth=1)
        unit = f" / {symbol_of(name)}" if fractional[i] else ""
        panel.set_xlabel(rf"$\Delta$ {symbol_of(name)}{unit}")
        panel.set_ylabel(rf"$\sigma$({symbol_of(name)}){unit}")
        if correlations is not None:
            note(panel, rf"Spearman $\rho$ = {correlations[i]:.2f}")
    colour_counts(shown, axes)
    return figure


def _fractions(values, fractional_of):
    """Values over ``fractional_of``, where it is given; and which columns those are."""
    if fractional_of is None:
        return values, [False] * values.shape[1]
    fractional_of = np.asarray(fractional_of, float)
    divided = [not np.all(np.isnan(column)) for column in fractional_of.T]
    with np.errstate(divide="ignore", invalid="ignore"):
        result = np.where(divided, values / fractional_of, values)
    result[~np.isfinite(result)] = np.nan
    return result, divided
