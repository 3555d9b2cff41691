"""Axes that are given, and colours that all eyes and print tell apart."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from toy_figures import NAMES, UNITS

from gampen_tf import plots
from gampen_tf.plots.style import COLOURS, density_map


def test_draws_in_the_axes_that_it_is_given(truth, predicted):
    figure, axes = plt.subplots(1, 4)
    returned = plots.plot_predicted_against_true(predicted, truth, names=NAMES, units=UNITS, ax=axes[1:])
    assert returned is figure
    assert not axes[0].has_data()
    assert all(ax.has_data() for ax in axes[1:])
    with pytest.raises(ValueError, match="expected 1 x 3 axes"):
        plots.plot_predicted_against_true(predicted, truth, names=NAMES, ax=axes)


def luminance(colour):
    """Relative luminance (WCAG 2.2) of an sRGB colour: what print in grey keeps."""
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_density_colours_darken_steadily():
    colours = density_map()(np.linspace(0, 1, 64))
    assert np.all(np.diff([luminance(colour) for colour in colours]) < 0)


def test_colours_differ_for_every_kind_of_colour_vision():
    # Machado et al. (2009), severity 1: protanopia, deuteranopia, tritanopia, on linear RGB
    matrices = {
        "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    }
    linear = np.array([to_rgb(colour) for colour in COLOURS[:4]]) ** 2.2
    for matrix in matrices.values():
        seen = np.clip(linear @ np.array(matrix).T, 0, 1) ** (1 / 2.2)
        distances = [np.linalg.norm(seen[i] - seen[j]) for i in range(4) for j in range(i)]
        assert min(distances) > 0.3
