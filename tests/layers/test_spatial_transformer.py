"""The spatial transformer: closed forms, SciPy, PyTorch's values, finite differences."""

from pathlib import Path

import gampen_reference
import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.ndimage import map_coordinates

from gampen_tf.layers import SpatialTransformer

REFERENCE = Path(gampen_reference.__file__).parent / "data" / "gampen_reference.npz"


def sample(images, parameters, output_size=None, dtype="float32"):
    layer = SpatialTransformer(output_size, dtype=dtype)
    return np.asarray(layer([tf.constant(images, dtype), tf.constant(parameters, dtype)]))


def ramp(height, width):
    y, x = np.mgrid[:height, :width]
    return (2.0 * x + 3.0 * y + 1.0)[None, ..., None].astype(np.float32)


def blob(height=24, width=20):
    y, x = np.mgrid[:height, :width]
    light = np.exp(-((x - 0.45 * width) ** 2 / 40 + (y - 0.55 * height) ** 2 / 20))
    return np.stack([light, light[::-1]], -1)[None]


@pytest.mark.parametrize("parameters", [[1], [1, 0, 0], [1, 0, 0, 0, 1, 0]])
@pytest.mark.parametrize("shape", [(2, 17, 24, 3), (2, 239, 239, 1)])
def test_the_identity_is_exact(rng, shape, parameters):
    images = rng.normal(size=shape).astype(np.float32)
    np.testing.assert_array_equal(sample(images, [parameters] * 2), images)


@pytest.mark.parametrize("side", [21, 22])
def test_half_scale_keeps_the_central_half_of_a_ramp(side):
    result = sample(ramp(side, side), [[0.5]])[0, ..., 0]
    y, x = np.mgrid[:side, :side] / 2 + (side - 1) / 4
    np.testing.assert_allclose(result, 2 * x + 3 * y + 1, rtol=1e-6)


def test_shift_is_in_half_frames_and_x_runs_along_the_width():
    result = sample(
        ramp(11, 21),
        [
            [1.0, 0.2, 0.0],
        ],
    )[0, ..., 0]  # 0.2 · 10 px = 2 px along the width
    np.testing.assert_allclose(result[:, :-2], ramp(11, 21)[0, :, 2:, 0], rtol=1e-6)
    np.testing.assert_array_equal(result[:, -2:], 0)
    turned = sample(ramp(11, 11), [[0, -1, 0, 1, 0, 0]])[0, ..., 0]
    np.testing.assert_allclose(turned, np.rot90(ramp(11, 11)[0, ..., 0], 1), rtol=1e-6)


def test_outside_the_frame_is_zero():
    result = sample(np.ones((1, 9, 9, 1)), [[2.0]])[0, ..., 0]
    assert result[2:-2, 2:-2].min() == 1
    assert result.sum() == 25


def test_far_outside_is_zero_and_an_unknown_scale_gives_no_numbers(rng):
    images = rng.normal(size=(3, 9, 9, 1))
    result = sample(images, [[1.0, 1e30, 0.0], [1.0, np.nan, 0.0], [1.0, 0.0, 0.0]])
    np.testing.assert_array_equal(result[0], 0)
    assert np.isnan(result[1]).all()
    np.testing.assert_array_equal(result[2], images[2].astype(np.float32))


def test_equals_scipy_in_the_interior(rng):
    images = rng.normal(size=(1, 23, 31, 1))
    matrix = np.array([[0.5, 0.2, 0.05], [-0.15, 0.6, -0.1]])
    result = sample(images, matrix.reshape(1, 6), dtype="float64")[0, ..., 0]
    y, x = np.mgrid[-1:1:23j, -1:1:31j]
    source_x, source_y = (np.tensordot(row[:2], [x, y], 1) + row[2] for row in matrix)
    expected = map_coordinates(images[0, ..., 0], [(source_y + 1) * 11, (source_x + 1) * 15], order=1)
    np.testing.assert_allclose(result, expected, atol=1e-12)


def test_equals_grid_sample_with_borders():
    """Values of torch.nn.functional.grid_sample(align_corners=True), an enlarged and sheared frame among them."""
    with np.load(REFERENCE) as reference:
        result = sample(gampen_reference.images(17, 2), reference["grid_theta"].reshape(2, 6))
        np.testing.assert_allclose(result, reference["grid_sample"], atol=2e-6)


