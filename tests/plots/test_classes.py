"""Classes: the confusion matrix, and residuals without the classified galaxies."""

import numpy as np
import pytest

from gampen_tf import plots


def test_confusion_counts_and_shares():
    figure = plots.plot_confusion([[90, 5], [10, 95]], ["disc", "bulge"])
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"90\n90.0 %", "10\n10.0 %", "95\n95.0 %", "right: 185 of 200"} <= texts
    with pytest.raises(ValueError, match="expected 3 x 3"):
        plots.plot_confusion([[1, 0], [0, 1]], ["a", "b", "c"])


def test_classified_residuals_leave_the_classified_out():
    predicted = np.linspace(0, 1, 101)
    truth = predicted - np.where(predicted > 0.5, 0.1, 0.02)
    figure = plots.plot_classified_residuals(predicted, truth, [(0.505, 1)], name="bulge_to_total")
    texts = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert "68.27 % 0.1" in texts[0]
    assert texts[1].endswith("68.27 % 0.02")
