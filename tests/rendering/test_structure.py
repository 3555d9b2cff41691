"""Discs with structure: flux, half-light radius and images, against light added up on fine grids and GalSim."""

import dataclasses

import galsim
import numpy as np
import pytest
from galsim_psfs import AnalyticPsf

from gampen_tf.rendering import Component, draw_stamp, half_light_radius, surface_brightness
from gampen_tf.rendering.grid_transforms import grid_transform
from gampen_tf.rendering.psfs import inverse_transform
from gampen_tf.rendering.structure import Structure, brightening, knots, transparency
from gampen_tf.rendering.structured_discs import StructuredDisc, structured_half_light_radius

KINDS = {
    "arms": {"arm_contrast": 0.8, "arm_sharpness": 3.0, "arm_pitch": 15.0},
    "bar": {"bar_share": 0.2, "bar_angle": 40.0},
    "ring": {"ring_contrast": 2.0, "ring_width": 0.15},
    "knots": {"knot_share": 0.3, "knot_number": 30, "knot_seed": 5},
    "dust": {"dust_depth": 2.0, "dust_offset": 0.1},
    "lopsided": {"lopsidedness": 0.5, "lopsided_angle": 70.0},
    "truncated": {"truncation_radius": 1.6, "truncation_sharpness": 10.0},
}
STRUCTURES = {name: Structure(**fields) for name, fields in KINDS.items()}
MIXED = Structure(**{name: value for fields in KINDS.values() for name, value in fields.items()})
STRUCTURES["mixed"] = MIXED
SHARP = AnalyticPsf(galsim.Gaussian(sigma=1e-3))


