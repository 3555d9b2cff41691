"""A fit's image in bins, and its sources as a vector."""

import numpy as np
import pytest
from toy_galaxies import SCALE

from gampen_tf.classical.parameters import PixelGrid, Sersic, Source
from gampen_tf.classical.problem import FitProblem, Limits, sources_of, vector_of


def test_binning_keeps_light_and_centre():
    image = np.zeros((61, 61))
    image[30, 30] = 5.0
    binned = FitProblem(image, np.full(image.shape, 2.0), image > 9, np.ones((3, 3)) / 9, SCALE, SCALE).binned(3)
    assert binned.image.shape == (19, 19)
    assert binned.image[9, 9] == 5.0
    np.testing.assert_allclose(binned.sigma, 6.0)
    assert binned.pixel_scale == pytest.approx(0.6)


def test_sources_of_a_vector_are_the_sources():
    source = Source(0.1, 0.2, (Sersic(1e3, 0.5, 2.0, 0.7, -89.0),))
    vector, _ = vector_of([source, source], Limits(((0.2, 8.0),)), PixelGrid((40, 40), SCALE))
    for back in sources_of(vector, [1, 1]):
        np.testing.assert_allclose(list(vars(back.components[0]).values()), [1e3, 0.5, 2.0, 0.7, -89.0])
