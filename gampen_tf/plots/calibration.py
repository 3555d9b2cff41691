"""Calibration of posteriors: coverage, PIT, TARP, and the choice of a dropout rate."""

from __future__ import annotations

import numpy as np

from ..core.known_parameters import symbol_of
from .style import COLOURS, LINES, MARKERS, axis_label, compact_numbers, note, panels

__all__ = [
    "plot_coverage",
    "plot_coverage_against_dropout",
    "plot_coverage_in_bins",
    "plot_pit",
    "plot_rank_curves",
    "plot_tarp",
]


def plot_coverage(levels, coverage, errors=None, *, names, ax=None):
    """Coverage against nominal level for each parameter; on the diagonal posteriors are calibrated.

    Parameters
    ----------
    levels : (L,) array
        Between 0 and 1.
    coverage : (L, P) array
    errors : (L, P) array, optional
        Standard errors, drawn as bands.
    names : sequence of P str
    ax : Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    levels, coverage = np.asarray(levels, float), _per_parameter(coverage, names)
    figure, axes = panels(ax, width=4.0, height=3.8)
    panel = axes[0, 0]
    panel.plot([0, 1], [0, 1], color="0.4", linewidth=1, zorder=1)
    for i, name in enumerate(names):
        panel.plot(levels, coverage[:, i], color=COLOURS[i], linestyle=LINES[i], label=symbol_of(name))
        if errors is not None:
            band = _per_parameter(errors, names)[:, i]
            panel.fill_between(
                levels, coverage[:, i] - band, coverage[:, i] + band, color=COLOURS[i], alpha=0.2, linewidth=0
            )
    panel.set_xlim(0, 1)
    panel.set_ylim(0, 1)
    panel.set_aspect("equal")
    panel.set_xlabel("Credibility level")
    panel.set_ylabel("Coverage")
    panel.legend(loc="upper left", frameon=False)
    note(panel, "too wide ↑\ntoo narrow ↓", "lower right", color="0.35")
    return figure


def plot_coverage_against_dropout(rates, coverage, errors=None, *, levels, names, chosen=None, ax=None):
    """Coverage against the dropout rate, a panel a parameter and one for their mean (Ghosh et al. 2022, figure 8).

    Parameters
    ----------
    rates : (R,) array
        A rate of 0 is drawn at the left end of the log axis.
    coverage : (R, L, P) array
    errors : (R, L, P) array, optional
    levels : (L,) array
        Nominal levels, dashed.
    names : sequence of P str
    chosen : float, optional
        The rate taken, a vertical line.
    ax : sequence of P + 1 Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    rates, coverage = np.asarray(rates, float), np.asarray(coverage, float)
    errors = None if errors is None else np.asarray(errors, float)
    expected = (len(rates), len(levels), len(names))
    if coverage.shape != expected:
        raise ValueError(f"coverage: expected (rates, levels, parameters) = {expected}, found shape {coverage.shape}")
    figure, axes = panels(ax, len(names) + 1, 1, width=4.8, height=1.9, sharex=True)
    positive = rates[rates > 0]
    threshold = float(positive.min()) if positive.size else 1e-4
    for p, panel in enumerate(axes[:, 0]):
        values = np.mean(coverage, axis=2) if p == len(names) else coverage[:, :, p]
        for i, level in enumerate(levels):
            panel.axhline(100 * level, color=COLOURS[i], linestyle="--", linewidth=1, alpha=0.7)
            bars = None if errors is None or p == len(names) else 100 * errors[:, i, p]
            panel.errorbar(
                rates,
                100 * values[:, i],
                bars,
                color=COLOURS[i],
                marker=MARKERS[i],
                markersize=4,
                capsize=2,
                label=f"{100 * level:.2f} %",
            )
        panel.set_xscale("symlog", linthresh=threshold, linscale=0.5) if np.any(rates == 0) else panel.set_xscale("log")
        if chosen is not None:
            panel.axvline(chosen, color="0.4", linewidth=1, linestyle=":")
        panel.set_ylabel("Coverage [%]")
        note(
            panel,
            "mean of the parameters" if p == len(names) else symbol_of(names[p]),
            "lower right",
            fontsize="medium",
        )
    axes[-1, 0].set_xlabel("Dropout rate")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(levels), frameon=False)
    return figure


