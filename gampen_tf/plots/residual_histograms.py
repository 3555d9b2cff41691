"""Histograms of residuals, predicted minus true (Ghosh et al. 2022, figures 12 and 15)."""

from __future__ import annotations

import numpy as np

from ..metrics.draws import SIGMA_LEVELS
from .density import note_outside, reach
from .style import COLOURS, LINES, axis_label, columns, compact_numbers, note, number, panels

__all__ = ["outline_histograms", "plot_residual_histograms", "plot_residuals_of_groups"]

_N_BINS = 60


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
    units = [""] * len(names) if units is None else units
    figure, axes = panels(ax, 1, len(names))
    for panel, column, name, unit in zip(axes[0], residuals.T, names, units, strict=True):
        column = column[np.isfinite(column)]
        edges = _residual_axis(panel, column, name, unit)
        panel.hist(column, bins=edges, color=COLOURS[0], alpha=0.75)
        panel.set_xlim(edges[0], edges[-1])
        # room for the numbers above the peak
        panel.set_ylim(0, 1.45 * panel.dataLim.ymax)
        if column.size:
            lines = [
                f"mean {number(np.mean(column))}",
                f"median {number(np.median(column))}",
                f"$\\sigma$ {number(np.std(column))}",
                f"68.27 %: {number(_typical_error(column))}",
            ]
            note(panel, "\n".join(lines))
        note_outside(panel, np.sum(np.abs(column) > edges[-1]), "upper right")
        compact_numbers(panel)
    return figure


def plot_residuals_of_groups(residuals, groups, *, name, unit="", ax=None):
    """Histograms of one parameter's residuals for groups of galaxies, such as those of one and two components.

    Parameters
    ----------
    residuals : (N,) array
        Predicted minus true; NaN left out.
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
    outline_histograms(axes[0, 0], residuals, groups, name=name, unit=unit)
    return figure


def outline_histograms(panel, residuals, groups, *, name, unit=""):
    """Draw the histograms of groups as outlines on a logarithmic axis, with number, σ and 68.27 % error of each.

    Parameters
    ----------
    panel : Axes
    residuals, groups, name, unit
        As of :func:`plot_residuals_of_groups`.
    """
    edges = _residual_axis(panel, residuals, name, unit)
    for i, (group, members) in enumerate(groups.items()):
        column = residuals[np.asarray(members, bool)]
        column = column[np.isfinite(column)]
        if column.size == 0:
            continue
        panel.hist(
            column,
            bins=edges,
            histtype="step",
            color=COLOURS[i % len(COLOURS)],
            linestyle=LINES[i % len(LINES)],
            linewidth=1.5,
            label=f"{group} ({column.size}): $\\sigma$ {number(np.std(column))}, 68.27 % "
            f"{number(_typical_error(column))}",
        )
    panel.set_yscale("log")
    bottom, top = panel.get_ylim()
    # the legend needs its own room above the peaks
    panel.set_ylim(bottom, top * 4 ** len(groups))
    panel.legend(loc="upper left", fontsize="small", framealpha=0.9, edgecolor="none")


def _residual_axis(panel, residuals, name, unit):
    """Draw the zero line and the texts of the axes; gives the edges of the bins."""
    end = reach(residuals)
    panel.axvline(0, color="black", linestyle="--", linewidth=1)
    panel.set_xlabel(axis_label(name, unit, r"$\Delta$ {}"))
    panel.set_ylabel("Galaxies")
    return np.linspace(-end, end, _N_BINS + 1)


def _typical_error(residuals):
    return np.quantile(np.abs(residuals), SIGMA_LEVELS[0])
