"""Predicted against true values, and residuals: where they lie, and in which units."""

import numpy as np
import pytest
from toy_figures import NAMES, UNITS

from gampen_tf import plots


def test_units_stand_on_the_axes(truth, predicted):
    figure = plots.plot_predicted_against_true(predicted, truth, names=NAMES, units=UNITS)
    labels = [(ax.get_xlabel(), ax.get_ylabel()) for ax in figure.axes[:3]]
    for (x, y), unit in zip(labels[1:], UNITS[1:], strict=True):
        assert x.startswith("True")
        assert y.startswith("Predicted")
        assert x.endswith(f"[{unit}]")
        assert y.endswith(f"[{unit}]")
    assert "[" not in labels[0][0]
    grid = plots.plot_residuals(predicted, truth, names=NAMES, units=UNITS)
    assert grid.axes[5].get_ylabel().endswith("[arcsec]")
    assert grid.axes[5].get_xlabel().endswith("[nJy]")


def test_hexagons_lie_on_the_line_of_equality_for_perfect_predictions(truth):
    figure = plots.plot_predicted_against_true(truth, truth, names=NAMES, scales=("linear", "log", "log"))
    for ax in figure.axes[:3]:
        low, high = ax.get_xlim()
        assert ax.get_ylim() == (low, high)
        line = ax.lines[0]
        np.testing.assert_array_equal(line.get_xdata(), line.get_ydata())
    # a linear panel's hexagons are placed by offsets
    offsets = figure.axes[0].collections[0].get_offsets()
    low, high = figure.axes[0].get_xlim()
    assert np.max(np.abs(offsets[:, 0] - offsets[:, 1])) < (high - low) / 45


def test_fractional_residuals_are_of_the_truth(truth):
    figure = plots.plot_residuals(0.9 * truth, truth, names=NAMES, fractional=True)
    for ax in figure.axes[:9]:
        assert ax.get_ylim() == pytest.approx((0, 1.05 * 0.1))
        heights = ax.collections[0].get_offsets()[:, 1]
        np.testing.assert_allclose(heights, 0.1, atol=0.105 / 45)
