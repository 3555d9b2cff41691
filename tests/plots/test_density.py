"""Galaxies in hexagonal bins: each is drawn or counted, and a colour means the same number in all panels."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import LogNorm
from toy_figures import NAMES, UNITS, N

from gampen_tf import plots
from gampen_tf.plots.density import axis_range, colour_counts, hexagons, reach


def test_every_galaxy_is_in_a_hexagon_or_counted_outside(truth, predicted):
    predicted[3, 1] = 400.0
    truth[7, 2] = np.nan
    figure = plots.plot_residuals(predicted, truth, names=NAMES, units=UNITS)
    for i, ax in enumerate(figure.axes[:9]):
        drawn = int(np.sum(ax.collections[0].get_array()))
        notes = [text.get_text() for text in ax.texts]
        outside = sum(int(text.split()[0]) for text in notes if text.endswith("outside"))
        row, column = divmod(i, 3)
        assert drawn + outside == N - (2 in (row, column))
        assert isinstance(ax.collections[0].norm, LogNorm)
    # the outlier is in the row of its own residual
    assert figure.axes[3].texts


def test_a_colour_is_the_same_number_of_galaxies_in_all_panels():
    figure, axes = plt.subplots(1, 2)
    few, many = np.full(10, 0.5), np.full(1000, 0.5)
    shown = [hexagons(ax, x, x, x_range=(0, 1), y_range=(0, 1)) for ax, x in zip(axes, (few, many), strict=True)]
    colour_counts(shown, axes)
    assert [one.norm(10) for one in shown] == [pytest.approx(1 / 3)] * 2  # log 10 / log 1000


def test_ranges_hold_all_values_and_reach_all_but_the_farthest():
    values = np.array([1.0, 3.0, 11.0, np.nan, -2.0])
    low, high = axis_range(values)
    assert (low, high) == pytest.approx((-2 - 0.02 * 13, 11 + 0.02 * 13))
    # a logarithmic axis has no place for what is not positive
    assert axis_range(values, "log") == pytest.approx((11**-0.02, 11**1.02))
    uniform = np.linspace(-1, 1, 100_001)
    assert reach(uniform) == pytest.approx(1.05 * 0.998, rel=1e-4)
    assert reach(np.array([np.nan])) == reach(np.zeros(5)) == 1.0


def test_values_of_a_bad_model_can_be_drawn(tmp_path):
    """They span all that a float holds, and more: what no axis can show is counted outside."""
    truth = np.linspace(1, 2, 6)[:, None]
    predicted = np.array([0.0, 5e-324, 1e-3, 1e3, 1e308, np.inf])[:, None]
    figure = plots.plot_predicted_against_true(predicted, truth, names=NAMES[:1], scales=["log"])
    figure.savefig(tmp_path / "figure.png")
    assert [text.get_text() for text in figure.axes[0].texts] == ["3 outside"]
    plots.plot_residuals(predicted, truth, names=NAMES[:1], against=predicted).savefig(tmp_path / "figure.png")
