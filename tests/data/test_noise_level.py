"""The noise of an image from its own pixels."""

import numpy as np
import pytest

from gampen_tf.data import noise_level


def frames(n, side, sigma, n_neighbours, seed=1):
    """A galaxy in the centre, neighbours anywhere, Gaussian noise about a sky that is not quite zero."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    images = rng.normal(0.3 * sigma, sigma, (n, side, side))
    images += 300 * sigma * np.exp(-np.hypot(y - side // 2, x - side // 2) / (side / 30))
    for image in images:
        for _ in range(n_neighbours):
            row, column = rng.uniform(0, side, 2)
            image += sigma * np.exp(rng.uniform(1, 6) - np.hypot(y - row, x - column) / rng.uniform(1, 3))
    return images


@pytest.mark.parametrize(("side", "n_neighbours"), [(95, 0), (95, 6), (239, 0), (239, 20)])
@pytest.mark.parametrize("sigma", [0.02, 1.7])
def test_gaussian_noise_is_found_among_neighbours_to_three_per_cent(side, n_neighbours, sigma):
    found = noise_level(frames(24, side, sigma, n_neighbours))
    assert found.dtype == np.float64
    assert np.mean(found) == pytest.approx(sigma, rel=0.03)
    # of 6500 pixels at 95 px: an error of 1.7 % for one image
    assert np.std(found) < 0.03 * sigma


def test_it_scales_with_the_images_and_knows_no_level():
    images = frames(3, 61, 1.0, 2)
    np.testing.assert_allclose(noise_level(7.0 * images - 40.0), 7.0 * noise_level(images), rtol=1e-9)


def test_an_image_has_the_same_noise_alone_and_among_others():
    images = frames(5, 61, 1.0, 2).astype(np.float32)
    np.testing.assert_array_equal(noise_level(images), [noise_level(image) for image in images])


def test_masked_and_lost_pixels_do_not_count():
    images = frames(4, 95, 1.0, 0)
    mask = np.random.default_rng(2).uniform(size=images.shape) < 0.3
    spoiled, lost = images.copy(), images.copy()
    spoiled[mask], lost[mask] = -1e4, np.nan
    np.testing.assert_array_equal(noise_level(spoiled, mask), noise_level(lost))
    np.testing.assert_allclose(noise_level(spoiled, mask), 1.0, rtol=0.07)
    np.testing.assert_array_equal(noise_level(spoiled, mask[0])[0], noise_level(lost)[0])


def test_images_without_noise_or_pixels():
    assert noise_level(np.ones((9, 9))) == 0
    np.testing.assert_array_equal(noise_level(np.full((2, 9, 9), np.nan)), [np.nan, np.nan])
    assert noise_level(np.zeros((0, 9, 9))).shape == (0,)
