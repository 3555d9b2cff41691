"""Classes of galaxies in place of numbers, and how often they are right (Ghosh et al. 2022, figures 19 and 20)."""

from __future__ import annotations

import numpy as np

from .density import axis_range, colour_counts, hexagons, reach
from .residual_histograms import outline_histograms
from .style import axis_label, panels

__all__ = ["plot_classified_residuals", "plot_confusion"]


def plot_classified_residuals(predicted, truth, regions, *, name, unit="", ax=None):
    """Residuals against predicted values with the classes' regions hatched, and their histogram with and without these.

    Parameters
    ----------
    predicted, truth : (N,) array
    regions : sequence of (low, high)
        Intervals of predicted values that get a class in place of a number.
    name, unit : str
    ax : two Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    predicted, truth = np.asarray(predicted, float), np.asarray(truth, float)
    known = np.isfinite(predicted) & np.isfinite(truth)
    predicted, residuals = predicted[known], (predicted - truth)[known]
    classified = np.zeros(len(predicted), bool)
    for low, high in regions:
        classified |= (predicted >= low) & (predicted <= high)
    end, (low, high) = reach(residuals), axis_range(predicted)
    figure, axes = panels(ax, 1, 2, width=4.0, height=3.1)
    left, right = axes[0]
    colour_counts([hexagons(left, predicted, residuals, x_range=(low, high), y_range=(-end, end))], left)
    for first, last in regions:
        left.axvspan(
            max(first, low),
            min(last, high),
            facecolor="none",
            edgecolor="0.2",
            hatch="//",
            alpha=0.5,
            linewidth=0.8,
            linestyle="--",
        )
    left.axhline(0, color="black", linestyle=":", linewidth=1)
    left.set_xlabel(axis_label(name, unit, "Predicted {}"))
    left.set_ylabel(axis_label(name, unit, r"$\Delta$ {}"))
    groups = {"all": np.ones(len(residuals), bool), "not classified": ~classified}
    outline_histograms(right, residuals, groups, name=name, unit=unit)
    return figure


def plot_confusion(matrix, classes, *, ax=None):
    """Confusion matrix: galaxies by their true class (rows) and the class given (columns).

    Parameters
    ----------
    matrix : (K, K) array of int
    classes : sequence of K str
    ax : Axes, optional

    Returns
    -------
    matplotlib Figure
        Each cell with its number, and its share of the column: of what got this class, how much is of it.
    """
    matrix = np.asarray(matrix)
    n = len(classes)
    if matrix.shape != (n, n):
        raise ValueError(f"matrix: expected {n} x {n} for {', '.join(classes)}, found {matrix.shape}")
    totals = np.sum(matrix, axis=0)
    shares = np.divide(matrix, totals, out=np.zeros(matrix.shape), where=totals > 0)
    figure, axes = panels(ax, width=2.0 + 1.1 * n, height=1.4 + 0.9 * n)
    panel = axes[0, 0]
    panel.imshow(shares, cmap="Blues", vmin=0, vmax=1.15)
    for row in range(n):
        for column in range(n):
            text = f"{int(matrix[row, column])}"
            if totals[column]:
                text += f"\n{100 * shares[row, column]:.1f} %"
            colour = "white" if shares[row, column] > 0.6 else "black"
            panel.text(column, row, text, ha="center", va="center", color=colour)
    wrapped = [name.replace(" ", "\n") for name in classes]
    panel.set_xticks(range(n), wrapped)
    panel.set_yticks(range(n), wrapped)
    panel.set_xlabel("Class given")
    panel.set_ylabel("True class")
    panel.tick_params(length=0)
    right = np.trace(matrix)
    note_text = f"right: {right} of {int(matrix.sum())}"
    panel.annotate(note_text, (1, 1.02), xycoords="axes fraction", ha="right", va="bottom", fontsize="small")
    return figure
