"""Initial values of fits: detected sources against those that were drawn."""

import numpy as np
import pytest
from toy_galaxies import BULGE, DISC, SCALE, drawn

pytest.importorskip("sep")

from gampen_tf.classical.parameters import Sersic, Source
from gampen_tf.classical.starts import detect, overlooked, two_component_starts

PSF_SIGMA = 1.5  # px, about that of the toy galaxies


def found_in(image, sigma=5.0, mask=None):
    mask = np.zeros(image.shape, bool) if mask is None else mask
    return detect(image, np.full(image.shape, sigma), mask, SCALE, PSF_SIGMA)


def test_a_galaxy_is_found_with_its_place_light_and_shape():
    found = found_in(drawn([DISC], x=0.4, y=-0.3))
    assert (found.galaxy.x, found.galaxy.y) == pytest.approx((0.4, -0.3), abs=0.02)
    (one,) = found.galaxy.components
    assert one.flux == pytest.approx(DISC["flux"], rel=0.15)
    assert one.semi_major_axis == pytest.approx(DISC["effective_radius"] / np.sqrt(DISC["axis_ratio"]), rel=0.3)
    assert one.position_angle == pytest.approx(DISC["position_angle"], abs=2)
    assert one.axis_ratio < 0.75
    assert found.neighbours == ()
    assert set(np.unique(found.segments)) == {0, 1}


def test_neighbours_come_brightest_first_each_with_its_pixels():
    faint, bright = ({**BULGE, "sersic_index": 1.5, "flux": flux} for flux in (8e3, 2e4))
    found = found_in(drawn([DISC], neighbours=[(faint, -4.0, 3.0), (bright, 4.0, 3.6)]))
    assert len(found.neighbours) == 2
    for neighbour, (x, y) in zip(found.neighbours, [(4.0, 3.6), (-4.0, 3.0)], strict=True):
        assert (neighbour.x, neighbour.y) == pytest.approx((x, y), abs=0.1)
    centre = 30
    assert found.segments[centre, centre] == 1
    for number, (x, y) in enumerate([(4.0, 3.6), (-4.0, 3.0)], start=2):
        assert found.segments[centre + round(y / SCALE), centre + round(x / SCALE)] == number


def test_the_galaxy_is_that_at_the_centre_however_bright_its_neighbour():
    star = {**BULGE, "flux": 3e5, "sersic_index": 1.5}
    found = found_in(drawn([DISC], neighbours=[(star, 4.5, 4.5)]))
    assert np.hypot(found.galaxy.x, found.galaxy.y) < 0.2


def test_what_a_mask_hides_is_not_found():
    image = drawn([DISC], neighbours=[({**BULGE, "sersic_index": 1.0, "effective_radius": 0.2}, 4.0, 3.0)])
    mask = np.zeros(image.shape, bool)
    mask[32:, 40:] = True
    assert len(found_in(image).neighbours) == 1
    assert found_in(image, mask=mask).neighbours == ()
    # a mask that cannot be written to, as one that all images share
    mask.flags.writeable = False
    assert found_in(image, mask=mask).galaxy == found_in(image, mask=mask.copy()).galaxy


def test_without_a_detection_the_light_of_the_centre_is_the_start():
    image = np.full((40, 40), 0.25)
    found = found_in(image, sigma=1e3)
    y, x = np.mgrid[:40, :40] - 19.5
    assert found.galaxy.components[0].flux == pytest.approx(0.25 * np.sum(np.hypot(x, y) < 5))
    assert (found.galaxy.x, found.galaxy.y) == (0, 0)
    assert not found.segments.any()


def test_residuals_show_what_was_overlooked_but_not_the_galaxys_own_middle():
    galaxy = Source(0.2, 0.0, (Sersic(4e4, 1.5, 1.0),))
    hidden = {**BULGE, "sersic_index": 1.0, "flux": 5e3}
    residual = drawn([hidden], x=2.4, y=1.2) + drawn([{**hidden, "flux": 9e3}], x=0.2)
    sigma, mask = np.full(residual.shape, 5.0), np.zeros(residual.shape, bool)
    (found,) = overlooked(residual, sigma, mask, SCALE, PSF_SIGMA, galaxy)
    assert (found.x, found.y) == pytest.approx((2.4, 1.2), abs=0.1)
    assert overlooked(-residual, sigma, mask, SCALE, PSF_SIGMA, galaxy) == ()


def test_two_components_share_the_light_place_and_angle_of_one():
    one = Source(0.3, -0.1, (Sersic(7e3, 1.1, 2.3, 0.6, -40.0),))
    starts = two_component_starts(one)
    assert any(disc.semi_major_axis > bulge.semi_major_axis for disc, bulge in (start.components for start in starts))
    assert any(disc.semi_major_axis < bulge.semi_major_axis for disc, bulge in (start.components for start in starts))
    for start in starts:
        assert (start.x, start.y) == (0.3, -0.1)
        assert sum(part.flux for part in start.components) == pytest.approx(7e3)
        assert [part.sersic_index for part in start.components] == [1.0, 4.0]
        assert {part.position_angle for part in start.components} == {-40.0}
