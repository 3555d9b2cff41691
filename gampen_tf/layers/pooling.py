"""Pooling to a fixed number of bins."""

import keras
import numpy as np
from keras import ops

__all__ = ["AdaptiveAveragePooling2D"]


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
