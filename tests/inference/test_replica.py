"""A network on one device."""

import numpy as np
import pytest


def test_features_are_what_the_last_layer_sees():
    keras = pytest.importorskip("keras")
    from gampen_tf.networks.parts import feature_network

    x = inputs = keras.Input((4,), name="images")
    hidden = keras.layers.Dense(5, activation="relu", name="hidden")(x)
    outputs = keras.layers.Activation("linear")(keras.layers.Dense(2, name="head")(hidden))
    network = keras.Model(inputs, outputs)
    values = np.random.default_rng(8).normal(size=(3, 4)).astype(np.float32)
    weights, bias = (np.asarray(w) for w in network.get_layer("hidden").weights)
    expected = np.maximum(values @ weights + bias, 0)
    np.testing.assert_allclose(np.asarray(feature_network(network)(values)), expected, atol=1e-6)
