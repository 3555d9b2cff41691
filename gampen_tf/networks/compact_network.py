"""The compact network: a hundredth of the cost of GaMPEN's, from what is known of centred galaxies.

The galaxy is centred, so a fine image of the centre, a coarse one of the whole frame and a learned crop between the two
carry what a 239 × 239 frame holds. Sérsic-like light is nearly all in its radial profile: fixed sums over rings, in
float32, give flux and size to a fraction of a percent. They are taken of the image and of its point-symmetric part,
from which neighbours are gone, and the convolutions add what rings cannot give. The flux is nearly the sum of the
pixels, which enters the last layer as a feature of its own, so that the network has the correction to learn.
"""

import keras
from keras import layers

from ..layers.fixed_views import Asinh
from ..layers.heads import find_head
from ..layers.monte_carlo_dropout import numbered_dropout
from ..layers.radial_profile import RadialProfile
from ..layers.spatial_transformer import SpatialTransformer
from .registry import register
from .views import image_features, pyramid_of

__all__ = ["compact"]


@register("compact", stretch_inside=True)
def compact(
    image_shape=(239, 239, 1),
    n_parameters=3,
    dropout_rate=1e-3,
    noise=1.6,
    filters=(16, 32, 64, 96),
    units=256,
    head="gaussian",
    name="compact",
):
    """The compact network: three views of the galaxy, its light in rings, and small convolutions.

    Parameters
    ----------
    image_shape : (int, int, int)
        One band; height and width equal and of the form 8 k + 7 (95, 143, 239 …), so that the centre of the frame stays
        the centre of every coarser image.
    n_parameters : int
    dropout_rate : float
    noise : float
        Typical noise of one pixel in the unit of the images, which come in linear flux units: the stretch is inside.
    filters : sequence of int
        Filters of the blocks of two convolutions, each followed by a 2 × 2 pooling.
    units : int
        Width of the dense layers.
    head : {"gaussian", "point"}

    Returns
    -------
    keras.Model
        From ``images`` (N, H, W, 1) to the outputs of the head.

    Raises
    ------
    ValueError
        For an image shape that it cannot take.
    """
    height, width, channels = image_shape
    if height != width or height % 8 != 7 or channels != 1:
        raise ValueError(
            f"compact takes square frames of one band with sides 8 k + 7 (95, 143, 239 …), found {image_shape}"
        )
    dropout = numbered_dropout(dropout_rate)

    images = keras.Input(image_shape, name="images")
    half, pyramid, symmetric = pyramid_of(images)
    centre, quarter = pyramid[0], pyramid[2]
    rings = layers.Concatenate(dtype="float32", name="rings")(
        [RadialProfile(noise, name="all_light")(pyramid), RadialProfile(noise, name="symmetric_light")(symmetric)]
    )
    # its mean and variance are those of the training images
    rings = layers.Normalization(dtype="float32", name="standardised_rings")(rings)
    # the filter of each halving sums 16 (3/8)² pixels' noise in quadrature, times its own correlation
    surround = Asinh(4.0 * noise, name="surround")(quarter)
    nucleus = Asinh(noise, name="nucleus")(centre)

    scale = _localisation(surround, dropout)
    crop = SpatialTransformer(output_size=quarter.shape[1], dtype="float32", name="crop")([half, scale])
    x = layers.Concatenate(name="views")([nucleus, Asinh(2.0 * noise, name="stretched_crop")(crop), surround])
    x = image_features(x, filters, units, dropout)

    profile = layers.Dense(units, activation="gelu", dtype="float32", name="profile_dense1")(rings)
    for i in (2, 3):
        profile = layers.Dense(units, activation="gelu", dtype="float32", name=f"profile_dense{i}")(dropout(profile))

    # float32 from here on: a logarithm of the flux is needed to a thousandth
    together = layers.Concatenate(dtype="float32", name="together")([profile, x])
    hidden = layers.Dense(units, activation="gelu", dtype="float32", name="hidden")(dropout(together))
    features = layers.Concatenate(dtype="float32", name="features")([dropout(hidden), dropout(profile), rings])
    outputs = layers.Dense(
        find_head(head).n_outputs(n_parameters),
        kernel_initializer=keras.initializers.VarianceScaling(0.1),
        dtype="float32",
        name="head",
    )(features)
    return keras.Model(images, outputs, name=name)


def _localisation(surround, dropout):
    """The scale of the learned crop, (N, 1), from the coarse image of the whole frame; one half at the start."""
    x = layers.Conv2D(16, 5, strides=2, activation="relu", name="localisation_conv1")(surround)
    x = layers.MaxPooling2D(2, name="localisation_pool1")(x)
    x = layers.Conv2D(24, 3, activation="relu", name="localisation_conv2")(dropout(x))
    x = layers.MaxPooling2D(2, name="localisation_pool2")(x)
    x = layers.Flatten(name="localisation_flatten")(x)
    x = layers.Dense(32, activation="relu", name="localisation_dense1")(dropout(x))
    return layers.Dense(
        1,
        kernel_initializer="zeros",
        bias_initializer=keras.initializers.Constant(0.5),
        dtype="float32",
        name="localisation_scale",
    )(dropout(x))
