"""Rings in units of the noise: symmetries, stability, and the scale of a crop."""

import keras
import numpy as np
import pytest

from gampen_tf.layers import HalfLightScale, RadialProfile, RingProfile

SIDE = 23


def pyramid(image):
    """Three levels about one centre, without the filter of a network: enough for the symmetries."""
    return [image[:, 36:59, 36:59], image[:, 12:83:3, 12:83:3][:, :SIDE, :SIDE], image[:, ::4, ::4][:, :SIDE, :SIDE]]


def galaxy(rng, flux=3e4, angle=0.4, noise=1.0):
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    light = np.exp(-np.hypot(u, v / 0.6) / 2.5)
    images = [flux * light / light.sum() + noise * rng.standard_normal((SIDE, SIDE)) for _ in range(3)]
    return [image[None, ..., None].astype(np.float32) for image in images]


def test_turned_and_mirrored_images_have_the_same_rings(rng):
    layer, images = RingProfile(12), galaxy(rng)
    plain = np.asarray(layer(images))
    for quarter in range(4):
        for mirrored in (False, True):
            turned = [np.rot90(image, quarter, axes=(1, 2)) for image in images]
            turned = [np.ascontiguousarray(image[:, :, ::-1] if mirrored else image) for image in turned]
            np.testing.assert_allclose(np.asarray(layer(turned)), plain, atol=2e-5)


def test_a_last_digit_of_the_pixels_moves_no_ring(rng):
    """Rounding that another device would do moves the features by far less than the noise does."""
    layer, images = RingProfile(12), galaxy(rng, flux=1e6)
    plain = np.asarray(layer(images), float)
    rounded = [(image * (1 + 1e-7 * rng.standard_normal(image.shape))).astype(np.float32) for image in images]
    by_rounding = np.abs(np.asarray(layer(rounded), float) - plain)
    again = [image + rng.standard_normal(image.shape).astype(np.float32) for image in images]
    by_noise = np.abs(np.asarray(layer(again), float) - plain)
    assert np.median(by_rounding) < 1e-3 * np.median(by_noise)
    assert by_rounding.max() < 1e-4


def test_it_says_what_the_profile_in_float32_says(rng):
    """With unit noise, brightness and growth are those of `RadialProfile`, without the last ring's growth of 0."""
    images = galaxy(rng)
    rings, profile = np.asarray(RingProfile(12)(images))[0], np.asarray(RadialProfile(1.0, 12)(images))[0]
    np.testing.assert_allclose(rings[:12], profile[:12], atol=1e-5)
    np.testing.assert_allclose(rings[12:23], profile[12:23], atol=1e-5)
    assert abs(profile[23]) < 1e-5
    assert rings[-1] == pytest.approx(profile[-1], abs=1e-6)


def test_directions_turn_with_the_image_as_vectors_and_ellipses_do(rng):
    images = galaxy(rng, noise=0.0)
    one, two = (
        np.asarray(RingProfile(12, directions=True)([np.rot90(image, quarter, axes=(1, 2)) for image in images]))[0]
        for quarter in (0, 1)
    )
    np.testing.assert_allclose(one[:96], np.asarray(RingProfile(12)(images))[0], atol=1e-6)
    plain, turned = one[96:].reshape(4, 12), two[96:].reshape(4, 12)
    # rows run down: a quarter turn sends x to -y and y to x
    np.testing.assert_allclose(turned, [plain[1], -plain[0], -plain[2], -plain[3]], atol=2e-5)
    angle = 0.5 * np.degrees(np.arctan2(plain[3].sum(), plain[2].sum()))
    assert angle == pytest.approx(np.degrees(0.4), abs=1.0)


@pytest.mark.parametrize("sigma", [3.0, 6.0])
def test_the_crop_reaches_to_multiples_of_the_half_light_radius(sigma):
    side = 59
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    image = np.exp(-(x**2 + y**2) / (2 * sigma**2))[None, ..., None].astype(np.float32)
    scale = float(HalfLightScale(reach=3.0, scales=(0.01, 10.0))(image)[0, 0])
    assert scale == pytest.approx(3.0 * 1.1774 * sigma / (side / 2), rel=0.12)
    assert float(HalfLightScale(scales=(0.9, 1.0))(image)[0, 0]) >= 0.8999
    assert float(HalfLightScale()(0 * image)[0, 0]) == 1.0  # without light, the whole frame


@pytest.mark.parametrize("layer", [RingProfile(7, directions=True), HalfLightScale(4.0, (0.2, 0.8))])
def test_it_is_saved_with_its_settings(layer):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
