"""Light in rings: fluxes and growth of Gaussians, known ellipticities, symmetries."""

import numpy as np
import pytest

from gampen_tf.layers import HalveResolution, RadialProfile

NOISE, RINGS, SIDE = 1.6, 24, 239

Y, X = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2

RADIUS, ANGLE = np.hypot(X, Y), np.arctan2(Y, X)


def pyramid(image):
    image = np.asarray(image, np.float32)[None, :, :, None]
    half = HalveResolution()(image)
    return [image[:, 90:-90, 90:-90], half[:, 30:-30, 30:-30], HalveResolution()(half)]


def features(image):
    """brightness, growth, amplitudes of orders 1 and 3, pairs of orders 2 and 4, total."""
    row = np.asarray(RadialProfile(NOISE, RINGS)(pyramid(image)))[0].astype(float)
    blocks = row[:-1].reshape(8, RINGS)
    return {"brightness": blocks[0], "growth": blocks[1], "order_1": blocks[2], "order_3": blocks[3],
            "order_2": blocks[4:6], "order_4": blocks[6:8], "total": row[-1]}  # fmt: skip


def gaussian(sigma, flux=1e6, x0=0.0, y0=0.0):
    return flux / (2 * np.pi * sigma**2) * np.exp(-((X - x0) ** 2 + (Y - y0) ** 2) / (2 * sigma**2))


@pytest.mark.parametrize("sigma", [1.5, 6.0, 25.0])
def test_total_is_the_flux_in_the_frame(sigma):
    total = np.sinh(4 * features(gaussian(sigma))["total"]) * 100 * NOISE
    assert total == pytest.approx(1e6, rel=2e-3)


@pytest.mark.parametrize("sigma", [6.0, 25.0])
def test_growth_is_that_of_a_gaussian(sigma):
    found = features(gaussian(sigma))
    flux = np.sinh(found["growth"] / 2 + 4 * found["total"]) * 100 * NOISE
    # a ring's hat reaches half its light at the middle between its node and the next
    nodes = np.linspace(0, np.arcsinh(116 / 6), RINGS)
    edges = 6 * np.sinh(nodes + 0.5 * nodes[1])
    np.testing.assert_allclose(flux / 1e6, 1 - np.exp(-0.5 * (edges / sigma) ** 2), atol=0.02)


def test_an_ellipticity_of_order_two_is_found_whatever_its_direction():
    for direction in (0.0, 0.4, 2.0):
        image = 5e3 * np.exp(-RADIUS / 15) * (1 + 0.2 * np.cos(2 * (ANGLE - direction)))
        found = features(image)
        bright = (found["brightness"] * 4 + 4 * found["total"] > 8) & (np.arange(RINGS) > 3)
        assert bright.sum() > 10
        # the mean of (1 + ε cos 2θ) cos 2θ over a ring is ε / 2; pixels blur the inner rings
        np.testing.assert_allclose(found["order_2"][0][bright], 0.1, atol=0.006)
        np.testing.assert_allclose(found["order_2"][1][bright], 0.0, atol=0.006)
        np.testing.assert_allclose(found["order_1"][bright], 0.0, atol=1e-3)


def test_features_are_the_same_for_all_symmetries_of_the_square(rng):
    image = gaussian(8.0) * (1 + 0.3 * np.cos(2 * ANGLE + 0.05 * RADIUS)) + gaussian(3.0, 1e5, 25, -14)
    image = image + rng.normal(0, NOISE, image.shape)
    upright = RadialProfile(NOISE)(pyramid(image))
    for turned in (np.rot90(image), np.rot90(image, 2), image[::-1], image[:, ::-1], image.T):
        np.testing.assert_allclose(RadialProfile(NOISE)(pyramid(turned)), upright, atol=2e-3)


def test_images_of_different_sides_are_refused():
    with pytest.raises(ValueError, match="one side"):
        RadialProfile(NOISE)([np.zeros((1, 59, 59, 1)), np.zeros((1, 57, 57, 1))])
