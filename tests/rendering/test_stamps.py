"""Images of galaxies against plain GalSim."""

import galsim
import numpy as np
import pytest
from galsim_psfs import AnalyticPsf
from scipy import special

from gampen_tf.rendering import (
    Component,
    draw_stamp,
)

SIZE, SCALE = 239, 0.168


@pytest.fixture(scope="module")
def psf():
    return galsim.Moffat(beta=3.5, fwhm=0.85).shear(q=0.93, beta=20 * galsim.degrees)


def plain(components, psf, size=SIZE, scale=SCALE, folding=1e-3):
    """The plain way: one Sérsic object a component, convolved and drawn by GalSim."""
    params = galsim.GSParams(
        folding_threshold=folding, maxk_threshold=1e-4, kvalue_accuracy=1e-6, maximum_fft_size=12288
    )
    profiles = [
        galsim.Sersic(n=one.sersic_index, half_light_radius=one.effective_radius, flux=one.flux)
        .shear(q=one.axis_ratio, beta=one.position_angle * galsim.degrees)
        .shift(one.x, one.y)
        for one in components
    ]
    galaxy = galsim.Convolve([galsim.Sum(profiles), psf], gsparams=params)
    return galaxy.drawImage(nx=size, ny=size, scale=scale, dtype=np.float64).array


def assert_same_image(image, reference, tolerance=1e-3):
    y, x = np.indices(reference.shape) - (reference.shape[0] - 1) / 2
    centre = np.hypot(x, y) * SCALE < 2.5
    assert abs(image - reference).max() < tolerance * reference.max()
    np.testing.assert_allclose(image.sum(), reference.sum(), rtol=tolerance)
    np.testing.assert_allclose(image[centre].sum(), reference[centre].sum(), rtol=tolerance)


@pytest.mark.parametrize("effective_radius", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("axis_ratio", [0.25, 1.0])
def test_discs_equal_plain_galsim(psf, effective_radius, axis_ratio):
    component = Component(1e5, effective_radius, 1.0, axis_ratio, 33.0)
    assert_same_image(draw_stamp([component], AnalyticPsf(psf), SIZE, SCALE), plain([component], psf))


@pytest.mark.parametrize(("effective_radius", "sersic_index"), [(0.1, 5.0), (1.0, 4.0), (1.0, 5.0)])
def test_bulges_equal_plain_galsim(psf, effective_radius, sersic_index):
    component = Component(1e5, effective_radius, sersic_index, 0.25, -70.0)
    # GalSim folds by itself what lies beyond its own period; 1e-3 of the light may.
    assert_same_image(draw_stamp([component], AnalyticPsf(psf), SIZE, SCALE), plain([component], psf))


@pytest.mark.parametrize("sersic_index", [0.8, 1.2, 3.5, 5.0])
@pytest.mark.parametrize("axis_ratio", [0.25, 1.0])
def test_short_period_equals_a_period_of_4000_pixels(psf, sersic_index, axis_ratio):
    component = Component(1.0, 5.0, sersic_index, axis_ratio, 12.0)
    reference = draw_stamp([component], AnalyticPsf(psf), SIZE, SCALE, period=4000)
    assert_same_image(draw_stamp([component], AnalyticPsf(psf), SIZE, SCALE), reference, tolerance=2e-4)


def test_folded_light_is_what_makes_the_wings_right(psf):
    # The light in the frame of a round n = 4 galaxy of 5 arcsec in closed form, in a circle that touches the frame.
    component = Component(1.0, 5.0, 4.0)
    image = draw_stamp([component], AnalyticPsf(psf), SIZE, SCALE).astype(np.float64)
    y, x = np.indices(image.shape) - 119
    radius = 15.0
    inside = image[np.hypot(x, y) * SCALE < radius].sum()
    kappa = special.gammaincinv(8, 0.5)
    assert inside == pytest.approx(special.gammainc(8, kappa * (radius / 5) ** 0.25), rel=1.5e-3)


def test_neighbours_in_and_beyond_the_frame_equal_plain_galsim(psf):
    components = [
        Component(1e5, 1.0, 1.0, 0.5, 10.0),
        Component(4e4, 0.5, 4.0, 0.6, 50.0, x=-14.03, y=6.41),
        Component(6e4, 0.8, 1.0, 0.4, 80.0, x=3.3, y=19.9),
        Component(9e4, 0.7, 1.0, 0.9, 0.0, x=24.0, y=-8.0),
    ]
    assert_same_image(draw_stamp(components, AnalyticPsf(psf), SIZE, SCALE), plain(components, psf, folding=3e-4))


@pytest.mark.parametrize("size", [64, 65])
def test_centre_of_even_and_odd_frames(psf, size):
    component = Component(1.0, 0.6, 1.0, 0.5, 30.0)
    image = draw_stamp([component], AnalyticPsf(psf), size, SCALE)
    np.testing.assert_allclose(image, plain([component], psf, size), atol=1e-3 * image.max())
    np.testing.assert_allclose(image, image[::-1, ::-1], atol=1e-5 * image.max())
