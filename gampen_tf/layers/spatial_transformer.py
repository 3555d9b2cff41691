"""The spatial transformer: a crop, shift or affine map of an image by predicted parameters."""

import math

import keras
import numpy as np
from keras import ops

__all__ = ["SpatialTransformer"]

# Numbers of parameters: scale; scale and shift; affine map.
_N_PARAMETERS = (1, 3, 6)


@keras.saving.register_keras_serializable("gampen_tf")
class SpatialTransformer(keras.layers.Layer):
    """Resample each image on a grid that is scaled, shifted or deformed by predicted parameters.

    Output pixel (x, y) in [−1, 1]², corner pixels at ±1, takes the bilinear value of the input at A (x, y, 1)ᵀ, zero
    outside the frame (Jaderberg et al. 2015; Ghosh et al. 2022, eq. 4). A depends on the number of parameters:

    * 1: (s), A = [[s, 0, 0], [0, s, 0]]; s < 1 crops about the centre, s = 1 is the identity, exactly.
    * 3: (s, t_x, t_y), A = [[s, 0, t_x], [0, s, t_y]].
    * 6: A row by row; x runs along the width.

    With the input's size, and with a larger one, that is all. With a smaller one the pixels of the output may lie more
    than one input pixel apart, and sampling alone would alias: then the value is interpolated linearly, in log₂ of
    that distance, between levels of a pyramid, each of which halves the resolution with a binomial filter (Williams
    1983). The levels reach as far as s = 1 needs; beyond it, where frames of zeros are added, the last level serves.

    Under half-precision policies all of it is done in float32 and the result rounded once: coordinates in half
    precision would misplace pixels.

    Parameters
    ----------
    output_size : int or (int, int), optional
        Height and width of the output in pixels; those of the input if not given.

    Call arguments
    --------------
    inputs : (images, parameters)
        (N, H, W, C) and (N, 1), (N, 3) or (N, 6) float tensors.
    """

    def __init__(self, output_size=None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.output_size = (output_size, output_size) if isinstance(output_size, int) else output_size

    def build(self, input_shape):
        images, parameters = input_shape
        if len(images) != 4 or None in images[1:3]:
            raise ValueError(f"expected images (N, H, W, C) of known height and width, found {tuple(images)}")
        if len(parameters) != 2 or parameters[1] not in _N_PARAMETERS:
            raise ValueError(f"expected parameters (N, 1), (N, 3) or (N, 6), found {tuple(parameters)}")

    def call(self, inputs):
        images, parameters = inputs
        dtype = "float64" if self.compute_dtype == "float64" else "float32"
        images = ops.cast(images, dtype)
        matrix = _affine_matrix(ops.cast(parameters, dtype))
        size, output_size = images.shape[1:3], self._output_size(images.shape)
        x, y = _source_pixels(matrix, size, output_size)
        n_halvings = _n_halvings(size, output_size)
        # without rotation or shear the rows of a grid share their columns' positions
        sample = _bilinear if parameters.shape[-1] == 6 else _separable_bilinear
        if n_halvings == 0:
            return ops.cast(sample(images, x, y), self.compute_dtype)
        level = ops.clip(_log2_step(matrix, size, output_size), 0.0, float(n_halvings))
        result = 0.0
        for number in range(n_halvings + 1):
            weight = ops.relu(1.0 - ops.abs(level - number))
            result = result + weight[:, None, None, None] * sample(images, x, y)
            if number < n_halvings:
                y, x = _halved(y, images.shape[1]), _halved(x, images.shape[2])
                images = _half(images)
        return ops.cast(result, self.compute_dtype)

    def _output_size(self, shape):
        return tuple(shape[1:3]) if self.output_size is None else tuple(self.output_size)

    def compute_output_shape(self, input_shape):
        images = input_shape[0]
        return images[0], *self._output_size(images), images[3]

    def get_config(self):
        return {**super().get_config(), "output_size": self.output_size}


def _affine_matrix(parameters):
    """The (N, 2, 3) matrix A."""
    n = parameters.shape[-1]
    if n == 6:
        return ops.reshape(parameters, (-1, 2, 3))
    scale, zero = parameters[:, 0], ops.zeros_like(parameters[:, 0])
    shift_x, shift_y = (parameters[:, 1], parameters[:, 2]) if n == 3 else (zero, zero)
    rows = [ops.stack([scale, zero, shift_x], axis=-1), ops.stack([zero, scale, shift_y], axis=-1)]
    return ops.stack(rows, axis=1)


def _source_pixels(matrix, size, output_size):
    """x and y, (N, h, w), in pixels of the input, of each output pixel.

    Distances are from the centre, so that a scale of 1 gives whole numbers without rounding.
    """
    (height, width), (h, w) = size, output_size
    column = np.arange(w, dtype=np.float32) - (w - 1) / 2
    row = np.arange(h, dtype=np.float32)[:, None] - (h - 1) / 2
    to_x, to_y = 2 / max(w - 1, 1), 2 / max(h - 1, 1)

    def coordinate(i, side):
        half = (side - 1) / 2
        a, b, shift = (matrix[:, i, j][:, None, None] for j in range(3))
        return half + (a * (half * to_x)) * column + (b * (half * to_y)) * row + shift * half

    return coordinate(0, width), coordinate(1, height)


def _log2_step(matrix, size, output_size):
    """log₂ of the longer distance, in input pixels, between neighbours of the output, (N,)."""
    half = np.array([size[1] - 1, size[0] - 1], np.float32) / 2
    step = np.array([2 / max(side - 1, 1) for side in output_size[::-1]], np.float32)
    columns = matrix[:, :, :2] * half[:, None] * step
    longest = ops.max(ops.sum(ops.square(columns), axis=1), axis=-1)
    return 0.5 * ops.log(ops.maximum(longest, 1e-12)) / math.log(2)


def _n_halvings(size, output_size):
    """Halvings of the resolution until a grid over the whole frame does not alias."""
    step = max((side - 1) / max(out - 1, 1) for side, out in zip(size, output_size, strict=True))
    # a tenth of an octave is left, for sides like 119 and 59
    return max(0, math.ceil(math.log2(step) - 0.1))


def _halved(pixels, side):
    """Coordinates on the image that `_half` makes along a side of so many pixels."""
    return pixels / 2 if side % 2 else (pixels - 0.5) / 2


def _half(images):
    """Half the resolution, zeros outside: (1 2 1)/4 about pixels 0, 2, 4 … of an odd side, (1 3 3 1)/8 between the
    pixels of an even one, so that the centre stays the centre and flips and turns commute with it."""
    for axis in (1, 2):
        padding = [(0, 0)] * 4
        padding[axis] = (1, 1)
        images = ops.pad(images, padding)
        # running means of two pixels, the last at every second place: two are (1 2 1)/4, three are (1 3 3 1)/8
        pool = (2, 1) if axis == 1 else (1, 2)
        for strides in (1, pool) if images.shape[axis] % 2 else (1, 1, pool):
            images = ops.average_pool(images, pool, strides, "valid")
    return images


def _bilinear(images, x, y):
    """Bilinear values of (N, H, W, C) images at (N, h, w) pixel coordinates, zeros outside."""
    _, height, width, channels = images.shape
    n = ops.shape(images)[0]
    h, w = x.shape[1:3]
    flat = ops.reshape(images, (-1, channels))
    first = (ops.arange(n, dtype="int32") * (height * width))[:, None, None]
    # far outside, and where a scale has diverged, any pixel outside will do
    x, y = ops.clip(x, -2.0, width + 1.0), ops.clip(y, -2.0, height + 1.0)
    left, top = ops.floor(x), ops.floor(y)
    result = 0.0
    for row, row_weight in ((top, top + 1.0 - y), (top + 1.0, y - top)):
        for column, column_weight in ((left, left + 1.0 - x), (left + 1.0, x - left)):
            outside = (row < 0) | (row > height - 1) | (column < 0) | (column > width - 1)
            weight = ops.where(outside, 0.0, row_weight * column_weight)  # stays NaN where the parameters are
            pixel = ops.clip(row, 0, height - 1) * width + ops.clip(column, 0, width - 1)
            pixel = ops.clip(ops.cast(pixel, "int32"), 0, height * width - 1)
            values = ops.take(flat, first + pixel, axis=0)
            result = result + weight[..., None] * values
    return ops.reshape(result, (-1, h, w, channels))


def _separable_bilinear(images, x, y):
    """`_bilinear` for grids along the axes: two products with the matrices of linear interpolation, several times
    faster than gathering pixels."""
    _, height, width, channels = images.shape
    h, w = y.shape[1], x.shape[2]
    along_y = ops.cast(_hats(y[:, :, 0], height), images.dtype)
    along_x = ops.cast(_hats(x[:, 0, :], width), images.dtype)
    columns = ops.matmul(along_y, ops.reshape(images, (-1, height, width * channels)))
    columns = ops.reshape(ops.swapaxes(ops.reshape(columns, (-1, h, width, channels)), 2, 3), (-1, h * channels, width))
    rows = ops.matmul(columns, ops.swapaxes(along_x, 1, 2))
    return ops.swapaxes(ops.reshape(rows, (-1, h, channels, w)), 2, 3)


def _hats(positions, side):
    """(N, n, side) weights of the pixels of a side in the linear interpolation at (N, n) positions, zeros outside."""
    return ops.relu(1.0 - ops.abs(positions[:, :, None] - np.arange(side, dtype=np.float32)))
