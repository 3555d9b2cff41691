"""GaMPEN's first network: an affine spatial transformer before one like GaMorNet (Ghosh et al. 2021, figure 1)."""

import keras
from keras import layers

from ..layers.heads import find_head
from ..layers.monte_carlo_dropout import numbered_dropout
from ..layers.spatial_transformer import SpatialTransformer
from .registry import register

__all__ = ["workshop"]

_IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
# The transform is the identity plus this times the regression; the paper has no such factor. An optimiser such as Adam,
# whose steps do not depend on the size of a gradient, moves a sum over thousands of features so far at once that the
# galaxy leaves the frame for good. Under the paper's own plain steps the transform moves by its square more slowly.
_GAIN = 0.01
_SMALLEST_SIDE = 64  # below it nothing is left after the third pooling


@register("workshop", preset="workshop", paper="Ghosh et al. (2021)")
def workshop(
    image_shape=(239, 239, 1),
    n_parameters=3,
    dropout_rate=0.1,
    *,
    filters=(96, 256, 384, 384, 256),
    units=4096,
    localisation_filters=(16, 24),
    output_size=None,
    head="gaussian",
    name="workshop",
):
    """The network of GaMPEN's workshop paper.

    Its text gives the numbers and kinds of layers; sizes of filters are those of GaMorNet (Ghosh et al. 2020), of
    the localisation net ours. Dropout stands before every layer with weights of the downstream network but the first.

    Parameters
    ----------
    image_shape : (int, int, int)
        Height, width, channels.
    n_parameters : int
    dropout_rate : float
        0.1 in the paper.
    filters : sequence of 5 int
        Of the convolutions, whose sides are 11 (in steps of 4), 5, 3, 3 and 3.
    units : int
        Width of the first two of the three dense layers.
    localisation_filters : (int, int)
        Of the two convolutions before the regression to the six parameters of the transform, the identity at the
        start.
    output_size : int, optional
        Side of the transformed image in pixels; that of the input, as in the paper, if not given.
    head : {"gaussian", "point"}
        The paper's head is a point: one number a parameter, its posterior that of the dropout alone.

    Returns
    -------
    keras.Model
        From ``images`` (N, H, W, C), stretched, to the outputs of the head, float32.

    Raises
    ------
    ValueError
        For another number of filters, or images too small for the network.
    """
    if len(filters) != 5:
        raise ValueError(f"expected the filters of five convolutions, found {filters}")
    if min(*image_shape[:2], output_size or _SMALLEST_SIDE) < _SMALLEST_SIDE:
        raise ValueError(f"workshop takes images of {_SMALLEST_SIDE} px and more, found {image_shape}, {output_size}")
    dropout = numbered_dropout(dropout_rate)
    images = keras.Input(image_shape, name="images")
    parameters = _localisation(images, localisation_filters)
    x = SpatialTransformer(output_size, name="transform")([images, parameters])
    for i, (n_filters, size) in enumerate(zip(filters, (11, 5, 3, 3, 3), strict=True), start=1):
        x = x if i == 1 else dropout(x)
        x = _convolution(n_filters, size, f"conv{i}", strides=4 if i == 1 else 1)(x)
        if i in (1, 2, 5):
            x = layers.MaxPooling2D(3, 2, padding="same", name=f"pool{i}")(x)
    x = layers.Flatten(name="flatten")(x)
    for i in (1, 2):
        x = dropout(x)
        x = layers.Dense(units, activation="relu", kernel_initializer="he_normal", name=f"dense{i}")(x)
    size = find_head(head).n_outputs(n_parameters)
    # zeros: the first predictions are the means of the labels, whatever the features of an untrained network
    outputs = layers.Dense(size, kernel_initializer="zeros", dtype="float32", name="head")(dropout(x))
    return keras.Model(images, outputs, name=name)


def _localisation(images, filters):
    """The six parameters of the transform: two convolutions and a dense layer that regresses them."""
    x = _convolution(filters[0], 7, "localisation_conv1", strides=4)(images)
    x = layers.MaxPooling2D(2, name="localisation_pool1")(x)
    x = _convolution(filters[1], 5, "localisation_conv2")(x)
    x = layers.MaxPooling2D(2, name="localisation_pool2")(x)
    x = layers.Flatten(name="localisation_flatten")(x)
    x = layers.Dense(6, kernel_initializer="zeros", dtype="float32", name="localisation_regression")(x)
    return layers.Rescaling(_GAIN, list(_IDENTITY), dtype="float32", name="localisation_parameters")(x)


def _convolution(n_filters, size, name, **kwargs):
    return layers.Conv2D(
        n_filters, size, padding="same", activation="relu", kernel_initializer="he_normal", name=name, **kwargs
    )
