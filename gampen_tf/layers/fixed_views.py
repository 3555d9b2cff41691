"""Layers without weights: averages over a grid, half the resolution, the symmetric part, the arcsinh stretch."""

import keras
import numpy as np
from keras import ops

__all__ = ["AdaptiveAveragePooling2D", "Asinh", "HalveResolution", "SymmetricPart"]


@keras.saving.register_keras_serializable("gampen_tf")
class AdaptiveAveragePooling2D(keras.layers.Layer):
    """Average over an ``output_size`` × ``output_size`` grid of bins, whatever the input's size.

    Bin *i* of *n* over a side of H pixels is the pixels floor(i H / n) … ceil((i + 1) H / n) − 1, as in PyTorch's
    ``AdaptiveAvgPool2d``: bins overlap where *n* does not divide H, and repeat pixels where H < *n*. With H = *n* it is
    the identity.

    Parameters
    ----------
    output_size : int

    Call arguments
    --------------
    images : (N, H, W, C) float tensor
    """

    def __init__(self, output_size, **kwargs):
        super().__init__(**kwargs)
        self.output_size = int(output_size)

    def call(self, images):
        _, height, width, channels = images.shape
        n = self.output_size
        if height != n:
            rows = ops.convert_to_tensor(_bin_means(height, n), images.dtype)
            images = ops.matmul(rows, ops.reshape(images, (-1, height, width * channels)))
            images = ops.reshape(images, (-1, n, width, channels))
        if width != n:
            images = ops.matmul(ops.convert_to_tensor(_bin_means(width, n), images.dtype), images)
        return images

    def compute_output_shape(self, input_shape):
        return input_shape[0], self.output_size, self.output_size, input_shape[3]

    def get_config(self):
        return {**super().get_config(), "output_size": self.output_size}


def _bin_means(side, n):
    """(n, side) matrix whose row i takes the mean over bin i."""
    means = np.zeros((n, side), np.float32)
    for i in range(n):
        first, end = i * side // n, -(-(i + 1) * side // n)
        means[i, first:end] = 1 / (end - first)
    return means


@keras.saving.register_keras_serializable("gampen_tf")
class HalveResolution(keras.layers.Layer):
    """Halve the resolution about the central pixel, keeping flux per frame.

    A binomial filter, (1 2 1)/4 along each axis, sampled at every second pixel and multiplied by 4: where the light
    lies inside the frame, the sum of the pixels stays the same. The samples are those at the odd positions 1, 3, 5 …,
    so the centre of a frame of 4 k + 3 pixels stays the centre, and the result turns and flips with the image exactly.

    Call arguments
    --------------
    images : (N, H, W, C) float tensor
        H and W odd.

    Returns
    -------
    (N, (H − 1) / 2, (W − 1) / 2, C) float tensor
    """

    def build(self, input_shape):
        if any(side is None or side % 2 == 0 for side in input_shape[1:3]):
            raise ValueError(f"expected images of odd height and width, found {tuple(input_shape[1:3])}")

    def call(self, images):
        # reshaped to pairs of rows, then of columns: 15 times as fast as two poolings, which take single pixels
        _, height, width, channels = images.shape
        rows = ops.reshape(images, (-1, height, width * channels))
        pairs = ops.reshape(rows[:, :-1], (-1, (height - 1) // 2, 2 * width * channels))
        even, odd = pairs[..., : width * channels], pairs[..., width * channels :]
        rows = even + 2.0 * odd + ops.concatenate([even[:, 1:], rows[:, -1:]], axis=1)
        pairs = ops.reshape(rows[..., :-channels], (-1, (height - 1) // 2, (width - 1) // 2, 2 * channels))
        even, odd, last = pairs[..., :channels], pairs[..., channels:], rows[:, :, None, -channels:]
        return 0.25 * (even + 2.0 * odd + ops.concatenate([even[:, :, 1:], last], axis=2))

    def compute_output_shape(self, input_shape):
        n, height, width, channels = input_shape
        return n, (height - 1) // 2, (width - 1) // 2, channels


@keras.saving.register_keras_serializable("gampen_tf")
class SymmetricPart(keras.layers.Layer):
    """The smaller of each pixel and its counterpart across the centre of the frame.

    A galaxy that is symmetric under half a turn stays as it is; a neighbour, which has no counterpart, goes. Where
    there is nothing but noise σ, the smaller of two values lies 0.56 σ below their mean.

    Call arguments
    --------------
    images : (N, H, W, C) float tensor
    """

    def call(self, images):
        return ops.minimum(images, ops.flip(images, axis=(1, 2)))


@keras.saving.register_keras_serializable("gampen_tf")
class Asinh(keras.layers.Layer):
    """The arcsinh stretch, arcsinh(x / softening) / 4: linear below the noise, logarithmic above it, of order one.

    Parameters
    ----------
    softening : float
        Brightness at which the stretch goes from linear to logarithmic, in the unit of the images.
    """

    def __init__(self, softening, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.softening = float(softening)

    def call(self, images):
        return ops.arcsinh(images / self.softening) / 4.0

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "softening": self.softening}
