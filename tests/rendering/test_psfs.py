"""Point spread functions as transforms and as images."""

import galsim
import numpy as np
import pytest
from galsim_psfs import AnalyticPsf

from gampen_tf.rendering import Component, MeasuredPsf, draw_psf, draw_stamp

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
