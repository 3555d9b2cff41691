"""Galaxies with structure: light where it should be, arms that wind, the same for a seed."""

import galsim
import numpy as np
import pytest

from gampen_tf.rendering import AnalyticPsf, Component, draw_stamp
from gampen_tf.simulation import structured
from gampen_tf.simulation.structured import KINDS, _arms, _Canvas, draw_structured

PLACE = {"axis_ratio": 0.5, "position_angle": 30.0, "x": 2.0, "y": -3.0}


def test_a_galaxy_depends_on_its_seed_and_number_alone():
    image, kind = draw_structured(4, 17)
    again, same = draw_structured(4, 17)
    np.testing.assert_array_equal(image, again)
    assert kind == same
    assert np.abs(image - draw_structured(5, 17)[0]).max() > 3
    assert image.shape == (161, 161)
    assert image.dtype == np.float32
    assert {draw_structured(4, i)[1] for i in range(40)} == set(KINDS)


def test_noise_is_of_unit_variance_at_the_corners():
    corners = np.stack([draw_structured(9, i)[0][:15, :15] for i in range(30)])
    # neighbours and wings reach a few corners: the median of the squares is that of χ² with one degree of freedom
    assert np.median(corners**2) == pytest.approx(0.455, abs=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_unit_flux_centre_and_half_light_radius(kind):
    """Of the face-on galaxy: what lies within the radius asked for is about half of the light in the frame."""
    inside, total, offset = [], [], []
    for seed in range(8):
        canvas = _Canvas(161, 2.0)
        structured._DRAWN[kind](canvas, np.random.default_rng(seed), 14.0, {**PLACE, "axis_ratio": 1.0})
        image = canvas.image()
        y, x = np.mgrid[:161, :161] - 80.0
        total.append(image.sum())
        inside.append(image[np.hypot(x - 2.0, y + 3.0) < 14.0].sum())
        offset.append([np.sum(image * x) / image.sum() - 2.0, np.sum(image * y) / image.sum() + 3.0])
    assert np.all(np.array(total) > 0.85)
    assert np.all(np.array(total) < 1.01)
    assert 0.35 < np.mean(inside) < 0.75
    assert np.abs(np.mean(offset, axis=0)).max() < 2.0  # knots scatter the centroid


def test_points_and_smooth_light_are_where_they_are_put():
    canvas = _Canvas(61, 3.0)
    canvas.points(np.array([7.25]), np.array([-4.5]), 2.0, blur=1.5)
    image = canvas.image()
    y, x = np.mgrid[:61, :61] - 30.0
    assert image.sum() == pytest.approx(2.0, rel=2e-3)
    near = np.hypot(x - 7, y + 4) < 15
    centroid = [np.sum((image * x)[near]), np.sum((image * y)[near])] / image[near].sum()
    np.testing.assert_allclose(centroid, [7.25, -4.5], atol=0.03)


def test_arms_are_logarithmic_spirals_on_an_exponential_disc():
    """Along a crest θ = ln(r) / tan(pitch); the mean over a circle is the disc's."""
    angle = np.linspace(0, 2 * np.pi, 721)[:-1]
    crests = []
    for radius in (1.5, 2.5):
        light = _arms(
            (radius * np.cos(angle), radius * np.sin(angle)), 1.0, 2, 0.3, pitch=0.5, contrast=0.8, sharpness=3.0
        )
        strength = np.mean(light) / np.exp(-radius)
        assert strength == pytest.approx(1.0, abs=1e-3)
        crests.append(angle[np.argmax(light)] % np.pi)
    expected = np.log(2.5 / 1.5) / np.tan(0.5)
    assert (crests[1] - crests[0] - expected + np.pi / 2) % np.pi - np.pi / 2 == pytest.approx(0, abs=0.02)


def test_arms_leave_the_flux_and_the_half_light_radius_of_the_disc():
    disc = Component(1e5, 2.4, 1.1, 0.5, 30.0, 0.05, -0.03)
    psf = AnalyticPsf(galsim.Gaussian(fwhm=0.6))
    smooth = draw_stamp([disc], psf, 201, 0.168)
    arms = structured.spiral_arms(disc, psf, 201, 0.168, contrast=0.6)
    assert np.abs(arms).max() > 0.1 * smooth.max()
    assert abs(arms.sum()) < 1e-3 * smooth.sum()
    y, x = (np.mgrid[:201, :201] - 100) * 0.168
    x, y = x - 0.05, y + 0.03
    along, across = x * np.cos(np.pi / 6) + y * np.sin(np.pi / 6), y * np.cos(np.pi / 6) - x * np.sin(np.pi / 6)
    inside = along**2 * 0.5 + across**2 / 0.5 < 2.4**2
    # the PSF carries a little of the structure over the ellipse's edge
    assert abs(arms[inside].sum()) < 5e-3 * smooth[inside].sum()


def test_inclination_is_the_shear_of_the_disc():
    """Second moments of an inclined clumpy disc's smooth part: the axis ratio asked for, at its angle."""
    y, x = np.mgrid[:161, :161] - 80.0
    u, v = structured._face_on(161, {**PLACE, "x": 0.0, "y": 0.0})
    light = np.exp(-np.hypot(u, v) / 6)
    moments = np.array([[np.sum(light * x * x), np.sum(light * x * y)], [np.sum(light * x * y), np.sum(light * y * y)]])
    values, vectors = np.linalg.eigh(moments)
    assert np.sqrt(values[0] / values[1]) == pytest.approx(0.5, rel=0.02)
    assert np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1])) % 180 == pytest.approx(30, abs=0.5)
    assert light.sum() == pytest.approx(2 * np.pi * 36, rel=0.01)
