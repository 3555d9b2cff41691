"""Copies of a network in another precision compute what the network computes."""

import keras
import numpy as np
import pytest

from gampen_tf.networks.precision import in_bfloat16, in_float32, refresh_normalisations


@pytest.fixture
def images(rng):
    return rng.normal(100.0, 20.0, (8, 12, 12, 1)).astype(np.float32)


def network(images, policy="float32"):
    """Adapted statistics far from 0 and 1, before a convolution."""
    keras.utils.set_random_seed(1)
    x = inputs = keras.Input(images.shape[1:], name="images")
    normalisation = keras.layers.Normalization(dtype="float32")
    x = keras.layers.Conv2D(4, 3, activation="relu", dtype=policy)(normalisation(x))
    x = keras.layers.Dense(3, dtype="float32")(keras.layers.Flatten()(x))
    normalisation.adapt(images)
    return keras.Model(inputs, x)


def test_copies_normalise_as_the_network_does(images):
    exact = network(images)
    expected = exact(images)
    np.testing.assert_allclose(in_bfloat16(exact)(images), expected, atol=0.03)
    mixed = network(images, "mixed_bfloat16")
    mixed.set_weights(exact.get_weights())
    np.testing.assert_allclose(in_float32(mixed)(images), expected, atol=1e-5)


def test_assigned_statistics_take_effect(images):
    exact = network(images)
    clone = keras.models.clone_model(exact)
    clone.set_weights(exact.get_weights())
    refresh_normalisations(clone)
    np.testing.assert_allclose(clone(images), exact(images), atol=1e-6)
