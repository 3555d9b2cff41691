"""Residuals: every galaxy is drawn or counted, and the numbers on the figures are right."""

import numpy as np
from matplotlib.colors import LogNorm
from toy_figures import NAMES, UNITS, N

from gampen_tf import plots
from gampen_tf.plots.style import number


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
    # the outlier is told of in the row of its own residual
    assert figure.axes[3].texts


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


def test_residual_histogram_holds_what_it_says(truth):
    shift = np.array([0.01, -0.2, 3e4])
    figure = plots.plot_residual_histograms(truth + shift, truth, names=NAMES, units=UNITS)
    for ax, expected in zip(figure.axes, shift, strict=True):
        assert sum(patch.get_height() for patch in ax.patches) == N
        tallest = max(ax.patches, key=lambda patch: patch.get_height())
        assert tallest.get_x() <= expected <= tallest.get_x() + tallest.get_width()
        text = ax.texts[0].get_text()
        assert f"mean {number(expected)}" in text
        assert f"68.27 %: {number(abs(expected))}" in text


def test_groups_and_their_scatter(rng):
    residuals = np.concatenate([np.tile([-0.1, 0.1], 50), np.tile([-0.3, 0.3], 50)])
    narrow = np.arange(200) < 100
    figure = plots.plot_residuals_of_groups(residuals, {"one": narrow, "two": ~narrow}, name="bulge_to_total")
    texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert "= 0.1 (100)" in texts[0]
    assert "= 0.3 (100)" in texts[1]
