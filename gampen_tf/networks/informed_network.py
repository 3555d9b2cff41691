"""A compact network that is told what is known of an image beside its pixels: its noise and, if known, its PSF.

All light is in units of the noise of a pixel, so that one network serves any depth. What rings about the centre tell
of the galaxy (`RingProfile`), what rings and the transform tell of the PSF (`PsfProfile`), and the noise go to dense
layers; three views of the image (the nucleus, a crop that follows the galaxy's own size, the whole frame) go to
convolutions, which add what rings cannot tell. In training the PSF of a part of the galaxies is withheld, so that one
network serves with and without it.
"""

import keras
from keras import layers, ops

from ..layers.fixed_views import Asinh
from ..layers.heads import find_head
from ..layers.known_inputs import FillMasked, InUnitsOf, RandomlyWithheld
from ..layers.monte_carlo_dropout import numbered_dropout
from ..layers.psf_profile import PsfProfile
from ..layers.ring_profile import HalfLightScale, RingProfile
from ..layers.spatial_transformer import SpatialTransformer
from .registry import register
from .views import image_features, pyramid_of

__all__ = ["informed"]


@register("informed", preset="censored", stretch_inside=True, optional=("psf", "noise"), fills_masked=True)
def informed(
    image_shape=(239, 239, 1),
    n_parameters=3,
    dropout_rate=1e-3,
    psf_shape=(41, 41),
    withheld=0.25,
    filters=(16, 32, 64, 96),
    units=256,
    directions=False,
    head="gaussian",
    name="informed",
):
    """The network that is told the noise and the PSF.

    Parameters
    ----------
    image_shape : (int, int, int)
        One band; height and width equal and of the form 8 k + 7 (95, 143, 239 …).
    n_parameters : int
    dropout_rate : float
    psf_shape : (int, int)
        Of the stamps of the PSF, at the pixel scale of the images.
    withheld : float
        Fraction of the galaxies whose PSF is withheld in training.
    filters : sequence of int
        Of the blocks of two convolutions, each followed by a 2 × 2 pooling.
    units : int
        Width of the dense layers.
    directions : bool
        Whether the rings tell directions in the frame: for parameters that have one, such as the position angle.
    head : {"gaussian", "point"}

    Returns
    -------
    keras.Model
        From ``images`` (N, H, W, 1; NaN where masked), ``psf`` (N, h, w, 1; zeros where it is not known) and ``noise``
        (N, 1), the standard deviation of a pixel, to the outputs of the head.

    Raises
    ------
    ValueError
        For an image shape that it cannot take.
    """
    height, width, channels = image_shape
    if height != width or height % 8 != 7 or channels != 1:
        raise ValueError(
            f"informed takes square frames of one band with sides 8 k + 7 (95, 143, 239 …), found {image_shape}"
        )
    dropout = numbered_dropout(dropout_rate)
    images = keras.Input(image_shape, name="images")
    psf = keras.Input((*psf_shape, 1), name="psf")
    noise = keras.Input((1,), name="noise")

    light = InUnitsOf(name="light")([FillMasked(name="filled")(images), noise])
    half, pyramid, symmetric = pyramid_of(light)
    centre, quarter = pyramid[0], pyramid[2]
    told, known = PsfProfile(name="psf_profile")(psf)
    rings = layers.Concatenate(dtype="float32", name="rings")(
        [
            RingProfile(directions=directions, name="all_light")(pyramid),
            RingProfile(name="symmetric_light")(symmetric),
            ops.log(noise),
        ]
    )
    # their means and variances are those of the training images
    rings = layers.Normalization(dtype="float32", name="standardised_rings")(rings)
    told = layers.Normalization(dtype="float32", name="standardised_psf")(told)
    told = layers.Concatenate(dtype="float32", name="told")([told * known, known])
    told = RandomlyWithheld(withheld, dtype="float32", name="withheld")(told)

    scale = HalfLightScale(name="crop_scale")(symmetric[2])
    crop = SpatialTransformer(output_size=quarter.shape[1], dtype="float32", name="crop")([half, scale])
    views = [
        Asinh(1.0, name="nucleus")(centre),
        Asinh(2.0, name="crop_view")(crop),
        Asinh(4.0, name="surround")(quarter),
    ]
    x = layers.Concatenate(dtype="float32", name="views")(views)
    x = image_features(x, filters, units, dropout)

    # float32 from here on: a logarithm of the flux is wanted to a thousandth
    measured = layers.Concatenate(dtype="float32", name="measured")([rings, told])
    profile = layers.Dense(units, activation="gelu", dtype="float32", name="profile_dense1")(measured)
    for i in (2, 3):
        profile = layers.Dense(units, activation="gelu", dtype="float32", name=f"profile_dense{i}")(dropout(profile))
    together = layers.Concatenate(dtype="float32", name="together")([profile, x, told])
    hidden = layers.Dense(units, activation="gelu", dtype="float32", name="hidden")(dropout(together))
    features = layers.Concatenate(dtype="float32", name="features")([dropout(hidden), dropout(profile), measured])
    outputs = layers.Dense(
        find_head(head).n_outputs(n_parameters),
        kernel_initializer=keras.initializers.VarianceScaling(0.1),
        dtype="float32",
        name="head",
    )(features)
    return keras.Model({"images": images, "psf": psf, "noise": noise}, outputs, name=name)
