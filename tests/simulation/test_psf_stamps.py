"""Stamps of PSFs as surveys hand them over."""

import numpy as np
import pytest

from gampen_tf.rendering import MoffatPsf, draw_psf
from gampen_tf.simulation.galaxies import generator
from gampen_tf.simulation.psf_stamps import draw_psf_stamp

PSF = MoffatPsf(0.8, 3.0)
SIZE, SCALE = 41, 0.2


def stamp(**faults):
    return draw_psf_stamp(PSF, SIZE, SCALE, faults, generator(1, 0, 3)).astype(np.float64)


def moments(image):
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    weight = image * np.exp(-(x**2 + y**2) / 50)
    return np.sum(weight * x) / weight.sum(), np.sum(weight * y) / weight.sum()


def test_without_faults_it_is_the_psf():
    np.testing.assert_allclose(stamp(), draw_psf(PSF, SIZE, SCALE), atol=1e-9)


def test_its_centre_is_moved_by_the_offset():
    shifted = stamp(offset_x=1.0, offset_y=-2.0)
    np.testing.assert_allclose(shifted[:-2, 1:], stamp()[2:, :-1], atol=2e-5)
    x, y = moments(stamp(offset_x=0.4, offset_y=-0.2))
    assert x == pytest.approx(-2 * y, rel=0.02)
    assert 0.3 < x < 0.42


def test_noise_has_the_signal_to_noise_of_the_star():
    plain, noisy = stamp(), stamp(signal_to_noise=100.0)
    sigma = np.std(noisy - plain)
    assert np.sqrt(np.sum(plain**2)) / sigma == pytest.approx(100, rel=4 / np.sqrt(2 * SIZE**2))


def test_background_and_sum_are_as_asked():
    assert stamp(background=-0.05).sum() == pytest.approx(0.95, abs=1e-5)
    assert stamp(background=-0.05).min() < 0
    np.testing.assert_allclose(stamp(sum=1.4), 1.4 * stamp(), rtol=1e-6)


def test_width_is_a_factor_of_the_size():
    wide = draw_psf_stamp(PSF, SIZE, SCALE, {"width": 1.03}, None)
    expected = draw_psf(MoffatPsf(0.8 * 1.03, 3.0), SIZE, SCALE)
    # the pixel grows with it, by 3 % of its small part in the width
    assert np.abs(wide - expected).max() < 2e-3 * expected.max()
