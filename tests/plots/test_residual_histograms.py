"""Histograms of residuals: every galaxy is in them, and the numbers written are those of the residuals."""

import numpy as np
from toy_figures import NAMES, UNITS, N

from gampen_tf import plots
from gampen_tf.plots.style import number


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


def test_outliers_are_counted_where_they_are_not_drawn(rng):
    residuals = np.append(rng.normal(size=999), 1e4)[:, None]
    figure = plots.plot_residual_histograms(residuals, 0 * residuals, names=NAMES[:1])
    notes = [text.get_text() for text in figure.axes[0].texts]
    outside = sum(int(text.split()[0]) for text in notes if text.endswith("outside"))
    assert outside >= 1
    assert sum(patch.get_height() for patch in figure.axes[0].patches) + outside == 1000


def test_groups_and_their_scatter():
    residuals = np.concatenate([np.tile([-0.1, 0.1], 50), np.tile([-0.3, 0.3], 50)])
    narrow = np.arange(200) < 100
    figure = plots.plot_residuals_of_groups(residuals, {"one": narrow, "two": ~narrow}, name="bulge_to_total")
    texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert texts == [r"one (100): $\sigma$ 0.1, 68.27 % 0.1", r"two (100): $\sigma$ 0.3, 68.27 % 0.3"]
