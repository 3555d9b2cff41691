"""GaMPEN: a spatial transformer before VGG-16 (Ghosh et al. 2022, Table 3)."""

import keras
from keras import layers

from ..layers.fixed_views import AdaptiveAveragePooling2D
from ..layers.heads import find_head
from ..layers.monte_carlo_dropout import numbered_dropout
from ..layers.spatial_transformer import SpatialTransformer
from .registry import register

__all__ = ["TRANSFORMS", "gampen"]

# Starting values of the parameters that the localisation net predicts, in units of the starting scale.
TRANSFORMS = {
    "scale": (1,),
    "scale_shift": (1, 0, 0),
    "affine": (1, 0, 0, 0, 1, 0),
}
_SMALLEST_SIDE = 33  # below it nothing is left after the localisation net's second pooling
_VGG16 = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


@register("gampen", preset="gampen", paper="Ghosh et al. (2022)")
def gampen(
    image_shape=(239, 239, 3),
    n_parameters=3,
    dropout_rate=7e-4,
    *,
    outputs=None,
    head="gaussian",
    transform="scale",
    initial_scale=1.0,
    regularization=0.0,
    name="gampen",
):
    """GaMPEN's network: 143 125 226 weights for images of 239 px and three channels.

    Parameters
    ----------
    image_shape : (int, int, int)
        Height, width, channels. At sides other than 224–255 px the last feature map is averaged to 7 × 7 bins, as
        torchvision's VGG-16 does.
    n_parameters : int
    dropout_rate : float
        Before every convolution but the first and before the last two dense layers.
    outputs : int, optional
        Width of the last layer; that of the head for `n_parameters` if not given.
    head : {"gaussian", "point"}
    transform : {"scale", "scale_shift", "affine"}
        What the localisation net predicts. The paper's is the isotropic scale.
    initial_scale : float
        Of the transform before training; 1 is the identity.
    regularization : float
        λ of the term λ Σ‖ω‖² of the loss, over all kernels.

    Returns
    -------
    keras.Model
        From ``images`` (N, H, W, C), stretched, to (N, outputs) float32.

    Raises
    ------
    ValueError
        For a transform that does not exist, or images too small for the localisation net.
    """
    if transform not in TRANSFORMS:
        raise ValueError(f"expected a transform of {', '.join(TRANSFORMS)}, found {transform!r}")
    if min(image_shape[:2]) < _SMALLEST_SIDE:
        raise ValueError(f"gampen takes images of {_SMALLEST_SIDE} px and more, found {tuple(image_shape)}")
    penalty = keras.regularizers.L2(regularization) if regularization else None
    dropout = numbered_dropout(dropout_rate)

    images = keras.Input(image_shape, name="images")
    x = SpatialTransformer(name="transform")([images, _localisation(images, transform, initial_scale, penalty)])
    for i, filters in enumerate(_VGG16, start=1):
        for j, n_filters in enumerate(filters, start=1):
            x = x if (i, j) == (1, 1) else dropout(x)
            x = _convolution(n_filters, 3, penalty, padding="same", name=f"block{i}_conv{j}")(x)
        x = layers.MaxPooling2D(2, name=f"block{i}_pool")(x)
    x = AdaptiveAveragePooling2D(7, name="pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = _dense(4096, penalty, name="dense1")(x)
    x = _dense(4096, penalty, name="dense2")(dropout(x))
    head = layers.Dense(
        outputs or find_head(head).n_outputs(n_parameters),
        kernel_regularizer=penalty,
        dtype="float32",
        name="head",
    )(dropout(x))
    return keras.Model(images, head, name=name)


def _localisation(images, transform, initial_scale, penalty):
    """The parameters of the transform, from the whole image; at the start the same for every image."""
    x = _convolution(64, 11, penalty, name="localisation_conv1")(images)
    x = layers.MaxPooling2D(3, 2, name="localisation_pool1")(x)
    x = _convolution(96, 9, penalty, name="localisation_conv2")(x)
    x = layers.MaxPooling2D(3, 2, name="localisation_pool2")(x)
    x = layers.Flatten(name="localisation_flatten")(x)
    x = _dense(32, penalty, name="localisation_dense1")(x)
    start = [initial_scale * value for value in TRANSFORMS[transform]]
    return layers.Dense(
        len(start),
        kernel_initializer="zeros",
        bias_initializer=keras.initializers.Constant(start),
        kernel_regularizer=penalty,
        dtype="float32",
        name="localisation_parameters",
    )(x)


def _convolution(n_filters, size, penalty, **kwargs):
    return layers.Conv2D(
        n_filters, size, activation="relu", kernel_initializer="he_normal", kernel_regularizer=penalty, **kwargs
    )


def _dense(n_units, penalty, **kwargs):
    return layers.Dense(
        n_units, activation="relu", kernel_initializer="he_normal", kernel_regularizer=penalty, **kwargs
    )