def draw(lights, psf, size, scale=1.0):
    """Image of components and structured discs."""
    period = 2 * (size // 2 + 40)
    discs = [light for light in lights if isinstance(light, StructuredDisc)]
    smooth = [one for light in lights for one in (light.components if light in discs else [light])]
    image = draw_stamp(smooth, psf, size, scale).astype(np.float64)
    for disc in discs:
        transform = disc.rest_transform(size, period, scale) * psf.transform(period, scale)
        image += inverse_transform(transform, size, period, scale)
    return image


def brute_force_radius(image, half, guess):
    """Radius (pixels) of the circle about the centre of an image that holds ``half`` of the light."""
    y, x = np.indices(image.shape) - (image.shape[0] - 1) / 2
    distance = np.hypot(x, y)
    radii = guess * np.linspace(0.97, 1.03, 31)
    within = [(image * np.clip(radius - distance + 0.5, 0, 1)).sum() for radius in radii]
    return np.interp(half, within, radii)


@pytest.fixture(scope="module")
def moffat():
    return galsim.Moffat(beta=3.5, fwhm=3.0)


@pytest.mark.parametrize("axis_ratio", [0.3, 0.9])
@pytest.mark.parametrize("kind", STRUCTURES)
def test_flux_as_drawn_is_that_of_the_component(kind, axis_ratio):
    disc = StructuredDisc(Component(3.0, 9.0, 1.0, axis_ratio, 25.0), STRUCTURES[kind])
    image = draw([disc], AnalyticPsf(galsim.Gaussian(sigma=1.2)), 321)
    assert image.sum() == pytest.approx(3.0, rel=1e-4)
    assert image.min() > -1e-3 * image.max()


@pytest.mark.parametrize("axis_ratio", [0.25, 0.9])
@pytest.mark.parametrize("kind", STRUCTURES)
def test_half_light_radius_is_that_of_an_oversampled_image(kind, axis_ratio):
    oversampling = 8
    disc = StructuredDisc(Component(1.0, 5.0, 1.0, axis_ratio, 25.0), STRUCTURES[kind])
    radius = structured_half_light_radius([disc])
    image = draw([disc], SHARP, 241, 1 / oversampling)
    assert radius == pytest.approx(brute_force_radius(image, 0.5, radius * oversampling) / oversampling, rel=1e-3)


def test_half_light_radius_of_tightly_wound_arms():
    structure = Structure(arm_contrast=1.0, arm_pitch=10.0, arm_sharpness=4.0)
    disc = StructuredDisc(Component(1.0, 5.0, 1.0, 0.6, 25.0), structure)
    radius = structured_half_light_radius([disc])
    image = draw([disc], SHARP, 241, 1 / 16)
    assert radius == pytest.approx(brute_force_radius(image, 0.5, radius * 16) / 16, rel=1e-3)


def test_half_light_radius_of_a_disc_with_a_bulge():
    disc = StructuredDisc(Component(0.7, 6.0, 1.2, 0.5, -40.0), MIXED)
    lights = [Component(0.3, 1.5, 1.0, 0.8, -40.0), disc]
    radius = structured_half_light_radius(lights)
    image = draw(lights, SHARP, 241, 1 / 8)
    assert radius == pytest.approx(brute_force_radius(image, 0.5, radius * 8) / 8, rel=1e-3)


def test_half_light_radius_of_smooth_lights_is_the_closed_form():
    components = [Component(0.3, 1.5, 4.0, 0.8), Component(0.7, 6.0, 1.0, 0.4)]
    expected = half_light_radius([[0.3, 0.7]], [[1.5, 6.0]], [[0.8, 0.4]], [[4.0, 1.0]])[0]
    assert structured_half_light_radius(components) == expected
    assert structured_half_light_radius([components[0], StructuredDisc(components[1], Structure())]) == expected


def test_no_structure_is_the_smooth_disc():
    component = Component(2.0, 5.0, 1.0, 0.5, 33.0)
    disc = StructuredDisc(component, Structure(arm_pitch=12.0, bar_angle=30.0))
    assert disc.components == (component,)
    assert disc.is_smooth
    assert not disc.rest_transform(101, 110, 1.0).any()
    assert disc.rest_within(4.0) == 0


@pytest.mark.parametrize("kind", STRUCTURES)
def test_little_structure_is_nearly_the_smooth_disc(kind, moffat):
    component = Component(1.0, 6.0, 1.0, 0.5, 33.0)
    strengths = ("arm_contrast", "bar_share", "ring_contrast", "knot_share", "dust_depth", "lopsidedness")
    faint = {name: 1e-4 for name in strengths if getattr(STRUCTURES[kind], name)}
    faint |= {"truncation_radius": 30.0} if STRUCTURES[kind].truncation_radius else {}
    disc = StructuredDisc(component, dataclasses.replace(STRUCTURES[kind], **faint))
    smooth = draw([component], AnalyticPsf(moffat), 101)
    assert abs(draw([disc], AnalyticPsf(moffat), 101) - smooth).max() < 1e-3 * smooth.max()


@pytest.mark.parametrize("size", [100, 101])
def test_a_turned_galaxy_is_the_turned_image(moffat, size):
    psf, component = AnalyticPsf(moffat), Component(1.0, 7.0, 1.0, 0.6, 20.0, x=2.0, y=1.0)
    turned = dataclasses.replace(component, position_angle=110.0, x=-1.0, y=2.0)
    image, other = (draw([StructuredDisc(one, MIXED)], psf, size) for one in (component, turned))
    np.testing.assert_allclose(other, image.T[:, ::-1], atol=3e-5 * image.max())


@pytest.mark.parametrize(("radius", "axis_ratio"), [(3.0, 0.8), (6.0, 0.4), (12.0, 0.7)])
def test_image_is_galsims_of_a_fine_rendering(radius, axis_ratio, moffat):
    structure = dataclasses.replace(MIXED, bar_share=0.0, knot_share=0.0)
    component, size, finer = Component(1.0, radius, 1.0, axis_ratio), 101, 5
    # The light itself, point by point; the major axis lies along the rows.
    y, x = (np.indices((size * finer, size * finer)) - (size * finer - 1) / 2) / finer / radius
    u, v = x * np.sqrt(axis_ratio), y / np.sqrt(axis_ratio)
    light = surface_brightness(u**2 + v**2, 1.0) * brightening(structure, u, v, axis_ratio)
    light *= transparency(structure, u, v, axis_ratio)
    fine = galsim.InterpolatedImage(galsim.Image(light, scale=1 / finer), flux=1.0)
    reference = galsim.Convolve([fine, moffat]).drawImage(nx=size, ny=size, scale=1.0, dtype=np.float64).array
    image = draw([StructuredDisc(component, structure)], AnalyticPsf(moffat), size)
    assert abs(image - reference).max() < 2e-3 * reference.max()


def test_knots_and_bar_are_galsims(moffat):
    structure = Structure(bar_share=0.3, bar_angle=90.0, bar_axis_ratio=0.3, knot_share=0.2, knot_seed=3)
    component = Component(1.0, 6.0, 1.0, 0.5, 90.0)
    u, v, share = knots(structure)
    x, y = -v * 6.0 * np.sqrt(0.5), u * 6.0 / np.sqrt(0.5)
    # Along the minor axis the bar of length 0.8 is shortened, its width of 0.24 is lengthened along the major one.
    half = np.sqrt(np.log(2) / np.log(10)) * 6.0
    length, width = half * 0.8 * np.sqrt(0.5), half * 0.24 / np.sqrt(0.5)
    bar = galsim.Gaussian(half_light_radius=np.sqrt(length * width), flux=0.3)
    bar = bar.shear(q=width / length, beta=0 * galsim.degrees)
    disc = galsim.Exponential(half_light_radius=6.0, flux=0.5).shear(q=0.5, beta=90 * galsim.degrees)
    points = [
        galsim.Gaussian(half_light_radius=0.48, flux=0.2 * f).shift(*at) for f, *at in zip(share, x, y, strict=True)
    ]
    galaxy = galsim.Convolve([galsim.Sum([disc, bar, *points]), moffat])
    reference = galaxy.drawImage(nx=101, ny=101, scale=1.0, dtype=np.float64).array
    image = draw([StructuredDisc(component, structure)], AnalyticPsf(moffat), 101)
    assert abs(image - reference).max() < 2e-3 * reference.max()


@pytest.mark.parametrize("period", [31, 32])
def test_transform_of_a_grid_of_pixels_is_the_fast_one(rng, period):
    light = rng.uniform(size=(21, 17)).astype(np.float32)
    padded = np.zeros((period, period))
    padded[:21, :17] = light
    expected = np.fft.rfft2(np.roll(padded, (-10, -8), axis=(0, 1)))
    np.testing.assert_allclose(grid_transform(light, 0.2, period, 0.2), expected, atol=1e-3)


def test_a_disc_larger_than_the_frame_is_the_middle_of_a_larger_image(moffat):
    disc = StructuredDisc(Component(1.0, 25.0, 1.0, 0.6, 20.0), MIXED)
    small, large = (draw([disc], AnalyticPsf(moffat), size) for size in (101, 241))
    np.testing.assert_allclose(small, large[70:-70, 70:-70], atol=4e-3 * large.max())
    disc = StructuredDisc(Component(1.0, 2.0, 1.0, 0.6, 20.0, x=200.0), MIXED)
    assert not disc.rest_transform(101, 140, 1.0).any()


def test_arms_begin_at_their_phase_and_add_nothing_along_a_circle():
    angle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    structure = Structure(arm_contrast=0.7, arm_number=3, arm_pitch=-25.0, arm_phase=40.0, arm_onset=0.6)
    for radius in (0.6, 1.5):
        light = brightening(structure, radius * np.cos(angle), radius * np.sin(angle), 0.5)
        assert light.mean() == pytest.approx(1, abs=1e-6)
        # A logarithmic spiral: tan(pitch) = d ln R / dθ.
        crest = 40 + np.degrees(np.log(radius / 0.6) / np.tan(np.radians(-25)))
        difference = (np.degrees(angle[np.argmax(light)]) - crest + 60) % 120 - 60
        assert abs(difference) <= 0.5


def test_knots_lie_on_the_arms_and_within_the_disc():
    structure = Structure(arm_contrast=1.0, arm_sharpness=15.0, knot_share=0.1, knot_number=300, truncation_radius=2.0)
    u, v, share = knots(structure)
    assert np.hypot(u, v).max() < 2
    assert share.sum() == pytest.approx(1)
    outside = np.hypot(u, v) > 0.8
    assert (brightening(dataclasses.replace(structure, truncation_radius=0.0), u, v, 1.0)[outside] > 1).mean() > 0.9


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"arm_contrast": 1.5}, "arm_contrast from 0 to 1, found 1.5"),
        ({"arm_contrast": 0.5, "arm_pitch": 0.0}, "arm_pitch"),
        ({"bar_share": 0.6, "knot_share": 0.6}, "0.6 and 0.6"),
        ({"dust_offset": np.nan}, "dust_offset"),
    ],
)
def test_impossible_structure_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Structure(**fields)
