"""Views of a centred galaxy, from the nucleus to the whole frame, and the convolutions that read them."""

from keras import layers

from ..layers.fixed_views import HalveResolution, SymmetricPart

__all__ = ["image_features", "pyramid_of"]


def pyramid_of(images):
    """Views of equal side, each twice as wide as the one before, about the centre of a frame of side 8 k + 7.

    Parameters
    ----------
    images : (N, S, S, 1) Keras tensor

    Returns
    -------
    half : (N, (S − 1) / 2, (S − 1) / 2, 1) Keras tensor
        The whole frame at half the resolution.
    pyramid : list of three Keras tensors
        The centre, the centre of the frame at half the resolution, the whole frame at a quarter.
    symmetric : list of three Keras tensors
        Their point-symmetric parts.
    """
    half = HalveResolution(dtype="float32", name="half")(images)
    quarter = HalveResolution(dtype="float32", name="quarter")(half)
    side = quarter.shape[1]
    pyramid = [_centre(images, side, "centre"), _centre(half, side, "half_centre"), quarter]
    return half, pyramid, [SymmetricPart(name=f"symmetric{i}")(image) for i, image in enumerate(pyramid)]


def image_features(x, filters, units, dropout):
    """Blocks of two convolutions and a pooling, and a dense layer.

    Parameters
    ----------
    x : (N, S, S, C) Keras tensor
    filters : sequence of int
        Of each block.
    units : int
        Of the dense layer.
    dropout : callable
        See :func:`gampen_tf.layers.numbered_dropout`.

    Returns
    -------
    (N, units) Keras tensor
    """
    for i, n_filters in enumerate(filters, start=1):
        # the first convolution halves the views: what is finer than two pixels of the centre is in the rings
        size, strides, x = (5, 2, x) if i == 1 else (3, 1, dropout(x))
        x = layers.Conv2D(n_filters, size, strides, padding="same", activation="relu", name=f"block{i}_conv1")(x)
        x = layers.Conv2D(n_filters, 3, padding="same", activation="relu", name=f"block{i}_conv2")(dropout(x))
        x = layers.MaxPooling2D(2, padding="same", name=f"block{i}_pool")(x)
    x = layers.Conv2D(max(1, filters[-1] // 3), 1, activation="relu", name="squeeze")(dropout(x))
    return layers.Dense(units, activation="relu", name="image_features")(dropout(layers.Flatten(name="flatten")(x)))


def _centre(images, side, name):
    margin = (images.shape[1] - side) // 2
    return layers.Cropping2D(margin, dtype="float32", name=name)(images)
