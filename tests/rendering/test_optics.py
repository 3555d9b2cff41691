"""PSFs of telescopes against GalSim, sums over a fine pupil and closed forms."""

import galsim
import numpy as np
import pytest
from galsim_psfs import AnalyticPsf
from scipy import special

from gampen_tf.rendering import KolmogorovPsf, MoffatPsf, OpticalPsf, draw_psf

PERIOD = 64
SPACE = {"lam_over_diameter": 0.13, "obscuration": 0.33}
GROUND = {"lam_over_diameter": 0.012, "obscuration": 0.3}
MIXED = 0.035 * np.array([1.0, -1.0, 1.0, 1.0, -1.0, 1.0, -1.0, 1.0])  # 0.1 waves in all


def otf(psf, pixel_scale, period=PERIOD):
    """Transform without the pixel's own, and the wave numbers it is at."""
    response = np.sinc(np.fft.fftfreq(period))
    k = 2 * np.pi * np.fft.fftfreq(period, pixel_scale)
    transform = psf.transform(period, pixel_scale) / (response[:, None] * response[None, : period // 2 + 1])
    return transform, k[:, None], abs(k[None, : period // 2 + 1])


def by_summing(kx, ky, aberrations, lam_over_diameter, obscuration, n=350):
    """OTF at a wave number as the sum over n² points of the pupil, with GalSim's polynomials."""
    axis = (np.arange(n) + 0.5) / n * 2 - 1
    x, y = np.meshgrid(axis, axis)
    dx, dy = kx * lam_over_diameter / (2 * np.pi), ky * lam_over_diameter / (2 * np.pi)
    ahead, behind = np.hypot(x + dx, y + dy), np.hypot(x - dx, y - dy)
    inside = (np.maximum(ahead, behind) < 1) & (np.minimum(ahead, behind) > obscuration)
    x, y = x[inside], y[inside]
    phase = galsim.zernike.Zernike([0, 0, 0, 0, *(2 * np.pi * np.asarray(aberrations))])
    total = np.exp(1j * (phase.evalCartesian(x + dx, y + dy) - phase.evalCartesian(x - dx, y - dy))).sum()
    return total * (2 / n) ** 2 / (np.pi * (1 - obscuration**2))


def at_some_wave_numbers(psf, pixel_scale, aberrations, telescope):
    """Largest difference between the transform of a PSF and sums over the pupil."""
    found, ky, kx = otf(psf, pixel_scale)
    rng = np.random.default_rng(3)
    places = rng.integers(0, PERIOD, 16), rng.integers(0, PERIOD // 2, 16)
    expected = [
        by_summing(kx[0, column], ky[row, 0], aberrations, **telescope) for row, column in zip(*places, strict=True)
    ]
    return abs(found[places] - expected).max()


@pytest.mark.parametrize("obscuration", [0.0, 0.33])
def test_without_aberrations_it_is_the_airy_pattern(obscuration):
    psf = OpticalPsf(0.13, obscuration)
    expected = AnalyticPsf(galsim.Airy(lam_over_diam=0.13, obscuration=obscuration)).transform(PERIOD, 0.06)
    np.testing.assert_allclose(psf.transform(PERIOD, 0.06), expected, atol=1e-4)


@pytest.mark.parametrize("telescope", [SPACE, {"lam_over_diameter": 0.13, "obscuration": 0.0}])
@pytest.mark.parametrize("pixel_scale", [0.06, 0.13])
def test_aberrated_transform_is_the_sum_over_the_pupil(telescope, pixel_scale):
    psf = OpticalPsf(**telescope, aberrations=MIXED)
    assert at_some_wave_numbers(psf, pixel_scale, MIXED, telescope) < 2e-3


@pytest.mark.parametrize("number", range(8))
def test_each_aberration_is_the_sum_over_the_pupil(number):
    aberrations = 0.1 * np.eye(8)[number]
    psf = OpticalPsf(**SPACE, aberrations=aberrations)
    assert at_some_wave_numbers(psf, 0.06, aberrations, SPACE) < 2e-3


def test_large_defocus_from_the_ground_is_the_sum_over_the_pupil():
    aberrations = 3.0 * np.eye(8)[0]
    psf = OpticalPsf(**GROUND, aberrations=aberrations)
    assert at_some_wave_numbers(psf, 0.168, aberrations, GROUND) < 2e-3


def test_orientation_and_signs_are_those_of_galsim():
    reference = galsim.OpticalPSF(
        lam_over_diam=0.13, obscuration=0.33, aberrations=[0, 0, 0, 0, *MIXED], oversampling=2.0, pad_factor=2.0
    )
    expected = AnalyticPsf(reference).transform(PERIOD, 0.06)
    found = OpticalPsf(**SPACE, aberrations=MIXED).transform(PERIOD, 0.06)
    np.testing.assert_allclose(found, expected, atol=5e-3)  # what GalSim's own sampling of the pupil leaves
    assert abs(found - expected.conj()).max() > 0.1


def test_an_atmosphere_multiplies_the_transform():
    aberrations = [1.0, 0.2, -0.2, 0.3, 0.1, -0.1, 0.2, 0.1]
    atmosphere = KolmogorovPsf(0.6, axis_ratio=0.9, position_angle=30.0)
    both = OpticalPsf(**GROUND, aberrations=aberrations, atmosphere=atmosphere)
    found, _, _ = otf(both, 0.168)
    factors = otf(OpticalPsf(**GROUND, aberrations=aberrations), 0.168)[0] * otf(atmosphere, 0.168)[0]
    np.testing.assert_allclose(found, factors, atol=1e-5)


@pytest.mark.parametrize("aberrations", [np.zeros(8), MIXED])
def test_blur_is_a_convolution_with_a_gaussian(aberrations):
    sharp, ky, kx = otf(OpticalPsf(**SPACE, aberrations=aberrations), 0.06)
    gaussian = np.exp(-0.5 * (np.hypot(kx, ky) * 0.1 / np.sqrt(8 * np.log(2))) ** 2)
    blurred, _, _ = otf(OpticalPsf(**SPACE, aberrations=aberrations, blur=0.1), 0.06)
    np.testing.assert_allclose(blurred, sharp * gaussian, atol=1e-6)


def test_transform_is_hermitian_and_of_unit_flux():
    transform, _, _ = otf(OpticalPsf(**SPACE, aberrations=MIXED), 0.06)
    assert transform[0, 0] == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(transform[1:, 0], transform[:0:-1, 0].conj(), atol=1e-5)


def test_nothing_is_left_beyond_the_cut_off():
    transform, ky, kx = otf(OpticalPsf(**SPACE, aberrations=MIXED), 0.03)
    beyond = np.hypot(kx, ky) > 2 * np.pi / 0.13
    assert beyond.any()
    assert not transform[beyond].any()


def test_weak_defocus_lowers_the_peak_as_marechal_says():
    # Strehl's ratio is exp(−(2π σ)²) for a small rms σ; polynomials of rms 1 over the disc have it where ε = 0.
    peaks = [abs(otf(OpticalPsf(0.13, 0.0, sigma * np.eye(8)[0]), 0.06)[0]) for sigma in (0.0, 0.04)]
    images = [np.fft.irfft2(peak)[0, 0] for peak in peaks]
    assert images[1] / images[0] == pytest.approx(np.exp(-((2 * np.pi * 0.04) ** 2)), rel=5e-3)


@pytest.mark.parametrize("aberrations", [np.zeros(8), MIXED])
@pytest.mark.parametrize("size", [60, 61])
def test_image_has_unit_sum_and_no_shadows(aberrations, size):
    image = draw_psf(OpticalPsf(**SPACE, aberrations=aberrations, blur=0.1), size, 0.06)
    assert image.sum() == pytest.approx(1, rel=1e-5)
    assert image.min() > -1e-4 * image.max()


def test_light_beyond_a_radius_is_that_of_the_rings():
    # Within r of a disc without obscuration: 1 − J₀² − J₁² at π r D / λ (Born & Wolf 1999, section 8.5).
    for radius in (0.8, 2.0, 5.0):
        x = np.pi * radius / 0.13
        closed_form = special.j0(x) ** 2 + special.j1(x) ** 2
        assert OpticalPsf(0.13).light_beyond(radius) == pytest.approx(closed_form, rel=0.05)


def test_light_beyond_a_radius_adds_that_of_the_atmosphere():
    atmosphere = MoffatPsf(0.7, 3.0)
    both = OpticalPsf(**GROUND, atmosphere=atmosphere).light_beyond(5.0)
    assert both == pytest.approx(atmosphere.light_beyond(5.0) + OpticalPsf(**GROUND).light_beyond(5.0))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((0.13, 0.3, [0.1, 0.2]), r"expected 8 aberrations, .* \(2,\)"), ((0.13, 1.0), "obscuration .* found 1.0")],
)
def test_wrong_telescopes_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        OpticalPsf(*arguments)