@pytest.mark.parametrize("output_size", [None, (9, 8), (40, 31)])
@pytest.mark.parametrize("parameters", [[0.73], [0.73, 0.11, -0.2], [0.73, 0.1, 0.07, -0.2, 0.9, 0.13]])
def test_gradients_equal_finite_differences(parameters, output_size):
    layer = SpatialTransformer(output_size, dtype="float64")
    images = blob()
    weights = np.random.default_rng(1).normal(size=layer.compute_output_shape((images.shape, (1, len(parameters)))))

    def total(images, parameters):
        return tf.reduce_sum(layer([images, parameters]) * weights)

    # the value has kinks where a sample crosses a pixel's centre: a step too small to meet one
    images, parameters = tf.constant(images), tf.constant([parameters], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch([images, parameters])
        value = total(images, parameters)
    of_images, of_parameters = tape.gradient(value, [images, parameters])
    step = 1e-7
    for k in range(parameters.shape[1]):
        shift = step * np.eye(parameters.shape[1])[k : k + 1]
        difference = (total(images, parameters + shift) - total(images, parameters - shift)) / (2 * step)
        scale = np.abs(of_parameters).max()
        np.testing.assert_allclose(of_parameters[0, k], difference, atol=1e-5 * scale)
    # linear in the images: the gradient is exact whatever the step
    direction = np.random.default_rng(2).normal(size=images.shape)
    difference = total(images + direction, parameters) - value
    np.testing.assert_allclose(np.sum(of_images * direction), difference, rtol=1e-6)


def test_smaller_output_does_not_alias():
    """A wave of 2.5 px, sampled every 2 or 4 px: what plain sampling folds into long waves is filtered away."""
    x = np.arange(129)
    for output_size, plain in ((65, x[::2]), (33, x[::4])):
        image = np.cos(2 * np.pi * x / 2.5)[None, None, :, None] * np.ones((1, 129, 1, 1))
        result = sample(image, [[1.0]], output_size)[0, 5:-5, 5:-5, 0]
        assert np.abs(np.cos(2 * np.pi * plain / 2.5)).max() > 0.9
        assert np.abs(result).max() < 0.16


@pytest.mark.parametrize(("side", "output_size"), [(119, 59), (129, 33), (96, 24), (143, 60), (239, 59)])
def test_smaller_output_keeps_ramps_and_symmetries(rng, side, output_size):
    for scale in (0.3, 0.55, 0.8):
        result = sample(ramp(side, side), [[scale]], output_size)[0, ..., 0]
        y, x = np.mgrid[-1 : 1 : output_size * 1j, -1 : 1 : output_size * 1j] * scale * (side - 1) / 2 + (side - 1) / 2
        # smoothing does not bend a ramp, away from the zeros outside
        np.testing.assert_allclose(result, 2 * x + 3 * y + 1, rtol=1e-5)
    image = rng.normal(size=(1, side, side, 1))
    result = sample(image, [[0.8]], output_size)
    for turn in (lambda a: a[:, ::-1], lambda a: a[:, :, ::-1], lambda a: np.rot90(a, axes=(1, 2))):
        np.testing.assert_allclose(sample(turn(image), [[0.8]], output_size), turn(result), atol=3e-5)


def test_half_precision_moves_no_pixel():
    images = ramp(239, 239) / 1200
    exact = sample(images, [[0.61]])
    layer = SpatialTransformer(dtype="mixed_bfloat16")
    half = layer([images, np.float32([[0.61]])])
    assert half.dtype == "bfloat16"
    # a coordinate in bfloat16 would be off by up to half a pixel, 0.0025, besides the rounding of the result
    np.testing.assert_allclose(np.asarray(half, np.float32), exact, rtol=2**-8, atol=1e-6)


def test_shapes_are_checked_and_kept():
    layer = SpatialTransformer(7)
    images, scale = keras.Input((20, 30, 2)), keras.Input((1,))
    assert layer([images, scale]).shape == (None, 7, 7, 2)
    assert SpatialTransformer.from_config(layer.get_config()).output_size == (7, 7)
    for parameters in ((2,), (3, 2)):
        with pytest.raises(ValueError, match=r"\(N, 6\)"):
            SpatialTransformer()([images, keras.Input(parameters)])
    with pytest.raises(ValueError, match="known height"):
        SpatialTransformer()([keras.Input((None, None, 1)), scale])
