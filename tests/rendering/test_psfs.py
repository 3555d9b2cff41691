"""Point spread functions as transforms and as images."""

import galsim
import numpy as np
import pytest

from gampen_tf.rendering import AnalyticPsf, Component, MeasuredPsf, draw_psf, draw_stamp
from gampen_tf.simulation import load_recipe
from gampen_tf.simulation.galaxies import draw_galaxy
from gampen_tf.simulation.galaxy_psf import galaxy_psf

GALAXY = Component(1000.0, 0.6, 1.3, 0.5, 25.0, x=0.13, y=-0.21)


def moffat(fwhm=0.8):
    return galsim.Moffat(beta=4.0, fwhm=fwhm).shear(q=0.8, beta=40 * galsim.degrees)


@pytest.mark.parametrize(("side", "scale"), [(81, 0.2), (80, 0.2), (161, 0.1), (61, 0.25)])
def test_measured_psf_is_the_psf_that_was_measured(side, scale):
    # FWHM 0.8″: well sampled at each of these. Of the light 1e-4 lies beyond the images.
    star = moffat().drawImage(nx=side, ny=side, scale=scale, dtype=np.float64).array
    found = draw_stamp([GALAXY], MeasuredPsf(3.0 * star, scale), 45, 0.2)
    expected = draw_stamp([GALAXY], AnalyticPsf(moffat()), 45, 0.2)
    np.testing.assert_allclose(found, expected, atol=1e-3 * expected.max())
    assert found.sum() == pytest.approx(expected.sum(), rel=1e-3)


@pytest.mark.parametrize("fwhm", [0.8, 0.3])  # 0.3″ is undersampled at 0.2″ a pixel
def test_a_point_shows_the_measured_psf_pixel_for_pixel(fwhm):
    star = moffat(fwhm).shift(0.4, -0.7).drawImage(nx=21, ny=21, scale=0.2, dtype=np.float64).array
    star += 0.3 * np.roll(star, (5, 2), axis=(0, 1))  # no symmetry is left
    point = draw_stamp([Component(1.0, 1e-3, 1.0)], MeasuredPsf(star, 0.2), 31, 0.2)
    np.testing.assert_allclose(point[5:26, 5:26], star / star.sum(), atol=2e-4 * star.max())
    np.testing.assert_allclose(draw_psf(MeasuredPsf(star, 0.2), 21, 0.2), star / star.sum(), atol=1e-6)


@pytest.mark.parametrize("size", [24, 25])
def test_psf_image_is_that_of_a_star(size):
    star = moffat().drawImage(nx=size, ny=size, scale=0.2, dtype=np.float64).array
    image = draw_psf(AnalyticPsf(moffat()), size, 0.2)
    np.testing.assert_allclose(image, star / star.sum(), atol=1e-4 * star.max())
    assert image.sum() == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize("name", ["kids_r", "candels_f160w"])
def test_light_beyond_a_radius_is_that_of_the_profile(name):
    recipe = load_recipe(name)
    psf = galaxy_psf(recipe, draw_galaxy(recipe, 1, 0))
    image = psf.profile.drawImage(nx=2001, ny=2001, scale=0.03, method="no_pixel", dtype=np.float64).array
    y, x = (np.indices(image.shape) - 1000) * 0.03
    for radius in (3.0, 6.0, 12.0):
        measured = 1 - image[np.hypot(x, y) < radius].sum() / psf.profile.flux
        assert psf.light_beyond(radius) == pytest.approx(measured, rel=0.3, abs=1e-4)
