"""Views of a centred galaxy."""

import keras
import numpy as np

from gampen_tf.layers import numbered_dropout
from gampen_tf.networks.views import image_features, pyramid_of


def test_views_have_one_side_one_centre_and_the_light_of_what_they_cover():
    images = keras.Input((95, 95, 1))
    half, pyramid, symmetric = pyramid_of(images)
    model = keras.Model(images, [half, *pyramid, *symmetric])
    y, x = np.mgrid[:95, :95] - 47
    light = np.exp(-(x**2 + y**2) / (2 * 3.0**2))[None, ..., None].astype(np.float32)
    half, *views = (np.asarray(view)[0, ..., 0] for view in model(light))
    assert half.shape == (47, 47)
    for view in views:
        assert view.shape == (23, 23)
        assert np.unravel_index(np.argmax(view), view.shape) == (11, 11)
    np.testing.assert_allclose([view.sum() for view in views[1:3]], light.sum(), rtol=1e-4)
    for plain, part in zip(views[:3], views[3:], strict=True):
        np.testing.assert_allclose(part, plain, atol=1e-5 * plain.max())  # the galaxy is symmetric


def test_convolutions_that_read_them_have_dropout_before_each_but_the_first():
    views = keras.Input((23, 23, 3))
    model = keras.Model(views, image_features(views, (4, 6), 5, numbered_dropout(0.1)))
    names = [type(layer).__name__ for layer in model.layers]
    assert model.output_shape == (None, 5)
    assert names.count("Conv2D") == 5
    assert names.count("MonteCarloDropout") == 5
