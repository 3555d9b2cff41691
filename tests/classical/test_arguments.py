"""Arguments of a fit: shared out to the galaxies, or refused."""

import numpy as np
import pytest

from gampen_tf.classical import PROFILES
from gampen_tf.classical.arguments import jobs_of, settings_of

IMAGES = np.arange(3 * 20 * 24, dtype=float).reshape(3, 20, 24)
PSF = np.ones((5, 5))


def jobs(images=IMAGES, psfs=PSF, noise=1.0, masks=None, gain=None, noise_correlation=None):
    return jobs_of(images, psfs, noise, masks, gain, noise_correlation)


def settings(profile="bulge_disc", pixel_scale=0.2, sersic_index=None, neighbours="ignore", fitter="exact"):
    return settings_of(profile, pixel_scale, 31.4, sersic_index, neighbours, fitter)


def test_what_is_given_once_is_that_of_every_galaxy():
    correlation, mask = np.ones((3, 3)), np.zeros((20, 24), bool)
    mask[2, 3] = True
    for image, (own, psf, noise, masked, gain, correlated) in zip(
        IMAGES, jobs(noise=2.0, masks=mask, gain=3.0, noise_correlation=correlation), strict=True
    ):
        np.testing.assert_array_equal(own, image)
        np.testing.assert_array_equal(psf, PSF)
        np.testing.assert_array_equal(noise, np.full((20, 24), 2.0))
        np.testing.assert_array_equal(masked, mask)
        assert gain == 3.0
        np.testing.assert_array_equal(correlated, correlation)


def test_what_is_given_for_each_galaxy_is_its_own():
    noise, gains, psfs = np.array([1.0, 2.0, 3.0]), [4.0, 5.0, 6.0], np.arange(1, 4)[:, None, None] * PSF
    maps = noise[:, None, None] * np.ones((20, 24))
    for given in (noise, maps):
        found = jobs(noise=given, gain=gains, psfs=psfs)
        for i in range(3):
            np.testing.assert_array_equal(found[i][1], psfs[i])
            np.testing.assert_array_equal(found[i][2], maps[i])
            assert found[i][4] == gains[i]
            assert found[i][5] is None
            assert not found[i][3].any()


def test_one_map_of_the_noise_is_that_of_every_image():
    map_of_noise = np.arange(20 * 24.0).reshape(20, 24)
    for job in jobs(noise=map_of_noise):
        np.testing.assert_array_equal(job[2], map_of_noise)


@pytest.mark.parametrize("shape", [(3, 20, 24, 1), (20, 24), (20, 24, 1)])
def test_a_channel_or_a_single_image_is_the_same_image(shape):
    images = IMAGES[: 3 if shape[0] == 3 else 1]
    np.testing.assert_array_equal([job[0] for job in jobs(images.reshape(shape))], images)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"images": np.zeros((1, 2, 3, 4))}, "images: expected shape"),
        ({"psfs": np.ones((5, 4))}, r"psfs: expected odd sides with the star in the middle, found \(5, 4\)"),
        (
            {"psfs": np.ones((2, 5, 5))},
            r"psfs: expected one for all or one for each of 3 images; found shape \(2, 5, 5\)",
        ),
        ({"gain": [1.0, 2.0]}, "gain: expected one for all or one for each of 3"),
        ({"masks": np.zeros((20, 20), bool)}, r"masks: expected one for .* of shape \(20, 24\)"),
        ({"noise": np.ones((2, 20, 24))}, "noise: expected one for all or one for each of 3 images, of shape"),
        ({"noise": [1.0, 2.0]}, "noise: expected one for all or one for each of 3 images"),
        ({"noise_correlation": np.ones(3)}, "noise_correlation: expected one for all"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        jobs(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profile": "devaucouleurs"}, "profile: expected one of sersic, bulge_disc, found 'devaucouleurs'"),
        ({"neighbours": "hide"}, "neighbours: expected one of ignore, mask, fit"),
        ({"fitter": "galfit"}, "fitter: expected one of exact, imfit"),
        ({"sersic_index": [(0.5, 2)]}, "sersic_index: expected 2 pairs"),
        ({"sersic_index": (1, 4)}, "sersic_index: expected 2 pairs"),
        ({"sersic_index": [(0.5, 2), (4, 1)]}, "sersic_index: expected 2 pairs 0 < low < high"),
        ({"pixel_scale": 0.0}, "pixel_scale: expected a positive number"),
    ],
)
def test_settings_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        settings(**options)


@pytest.mark.parametrize("profile", PROFILES)
def test_limits_of_the_index_are_those_given_or_those_of_the_profile(profile):
    assert settings(profile).sersic_index == PROFILES[profile]
    given = [(0.9, 1.1)] * len(PROFILES[profile])
    assert settings(profile, sersic_index=given).sersic_index == tuple(given)
