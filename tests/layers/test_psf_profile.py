"""Numbers that a PSF is read by: the same for what surveys do to a stamp."""

import numpy as np
import pytest

from gampen_tf.layers import PsfProfile
from gampen_tf.rendering import MoffatPsf, draw_psf

SIDE, SCALE = 41, 0.168


@pytest.fixture(scope="module")
def layer():
    return PsfProfile()


def stamp(fwhm=0.8, beta=3.0, offset=(0.0, 0.0), **shape):
    return draw_psf(MoffatPsf(fwhm, beta, **shape), SIDE, SCALE, offset=offset)


def features(layer, *stamps):
    found, known = layer(np.stack(stamps)[..., None])
    return np.asarray(found, float), np.asarray(known)


def test_moved_scaled_and_turned_stamps_tell_the_same(layer):
    moved = [stamp(offset=offset) for offset in ((0.5, 0.5), (-0.3, 0.4), (0.2, 0.0))]
    plain, *others = features(layer, stamp(), *moved, 1.47 * stamp())[0]
    wider = features(layer, stamp(fwhm=0.8 * 1.03))[0][0]
    rings_and_transform = slice(0, 24)
    change = np.abs(wider - plain)[rings_and_transform]
    for other in others:  # a shift of half a pixel counts for less than a width wrong by half a per cent
        assert np.all(np.abs(other - plain)[rings_and_transform] < np.maximum(change / 6, 0.015))
    oval = features(layer, *(stamp(axis_ratio=0.85, position_angle=angle) for angle in (0, 90, -90)))[0]
    np.testing.assert_allclose(oval[1], oval[0], atol=2e-3)
    np.testing.assert_allclose(oval[2], oval[0], atol=2e-3)


def test_the_width_shows_in_the_transform_as_its_closed_form_says(layer):
    """Of a Gaussian, ln |T(k)| = −k² σ² / 2: a wider one falls by the difference of the squares."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    narrow, wide = (np.exp(-(x**2 + y**2) / (2 * s**2)) / (2 * np.pi * s**2) for s in (2.0, 2.4))
    found = features(layer, narrow, wide)[0][:, 8:24]
    k = np.pi * np.geomspace(0.03, 0.95, 16)
    expected = -0.5 * k**2 * (2.4**2 - 2.0**2)
    seen = np.exp(-0.5 * k**2 * 2.4**2) > 0.05  # where the softening does not count
    np.testing.assert_allclose((found[1] - found[0])[seen], expected[seen], rtol=0.03)


def test_a_stamp_without_light_is_not_known(layer):
    found, known = features(layer, stamp(), np.zeros((SIDE, SIDE)))
    np.testing.assert_array_equal(known[:, 0], [1, 0])
    assert np.all(found[1] == 0)
    assert np.isfinite(found).all()


def test_noise_of_the_stamp_is_told(layer, rng):
    quiet, loud = (stamp() + sigma * rng.standard_normal((SIDE, SIDE)) for sigma in (1e-5, 1e-4))
    found = features(layer, quiet, loud)[0]
    assert found[1, 25] - found[0, 25] == pytest.approx(np.log(10), abs=0.3)


def test_a_stamp_does_not_depend_on_its_company(layer):
    alone, together = features(layer, stamp(1.1))[0][0], features(layer, stamp(), stamp(1.1), stamp(0.5))[0][1]
    np.testing.assert_allclose(alone, together, atol=1e-6)
