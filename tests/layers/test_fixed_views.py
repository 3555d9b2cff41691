"""Pooling to a grid, half the resolution and the symmetric part: PyTorch's values and closed forms."""

from pathlib import Path

import gampen_reference
import numpy as np
import pytest

from gampen_tf.layers import AdaptiveAveragePooling2D, HalveResolution, SymmetricPart

REFERENCE = Path(gampen_reference.__file__).parent / "data" / "gampen_reference.npz"
NOISE, SIDE = 1.6, 239
Y, X = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2


def ramp(height, width):
    y, x = np.mgrid[:height, :width]
    return (2.0 * x + 3.0 * y + 1.0)[None, ..., None].astype(np.float32)


def test_adaptive_pooling_has_pytorchs_bins():
    images = gampen_reference.images(17, 2)[:, :10, :4]
    with np.load(REFERENCE) as reference:
        np.testing.assert_allclose(AdaptiveAveragePooling2D(7)(images), reference["pool_10_to_7"], atol=1e-6)
    same = gampen_reference.images(7, 2)
    np.testing.assert_array_equal(AdaptiveAveragePooling2D(7)(same), same)


def test_halved_resolution_keeps_flux_ramps_and_symmetries(rng):
    half = HalveResolution()
    light = np.zeros((1, 31, 31, 2), np.float32)
    light[:, 8:-8, 8:-8] = rng.random((1, 15, 15, 2))
    result = np.asarray(half(light))
    np.testing.assert_allclose(result.sum((1, 2)), light.sum((1, 2)), rtol=1e-5)
    np.testing.assert_allclose(half(ramp(11, 15)), 4 * ramp(11, 15)[:, 1::2, 1::2], rtol=1e-6)
    for turn in (lambda a: a[:, ::-1], lambda a: np.rot90(a, axes=(1, 2))):
        np.testing.assert_allclose(half(turn(light).copy()), turn(result), rtol=1e-5, atol=1e-6)


def gaussian(sigma, flux=1e6, x0=0.0, y0=0.0):
    return flux / (2 * np.pi * sigma**2) * np.exp(-((X - x0) ** 2 + (Y - y0) ** 2) / (2 * sigma**2))


def test_the_symmetric_part_is_rid_of_a_neighbour_exactly():
    galaxy = gaussian(8.0) * (1 + 0.3 * np.cos(2 * np.arctan2(Y, X) + 0.05 * np.hypot(X, Y)))
    galaxy = 0.5 * (galaxy + galaxy[::-1, ::-1])
    crowded = galaxy + gaussian(3.0, 3e5, 40, -30)
    both = np.stack([galaxy, crowded])[..., None]
    galaxy_alone, without_neighbour = np.asarray(SymmetricPart()(both))
    np.testing.assert_allclose(galaxy_alone, both[0], rtol=1e-6, atol=1e-30)
    np.testing.assert_allclose(without_neighbour, both[0], atol=1e-6 * both.max())


def test_the_symmetric_part_of_noise_is_lower_by_its_expected_minimum(rng):
    noise = rng.normal(0, 1, (20, 101, 101, 1))
    # E min of two standard normals is -1/√π; the standard error of the mean is 0.002
    assert np.asarray(SymmetricPart()(noise)).mean() == pytest.approx(-1 / np.sqrt(np.pi), abs=0.01)
