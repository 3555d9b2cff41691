"""Galaxies with structure: light where it should be, arms that wind, the same for a seed."""

import galsim
import numpy as np
import pytest
from galsim_psfs import AnalyticPsf
from scipy import ndimage

from gampen_tf.rendering import Component, draw_stamp
from gampen_tf.simulation import structured
from gampen_tf.simulation.structured import KINDS, _Canvas, draw_structured, spiral_arms

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


def spirals(axis_ratio, position_angle):
    """Arms of a disc of scale length 20 px on 401², hardly blurred."""
    disc = Component(1.0, 1.678 * 20, 1.0, axis_ratio, position_angle)
    psf = AnalyticPsf(galsim.Gaussian(fwhm=0.5))
    return spiral_arms(disc, psf, 401, 1.0, phase=0.3, pitch=np.degrees(0.5), contrast=0.8, sharpness=3.0)


def test_arms_are_logarithmic_spirals_that_add_up_to_nothing_on_a_circle():
    """Along a crest θ = ln(r) / tan(pitch)."""
    arms = spirals(1.0, 0.0)
    angle = np.linspace(0, 2 * np.pi, 721)[:-1]
    crests = []
    for radius in (30.0, 50.0):
        light = ndimage.map_coordinates(arms, [200 + radius * np.sin(angle), 200 + radius * np.cos(angle)])
        assert abs(np.mean(light)) < 5e-3 * light.max()
        assert np.sum((light > np.roll(light, 1)) & (light > np.roll(light, -1)) & (light > 0.5 * light.max())) == 2
        crests.append(angle[np.argmax(light)] % np.pi)
    expected = np.log(50 / 30) / np.tan(0.5)
    assert (crests[1] - crests[0] - expected + np.pi / 2) % np.pi - np.pi / 2 == pytest.approx(0, abs=0.04)


def test_inclined_arms_are_the_sheared_arms_of_the_face_on_disc():
    """At constant area: along the major axis longer by q^-½, across it shorter by q^½."""
    face_on, inclined = spirals(1.0, 0.0), spirals(0.5, 30.0)
    y, x = np.mgrid[:401, :401] - 200.0
    cosine, sine = np.cos(np.pi / 6), np.sin(np.pi / 6)
    along, across = (x * cosine + y * sine) * np.sqrt(0.5), (y * cosine - x * sine) / np.sqrt(0.5)
    expected = ndimage.map_coordinates(face_on, [200 + across, 200 + along])
    compared = (np.hypot(along, across) > 15) & (np.hypot(along, across) < 100)
    assert np.abs(inclined - expected)[compared].max() < 0.03 * face_on.max()


def test_arms_leave_the_flux_and_the_half_light_radius_of_the_disc():
    disc = Component(1e5, 2.4, 1.1, 0.5, 30.0, 0.05, -0.03)
    psf = AnalyticPsf(galsim.Gaussian(fwhm=0.6))
    smooth = draw_stamp([disc], psf, 201, 0.168)
    arms = spiral_arms(disc, psf, 201, 0.168, contrast=0.6)
    assert np.abs(arms).max() > 0.1 * smooth.max()
    assert abs(arms.sum()) < 1e-3 * smooth.sum()
    y, x = (np.mgrid[:201, :201] - 100) * 0.168
    x, y = x - 0.05, y + 0.03
    along, across = x * np.cos(np.pi / 6) + y * np.sin(np.pi / 6), y * np.cos(np.pi / 6) - x * np.sin(np.pi / 6)
    inside = along**2 * 0.5 + across**2 / 0.5 < 2.4**2
    # the PSF carries a little of the structure over the ellipse's edge
    assert abs(arms[inside].sum()) < 5e-3 * smooth[inside].sum()
