"""PSFs in closed form against GalSim, Bessel functions and what is known of them."""

import galsim
import numpy as np
import pytest
from galsim_psfs import AnalyticPsf
from scipy import special

from gampen_tf.rendering import Component, KolmogorovPsf, MoffatPsf, draw_psf, draw_stamp, truncated

PERIOD, SCALE = 128, 0.168
SHAPE = {"axis_ratio": 0.8, "position_angle": 25.0}


def sheared(profile):
    return AnalyticPsf(profile.shear(q=SHAPE["axis_ratio"], beta=SHAPE["position_angle"] * galsim.degrees))


def wave_numbers(period=PERIOD, scale=SCALE):
    k = 2 * np.pi * np.fft.fftfreq(period, scale)
    return np.hypot(k[:, None], abs(k[None, : period // 2 + 1]))


def pixel(period=PERIOD, scale=SCALE):
    response = np.sinc(np.fft.fftfreq(period))
    return response[:, None] * response[None, : period // 2 + 1]


@pytest.mark.parametrize("beta", [1.5, 1.9, 2.0, 3.5, 4.7654, 10.0])
def test_moffat_is_its_bessel_function(beta):
    fwhm, order = 0.9, beta - 1
    k = wave_numbers(scale=0.01)  # from the flat top far into the exponential tail
    x = np.maximum(k * fwhm / (2 * np.sqrt(2 ** (1 / beta) - 1)), 1e-9)
    expected = 2 * np.exp(order * np.log(x / 2) + np.log(special.kve(order, x)) - x - special.gammaln(order))
    found = MoffatPsf(fwhm, beta).transform(PERIOD, 0.01)
    np.testing.assert_allclose(found, expected * pixel(scale=0.01), atol=1e-5)
    assert found[0, 0] == 1


@pytest.mark.parametrize(
    ("psf", "profile"),
    [
        (MoffatPsf(0.7, 2.345, **SHAPE), galsim.Moffat(beta=2.345, fwhm=0.7)),
        (
            MoffatPsf([0.7, 1.5], [3.5, 2.2], [0.8, 0.2], **SHAPE),
            0.8 * galsim.Moffat(beta=3.5, fwhm=0.7) + 0.2 * galsim.Moffat(beta=2.2, fwhm=1.5),
        ),
        (KolmogorovPsf(0.65, **SHAPE), galsim.Kolmogorov(fwhm=0.65)),
    ],
)
def test_transform_is_that_of_galsim(psf, profile):
    np.testing.assert_allclose(psf.transform(PERIOD, SCALE), sheared(profile).transform(PERIOD, SCALE), atol=5e-5)


def test_image_is_that_of_galsim():
    star = galsim.Moffat(beta=3.5, fwhm=0.8).shear(q=0.8, beta=25 * galsim.degrees)
    expected = star.drawImage(nx=61, ny=61, scale=SCALE, dtype=np.float64).array
    found = draw_psf(MoffatPsf(0.8, 3.5, **SHAPE), 61, SCALE)
    np.testing.assert_allclose(found, expected / expected.sum(), atol=1e-4 * expected.max())


def test_galaxy_through_it_is_the_one_that_galsim_blurs():
    galaxy = [Component(1000.0, 0.7, 1.3, 0.5, -40.0, x=0.13)]
    profile = 0.7 * galsim.Moffat(beta=3.1, fwhm=0.7) + 0.3 * galsim.Moffat(beta=2.4, fwhm=1.2)
    expected = draw_stamp(galaxy, sheared(profile), 64, SCALE)
    found = draw_stamp(galaxy, MoffatPsf([0.7, 1.2], [3.1, 2.4], [7, 3], **SHAPE), 64, SCALE)
    np.testing.assert_allclose(found, expected, atol=5e-4 * expected.max())


@pytest.mark.parametrize("psf", [MoffatPsf(0.7, 2.5, blur=0.3), KolmogorovPsf(0.7, blur=0.3)])
def test_blur_is_a_convolution_with_a_gaussian(psf):
    sharp = MoffatPsf(0.7, 2.5) if isinstance(psf, MoffatPsf) else KolmogorovPsf(0.7)
    gaussian = np.exp(-0.5 * (wave_numbers() * 0.3 / np.sqrt(8 * np.log(2))) ** 2)
    np.testing.assert_allclose(psf.transform(PERIOD, SCALE), sharp.transform(PERIOD, SCALE) * gaussian, atol=1e-6)


def test_a_wide_blur_makes_a_gaussian():
    expected = galsim.Gaussian(fwhm=0.9).drawImage(nx=41, ny=41, scale=SCALE, dtype=np.float64).array
    found = draw_psf(KolmogorovPsf(1e-3, blur=0.9), 41, SCALE)
    np.testing.assert_allclose(found, expected, atol=1e-4 * expected.max())


def test_blur_stays_round_where_the_profile_is_flat():
    # What is left of a sheared PSF along its major axis and across it is one factor.
    sharp, blurred = (
        MoffatPsf(0.6, 4.0, axis_ratio=0.6, blur=blur).transform(PERIOD, SCALE).astype(np.float64)
        for blur in (0.0, 0.4)
    )
    np.testing.assert_allclose((blurred / sharp)[0, :20], (blurred / sharp)[:20, 0], rtol=1e-4)


@pytest.mark.parametrize("angle", [0.0, 90.0])
def test_shear_keeps_the_area_of_the_profile(angle):
    # Along the axes of the ellipse the transform is that of a round profile of FWHM f / √q, and of f √q across.
    flat = MoffatPsf(0.8, 3.0, axis_ratio=0.49, position_angle=angle).transform(PERIOD, SCALE) / pixel()
    long, short = (MoffatPsf(fwhm, 3.0).transform(PERIOD, SCALE) / pixel() for fwhm in (0.8 / 0.7, 0.8 * 0.7))
    flat = flat if angle == 0 else flat.T
    n = PERIOD // 2
    along, across = (flat[0], flat[:n, 0]) if angle == 0 else (flat[0, :n], flat[:, 0])
    np.testing.assert_allclose(along[:n], long[0, :n], atol=1e-5)
    np.testing.assert_allclose(across[:n], short[:n, 0], atol=1e-5)


def test_a_moffat_of_two_equal_parts_is_one_moffat():
    one, two = MoffatPsf(0.7, 2.7), MoffatPsf([0.7, 0.7], [2.7, 2.7], [0.3, 0.9])
    np.testing.assert_allclose(two.transform(PERIOD, SCALE), one.transform(PERIOD, SCALE), atol=1e-6)
    assert two.light_beyond(2.0) == pytest.approx(one.light_beyond(2.0))


@pytest.mark.parametrize("radius", [0.5, 3.0, 12.0])
def test_light_beyond_a_radius_of_a_sum_is_the_closed_form(radius):
    psf = MoffatPsf([0.7, 1.5], [3.5, 2.2], [0.8, 0.2])
    parts = [galsim.Moffat(beta=3.5, fwhm=0.7), galsim.Moffat(beta=2.2, fwhm=1.5)]
    expected = [(1 + (radius / part.scale_radius) ** 2) ** (1 - part.beta) for part in parts]
    assert psf.light_beyond(radius) == pytest.approx(0.8 * expected[0] + 0.2 * expected[1], rel=1e-9)


def test_light_beyond_a_radius_of_kolmogorov_is_the_integral_of_its_transform():
    # Light within R: ∫ T(k) J₁(k R) R dk.
    k = np.linspace(0, 40, 400_001)
    k0 = 2.9207
    for radius in (1.0, 2.0, 5.0):
        integrand = np.exp(-((k / k0) ** (5 / 3))) * special.j1(k * radius) * radius
        within = np.trapezoid(integrand, k)
        assert KolmogorovPsf(1.0).light_beyond(radius) == pytest.approx(1 - within, rel=0.015)


def test_half_maximum_of_kolmogorov_lies_at_half_its_fwhm():
    image = draw_psf(KolmogorovPsf(1.0), 401, 0.02)[200]
    radius = np.interp(-0.5 * image[200], -image[200:], 0.02 * np.arange(201))
    assert radius == pytest.approx(0.5, rel=2e-3)


@pytest.mark.parametrize("size", [40, 41])
def test_truncated_psf_ends_at_its_stamp(size):
    psf = MoffatPsf([0.7, 1.5], [3.5, 2.2], [0.8, 0.2])
    stamp = draw_psf(psf, size, SCALE)
    image = draw_psf(truncated(psf, size, SCALE), size + 20, SCALE)
    np.testing.assert_allclose(image[10:-10, 10:-10], stamp, atol=1e-5 * stamp.max())
    assert abs(image).sum() - abs(image[10:-10, 10:-10]).sum() < 1e-4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0.7, 1.2), "from 1.5 to 10.0, found"),
        (([0.7, 0.8], [2.5, 3.0]), "2, 2 and 1"),
    ],
)
def test_wrong_moffats_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        MoffatPsf(*arguments)
