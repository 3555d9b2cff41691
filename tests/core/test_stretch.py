"""Stretches of pixels."""

import numpy as np
import pytest
import tensorflow as tf

from gampen_tf.core import Stretch


def test_arcsinh_of_large_negative_pixels_is_minus_that_of_positive_ones():
    pixels = np.array([-1e30, -1e7, -4097.0, -1000.0, -1.0, -1e-6, 0.0, 1e-6, 3.0, 1e7], np.float32)
    expected = np.arcsinh(pixels.astype(np.float64) / 2.5)
    stretch = Stretch("arcsinh", 2.5)
    np.testing.assert_allclose(stretch(pixels), expected, rtol=3e-7)
    np.testing.assert_allclose(stretch(tf.constant(pixels)).numpy(), expected, rtol=1e-6)
    assert stretch(pixels).dtype == np.float32


@pytest.mark.parametrize("stretch", [Stretch("arcsinh", 1.6), Stretch("linear"), Stretch("linear", 100.0)])
def test_stretch_inverts_and_survives_json(stretch, rng):
    pixels = rng.normal(0, 1e3, 100)
    np.testing.assert_allclose(stretch.inverse(stretch(pixels)), pixels, rtol=1e-12)
    np.testing.assert_array_equal(Stretch.from_dict(stretch.to_dict())(pixels), stretch(pixels))


def test_stretch_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="expected 'arcsinh' or 'linear'"):
        Stretch("sqrt")
    with pytest.raises(ValueError, match="positive"):
        Stretch(softening=0.0)
