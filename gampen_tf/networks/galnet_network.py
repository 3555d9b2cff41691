"""GaLNets: seven Sérsic parameters from an image (GaLNet-1), or from an image and its PSF (GaLNet-2).

After Li et al. (2022), § 2.1 and figure 1: four blocks of two convolutions and an average pooling, and three dense
layers; GaLNet-2 has a path of one such block for the PSF, joined to the other before the dense layers. The paper gives
no numbers of filters or units. Dropout and the choice of heads, by which the same body makes posteriors, are ours.
"""

import keras
from keras import layers

from ..layers.fixed_views import Asinh
from ..layers.heads import find_head
from ..layers.monte_carlo_dropout import numbered_dropout
from .registry import register

__all__ = ["galnet1", "galnet2"]

# PSF images have the sum 1, so that their pixels are of the order of a thousandth; the wings are to be seen too.
_PSF_SOFTENING = 1e-3


@register("galnet1", preset="galnet", stretch_inside=True, paper="Li et al. (2022)")
def galnet1(
    image_shape=(61, 61, 1),
    n_parameters=7,
    dropout_rate=0.02,
    noise=8.2,
    filters=(16, 32, 64, 128),
    units=(256, 128, 64),
    head="gaussian",
    name="galnet1",
):
    """GaLNet-1: Sérsic parameters from an image.

    Parameters
    ----------
    image_shape : (int, int, int)
    n_parameters : int
    dropout_rate : float
        Before each dense layer; of no effect on a point head.
    noise : float
        Typical noise of one pixel in the unit of the images, which come in linear flux units: the stretch is inside.
    filters : sequence of int
        Of the blocks of two convolutions, each followed by a 2 × 2 average pooling.
    units : sequence of int
        Of the dense layers.
    head : {"gaussian", "point"}

    Returns
    -------
    keras.Model
        From ``images`` (N, H, W, C) to (N, K) float32.
    """
    images = keras.Input(image_shape, name="images")
    features = _image_path(images, noise, filters)
    return keras.Model(images, _decision(features, n_parameters, dropout_rate, units, head), name=name)


@register("galnet2", preset="galnet", stretch_inside=True, paper="Li et al. (2022)")
def galnet2(
    image_shape=(61, 61, 1),
    n_parameters=7,
    dropout_rate=0.02,
    noise=8.2,
    filters=(16, 32, 64, 128),
    units=(256, 128, 64),
    psf_shape=(25, 25),
    psf_filters=8,
    head="gaussian",
    name="galnet2",
):
    """GaLNet-2: Sérsic parameters from an image and its PSF.

    Parameters
    ----------
    psf_shape : (int, int)
        Of the images of the PSF, which have the sum 1.
    psf_filters : int
        Of the block of the PSF's path.
    image_shape, n_parameters, dropout_rate, noise, filters, units, head
        As for `galnet1`.

    Returns
    -------
    keras.Model
        From ``images`` (N, H, W, C) and ``psf`` (N, h, w, 1) to (N, K) float32.
    """
    images = keras.Input(image_shape, name="images")
    psf = keras.Input((*psf_shape, 1), name="psf")
    x = Asinh(_PSF_SOFTENING, name="stretched_psf")(psf)
    x = layers.Flatten(name="psf_flatten")(_block(x, psf_filters, "psf"))
    features = layers.Concatenate(name="together")([_image_path(images, noise, filters), x])
    outputs = _decision(features, n_parameters, dropout_rate, units, head)
    return keras.Model({"images": images, "psf": psf}, outputs, name=name)


def _image_path(images, noise, filters):
    x = Asinh(noise, name="stretched")(images)
    for i, n_filters in enumerate(filters, start=1):
        x = _block(x, n_filters, f"block{i}")
    return layers.Flatten(name="flatten")(x)


def _block(x, n_filters, name):
    for i in (1, 2):
        x = layers.Conv2D(
            n_filters, 3, padding="same", activation="relu", kernel_initializer="he_normal", name=f"{name}_conv{i}"
        )(x)
    return layers.AveragePooling2D(2, name=f"{name}_pool")(x)


def _decision(x, n_parameters, dropout_rate, units, head):
    """The three dense layers and the head."""
    # values of single units need more than the three digits of half precision
    dropout = numbered_dropout(dropout_rate if find_head(head).has_width else 0.0, dtype="float32")
    for i, n_units in enumerate(units, start=1):
        x = dropout(x)
        x = layers.Dense(n_units, activation="relu", kernel_initializer="he_normal", dtype="float32", name=f"dense{i}")(
            x
        )
    return layers.Dense(
        find_head(head).n_outputs(n_parameters),
        kernel_initializer=keras.initializers.VarianceScaling(0.1),
        dtype="float32",
        name="head",
    )(x)
