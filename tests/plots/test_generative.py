"""Traversals and latents of a generative model."""

import numpy as np
import pytest
from toy_figures import N

from gampen_tf import plots


def test_a_traversal_has_a_row_a_latent_on_one_scale(images):
    steps = (-1, 0, 1, 2)
    figure = plots.plot_traversal(images.reshape(2, 4, 41, 41, 1), steps)
    drawn = [ax.images[0] for ax in figure.axes]
    for picture, image in zip(drawn, images, strict=True):
        np.testing.assert_array_equal(picture.get_array(), image)
    assert {picture.get_clim() for picture in drawn} == {(0, images[[1, 5]].max())}
    assert [ax.get_title() for ax in figure.axes[:4]] == ["-1 σ", "0", "+1 σ", "+2 σ"]
    with pytest.raises(ValueError, match="3 steps"):
        plots.plot_traversal(images.reshape(2, 4, 41, 41), (-1, 0, 1))


def test_latents_are_all_drawn_in_a_colour_each_group(truth):
    groups = np.array(["spiral", "elliptical"])[(truth[:, 0] > 0.3).astype(int)]
    figure = plots.plot_latents(truth[:, :2], groups)
    drawn = figure.axes[0].collections
    assert sum(len(one.get_offsets()) for one in drawn) == N
    for one, label in zip(drawn, ("elliptical", "spiral"), strict=True):
        np.testing.assert_array_equal(one.get_offsets(), truth[groups == label, :2])
    with pytest.raises(ValueError, match=r"expected \(N, 2\)"):
        plots.plot_latents(truth)
