"""Galaxies that the frame cuts, and those with a bright neighbour."""

import numpy as np
import pytest
from scipy.special import gammainc

from gampen_tf.models import bright_neighbour, cut_by_frame, lost_fraction, neighbour_fraction

SIDE, NOISE, SCALE = 239, 1.6, 0.168


def sersic(index, radius, flux, *, axis_ratio=1.0, angle=0.0, dx=0.0, dy=0.0):
    """An image of a Sérsic profile without PSF, radius in arcsec, each pixel at its centre's brightness.

    Normalised by its total flux, that outside the frame included: 2π n R_e² q κ^{-2n} Γ(2n) e^κ Σ_e.
    """
    from scipy.special import gamma, gammaincinv

    kappa = gammaincinv(2 * index, 0.5)
    y, x = (np.mgrid[:SIDE, :SIDE] - SIDE // 2) * SCALE
    x, y = x - dx, y - dy
    u = np.cos(angle) * x + np.sin(angle) * y
    v = -np.sin(angle) * x + np.cos(angle) * y
    r = np.sqrt(u**2 * axis_ratio + v**2 / axis_ratio)
    total = 2 * np.pi * index * radius**2 * kappa ** (-2 * index) * gamma(2 * index) * np.exp(kappa)
    profile = np.exp(-kappa * ((np.maximum(r, 0.3 * SCALE) / radius) ** (1 / index) - 1)) * SCALE**2
    return flux * profile / total


def noisy(images, seed):
    return np.asarray(images) + NOISE * np.random.default_rng(seed).normal(size=np.shape(images))


def outside(index, radius):
    """Share of a round profile's flux outside the circle of the frame's area."""
    from scipy.special import gammaincinv

    kappa = gammaincinv(2 * index, 0.5)
    edge = SIDE * SCALE / np.sqrt(np.pi)
    return 1 - gammainc(2 * index, kappa * (edge / radius) ** (1 / index))


@pytest.mark.parametrize(("index", "radius"), [(1, 12), (1, 20), (2, 15), (4, 5), (4, 15), (4, 30)])
def test_lost_light_is_that_of_the_profile(index, radius):
    found = lost_fraction(noisy([sersic(index, radius, 1e6)], 1))[0]
    # the index is not known: for 1 the extrapolation gives up to 1.5 times the light
    assert found == pytest.approx(outside(index, radius), abs=0.24 if index == 1 else 0.08)


def test_lost_pixels_make_no_neighbour_and_hide_none():
    galaxy, neighbour = sersic(1, 2.0, 1e5), sersic(1, 1.0, 5e4, dx=10.0)
    images = noisy([galaxy, galaxy + neighbour], 8)
    lost = images.copy()
    lost[:, :, 100:108], lost[:, 30:40, 150:190] = np.nan, np.nan
    np.testing.assert_allclose(neighbour_fraction(lost), neighbour_fraction(images), atol=0.03)
    np.testing.assert_allclose(lost_fraction(lost), lost_fraction(images), atol=0.02)
    assert bright_neighbour(lost).tolist() == [False, True]


def test_galaxies_of_the_training_range_are_not_cut():
    rng = np.random.default_rng(2)
    images = []
    for _ in range(60):
        index = rng.choice([rng.uniform(0.8, 1.2), rng.uniform(3.5, 5)])
        flux = 10 ** rng.uniform(3, 6.7)
        shape = {"axis_ratio": rng.uniform(0.25, 1), "angle": rng.uniform(0, 3)}
        images.append(sersic(index, rng.uniform(0.2, 5), flux, **shape))
    assert not np.any(cut_by_frame(noisy(images, 3)))
    assert not np.any(bright_neighbour(noisy(images, 4)))


@pytest.mark.parametrize(("index", "radius"), [(1, 15), (1, 25), (4, 15), (4, 40)])
@pytest.mark.parametrize("axis_ratio", [0.4, 1.0])
def test_galaxies_larger_than_the_frame_are_cut(index, radius, axis_ratio):
    images = [sersic(index, radius, flux, axis_ratio=axis_ratio, angle=0.5) for flux in (3e5, 3e6)]
    assert np.all(cut_by_frame(noisy(images, 5)))


def test_a_neighbour_at_the_edge_is_no_cut():
    image = sersic(1, 2, 1e5) + sersic(1, 2, 3e5, dx=18.0)
    assert not cut_by_frame(noisy([image], 6))[0]


@pytest.mark.parametrize(("share", "flagged"), [(0.03, False), (0.3, True), (3.0, True)])
def test_neighbours_are_seen_by_their_share_of_the_light(share, flagged):
    rng = np.random.default_rng(7)
    images = []
    for _ in range(8):
        angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(6, 16)
        galaxy = sersic(1, 2, 2e5, axis_ratio=0.6, angle=rng.uniform(0, 3))
        images.append(galaxy + sersic(1, 1, share * 2e5, dx=distance * np.cos(angle), dy=distance * np.sin(angle)))
    found = noisy(images, 8)
    assert np.all(bright_neighbour(found) == flagged)
    if share == 0.3:
        np.testing.assert_allclose(neighbour_fraction(found), 0.3, atol=0.1)


def test_blank_sky_has_neither():
    sky = noisy(np.zeros((200, SIDE, SIDE)), 9)
    # 800 significant-by-chance blocks at 5σ: one image in 4000
    assert np.sum(bright_neighbour(sky)) <= 1
    assert np.sum(cut_by_frame(sky)) <= 1


def test_bands_odd_and_even_frames():
    for side in (60, 61, 96, 143):
        image = np.random.default_rng(10).normal(size=(2, side, side, 3))
        assert lost_fraction(image).shape == (2,)
    # turning an image by 180° moves nothing
    image = noisy([sersic(1, 2, 1e5, dx=0.4) + sersic(1, 1, 1e5, dx=9)], 11)
    np.testing.assert_allclose(neighbour_fraction(image), neighbour_fraction(image[:, ::-1, ::-1]), rtol=1e-9)
    with pytest.raises(ValueError, match="with or without bands"):
        lost_fraction(np.zeros((5, 5)))
