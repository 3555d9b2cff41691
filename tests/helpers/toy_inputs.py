"""A small network that is told the PSF and the noise beside the image, and fills in lost pixels."""

import keras
import numpy as np

from gampen_tf.core import LabelScaler, Parameter, ParameterSet, Stretch
from gampen_tf.layers import find_head, numbered_dropout
from gampen_tf.layers.known_inputs import FillMasked, InUnitsOf
from gampen_tf.models import Model

SIDE, STAMP = 15, 5
FLUX = ParameterSet([Parameter("flux", "nJy", (0, np.inf), "log")])


def told_network(
    image_shape=(SIDE, SIDE, 1), n_parameters=1, dropout_rate=0.05, head="gaussian", psf_shape=(STAMP,) * 2
):
    """Features of the light in units of the noise, of the PSF, and of the noise."""
    images = keras.Input(image_shape, name="images")
    psf = keras.Input((*psf_shape, 1), name="psf")
    noise = keras.Input((1,), name="noise")
    light = InUnitsOf(name="light")([FillMasked(name="filled")(images), noise])
    x = keras.layers.Concatenate(dtype="float32", name="told")(
        [
            keras.layers.Flatten()(keras.layers.AveragePooling2D(3, dtype="float32")(light)),
            keras.layers.Flatten()(psf),
            keras.ops.log(noise),
        ]
    )
    dropout = numbered_dropout(dropout_rate)
    x = keras.layers.Dense(8, activation="tanh", name="dense")(dropout(x))
    outputs = keras.layers.Dense(find_head(head).n_outputs(n_parameters), dtype="float32", name="head")(dropout(x))
    return keras.Model({"images": images, "psf": psf, "noise": noise}, outputs, name="told")


def told_model(**fields):
    """Untrained; its pixels are in nJy of 0.168″."""
    optional = {"optional_inputs": ("psf", "noise"), "fills_masked": True}
    shape = {"image_shape": (SIDE, SIDE, 1), "pixel_scale": 0.168, "psf_shape": (STAMP, STAMP)}
    fields = {"scaler": LabelScaler(FLUX, [5.0], [1.0]), "name": "told", **optional, **shape, **fields}
    keras.utils.set_random_seed(1)
    network = told_network(fields["image_shape"], len(fields["scaler"].parameters))
    return Model(network, stretch=Stretch("linear"), **fields)


def galaxies(n, sigma=1.0, seed=3):
    """Round galaxies in noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    light = np.exp(rng.uniform(1, 4, n))[:, None, None] * np.exp(-np.hypot(y, x) / rng.uniform(1, 3, n)[:, None, None])
    return (light + sigma * rng.normal(size=light.shape)).astype(np.float32)


def stamps(n, size=STAMP, seed=4):
    """Gaussian PSFs of different widths and sums."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] - size // 2
    width = rng.uniform(0.5, 1.5, n)[:, None, None]
    return rng.uniform(0.5, 3.0, n)[:, None, None] * np.exp(-0.5 * (x**2 + y**2) / width**2)
