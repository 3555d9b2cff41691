"""Figures of calibration, against curves that are known."""

import numpy as np
import pytest
from toy_figures import NAMES

from gampen_tf import plots


def test_coverage_is_drawn_where_it_is(rng):
    levels = np.linspace(0.1, 0.9, 9)
    # posteriors of half the true width: the normal integral of half the interval
    coverage = np.stack([levels, levels**2, np.sqrt(levels)], axis=1)
    figure = plots.plot_coverage(levels, coverage, names=NAMES)
    ax = figure.axes[0]
    diagonal, *curves = ax.lines
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    for curve, expected in zip(curves, coverage.T, strict=True):
        np.testing.assert_allclose(curve.get_ydata(), expected)
        np.testing.assert_allclose(curve.get_xdata(), levels)
    # told apart without colour
    assert len({curve.get_linestyle() for curve in curves}) == 3


def test_deviations_are_differences_from_the_level():
    levels = np.linspace(0.05, 0.95, 19)
    figure = plots.plot_tarp(levels, levels + 0.02, levels + 0.01, levels + 0.03)
    found = figure.axes[0].lines[-1].get_ydata()
    np.testing.assert_allclose(found, 0.02)
    nominal = (0.6827, 0.9545, 0.9973)
    coverage = np.broadcast_to(np.array(nominal)[None, :, None] - 0.03, (4, 3, 1))
    figure = plots.plot_coverage_in_bins(
        [1, 10, 100, 1000],
        coverage,
        0 * coverage + 0.01,
        levels=nominal,
        name="flux",
        unit="nJy",
        names=NAMES[:1],
        scale="log",
    )
    for container in figure.axes[0].containers:
        np.testing.assert_allclose(container.lines[0].get_ydata(), -3)
    assert figure.axes[0].get_xlabel().endswith("[nJy]")


def test_mean_panel_of_the_dropout_figure(rng):
    coverage = rng.random((4, 3, 3))
    figure = plots.plot_coverage_against_dropout(
        [1e-4, 1e-3, 1e-2, 0.1], coverage, levels=(0.68, 0.95, 0.99), names=NAMES, chosen=1e-3
    )
    for i, container in enumerate(figure.axes[3].containers):
        np.testing.assert_allclose(container.lines[0].get_ydata(), 100 * coverage[:, i].mean(axis=1))
    with pytest.raises(ValueError, match=r"\(4, 2, 3\), found shape"):
        plots.plot_coverage_against_dropout([1, 2, 3, 4], coverage, levels=(0.68, 0.95), names=NAMES)