def plot_coverage_in_bins(centres, coverage, errors, *, levels, name, unit="", names, scale="linear", ax=None):
    """Coverage less the nominal level in bins of one quantity, a panel a parameter.

    Parameters
    ----------
    centres : (B,) array
    coverage, errors : (B, L, P) array
        NaN for bins with too few galaxies.
    levels : (L,) array
    name, unit : str
        The binned quantity.
    names : sequence of P str
        The parameters whose coverage it is.
    scale : {"linear", "log"}, optional
        Of the x axis.
    ax : sequence of P Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    coverage, errors = np.asarray(coverage, float), np.asarray(errors, float)
    expected = (len(centres), len(levels), len(names))
    if coverage.shape != expected or errors.shape != expected:
        raise ValueError(
            f"coverage and errors: expected (bins, levels, parameters) = {expected}, found {coverage.shape} and "
            f"{errors.shape}"
        )
    figure, axes = panels(ax, 1, len(names), width=3.2, height=2.8)
    for p, panel in enumerate(axes[0]):
        panel.axhline(0, color="0.4", linewidth=1)
        for i, level in enumerate(levels):
            panel.errorbar(
                centres,
                100 * (coverage[:, i, p] - level),
                100 * errors[:, i, p],
                color=COLOURS[i],
                marker=MARKERS[i],
                markersize=4,
                capsize=2,
                linestyle=LINES[i],
                linewidth=1,
                label=f"{100 * level:.2f} %",
            )
        panel.set_xscale(scale)
        compact_numbers(panel)
        panel.set_xlabel(axis_label(name, unit))
        panel.set_ylabel("Coverage − level [points]")
        panel.set_title(symbol_of(names[p]))
    if ax is None:
        handles = axes[0, 0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside upper center", ncols=len(levels), frameon=False)
    return figure


def plot_pit(edges, counts, band=None, *, names, ax=None):
    """Histograms of probability integral transforms; flat within the band for calibrated posteriors.

    Parameters
    ----------
    edges : (B + 1,) array
    counts : (B, P) array
    band : (P, 2) array, optional
        Counts between which all bars stay if the transforms are uniform, such as that of `metrics.rank_histogram`.
    names : sequence of P str
    ax : sequence of P Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    counts = _per_parameter(counts, names)
    figure, axes = panels(ax, 1, len(names), width=3.2, height=2.5)
    for i, (panel, name) in enumerate(zip(axes[0], names, strict=True)):
        panel.stairs(counts[:, i], edges, fill=True, color=COLOURS[0], alpha=0.6)
        panel.axhline(np.mean(counts[:, i]), color="black", linestyle="--", linewidth=1)
        top = np.max(counts[:, i])
        if band is not None:
            low, high = np.asarray(band, float)[i]
            panel.axhspan(low, high, color="0.5", alpha=0.35, linewidth=0)
            top = max(top, high)
        panel.set_ylim(0, 1.2 * top)
        panel.set_xlim(0, 1)
        panel.set_xlabel(f"PIT of {symbol_of(name)}")
        panel.set_ylabel("Galaxies")
    return figure


def plot_rank_curves(levels, ecdf, lower, upper, *, names, ax=None):
    """Distribution functions of PITs less that of uniform ones, with their simultaneous band.

    Parameters
    ----------
    levels : (K,) array
    ecdf : (K, P) array
    lower, upper : (K,) array
        The whole curve of a calibrated posterior stays between them, with the band's probability.
    names : sequence of P str
    ax : Axes, optional

    Returns
    -------
    matplotlib Figure
    """
    levels, ecdf = np.asarray(levels, float), _per_parameter(ecdf, names)
    figure, axes = panels(ax, width=4.4, height=3.2)
    panel = axes[0, 0]
    low, high = np.asarray(lower) - levels, np.asarray(upper) - levels
    panel.fill_between(levels, low, high, color="0.5", alpha=0.3, linewidth=0)
    panel.axhline(0, color="0.4", linewidth=1)
    for i, name in enumerate(names):
        panel.plot(levels, ecdf[:, i] - levels, color=COLOURS[i], linestyle=LINES[i], label=symbol_of(name))
    panel.set_xlim(0, 1)
    panel.set_xlabel("PIT")
    panel.set_ylabel("ECDF − uniform")
    panel.legend(loc="best", fontsize="small", framealpha=0.9, edgecolor="none")
    return figure


def plot_tarp(levels, coverage, lower, upper, *, band=None, ax=None):
    """Expected coverage of the joint posterior (TARP) less the credibility level.

    Parameters
    ----------
    levels, coverage, lower, upper : (K,) array
        The coverage with its own (bootstrap) band.
    band : (lower, upper), optional
        Two (K,) arrays between which the whole curve of a calibrated posterior stays.

    Returns
    -------
    matplotlib Figure
    """
    levels = np.asarray(levels, float)
    figure, axes = panels(ax, width=4.4, height=3.2)
    panel = axes[0, 0]
    if band is not None:
        low, high = (np.asarray(edge) - levels for edge in band)
        panel.fill_between(levels, low, high, color="0.5", alpha=0.3, linewidth=0, label="calibrated")
    panel.axhline(0, color="0.4", linewidth=1)
    low, high = np.asarray(lower) - levels, np.asarray(upper) - levels
    panel.fill_between(levels, low, high, color=COLOURS[0], alpha=0.3, linewidth=0)
    panel.plot(levels, np.asarray(coverage) - levels, color=COLOURS[0], label="found")
    panel.set_xlim(0, 1)
    panel.set_xlabel("Credibility level")
    panel.set_ylabel("Expected coverage − level")
    panel.legend(loc="best", fontsize="small", framealpha=0.9, edgecolor="none")
    return figure


def _per_parameter(values, names):
    values = np.asarray(values, float)
    if values.ndim != 2 or values.shape[1] != len(names):
        raise ValueError(f"expected a column for each of {', '.join(names)}, found shape {values.shape}")
    return values
