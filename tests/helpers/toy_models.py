"""Small networks and models for tests of what is done with them."""

import keras
import numpy as np

from gampen_tf.core import LabelScaler, Parameter, ParameterSet, Stretch
from gampen_tf.layers import MonteCarloDropout, SpatialTransformer, find_head
from gampen_tf.models import Model

SIDE = 16


def toy_network(rate, policy="float32", n_outputs=9):
    """Convolutions and dense layers with dropout between them, and a side branch that no dropout precedes."""
    keras.utils.set_random_seed(3)
    images = keras.Input((SIDE, SIDE, 1), name="images")
    indices = iter(range(100))

    def dropout(x):
        return MonteCarloDropout(rate, index=next(indices), dtype=policy)(x)

    def convolution(x, n):
        return keras.layers.Conv2D(n, 3, activation="relu", dtype=policy)(x)

    x = convolution(images, 8)
    x = keras.layers.MaxPooling2D(dtype=policy)(convolution(dropout(x), 8))
    x = keras.layers.Flatten()(convolution(dropout(x), 16))
    flux = keras.layers.Dense(4, name="side")(keras.ops.mean(images, axis=(1, 2)))
    x = keras.layers.Dense(16, activation="relu", name="dense")(dropout(x))
    x = keras.layers.Dense(n_outputs, name="head")(dropout(keras.ops.concatenate([x, flux], axis=-1)))
    return keras.Model(images, x, name="toy")


def cropping_network(scale=0.5):
    """A learned crop, at first of one scale for all images, one dropout, a Gaussian head."""
    keras.utils.set_random_seed(3)
    images = keras.Input((SIDE, SIDE, 1), name="images")
    bias = keras.initializers.Constant(scale)
    s = keras.layers.Dense(1, kernel_initializer="zeros", bias_initializer=bias)(keras.layers.Flatten()(images))
    x = keras.layers.Flatten()(SpatialTransformer()([images, s]))
    x = MonteCarloDropout(0.1, index=0)(keras.layers.Dense(16, activation="relu")(x))
    return keras.Model(images, keras.layers.Dense(9)(x), name="cropping")


def toy_model(rate=0.1, **fields):
    """A model around the toy network that measures what the real one does, untrained."""
    parameters = ParameterSet(
        [
            Parameter("bulge_to_total", "", (0, 1), "logit", clip=0.01),
            Parameter("effective_radius", "arcsec", (0, np.inf), "log"),
            Parameter("flux", "nJy", (0, np.inf), "log"),
        ]
    )
    scaler = LabelScaler(parameters, [0.0, 0.5, 13.0], [2.0, 0.6, 1.0])
    fields = {"head": "gaussian", "stretch": Stretch("arcsinh"), "provenance": {"recipe": "none"}} | fields
    n_outputs = find_head(fields["head"]).n_outputs(len(parameters))
    return Model(
        toy_network(rate, n_outputs=n_outputs), scaler, image_shape=(SIDE, SIDE, 1), pixel_scale=0.168, **fields
    )


def toy_images(n, seed=5):
    """Noise of very different strengths, so that galaxies need different numbers of passes."""
    rng = np.random.default_rng(seed)
    scale = np.exp(rng.uniform(-3, 2, (n, 1, 1, 1)))
    return (scale * rng.normal(size=(n, SIDE, SIDE, 1))).astype(np.float32)
