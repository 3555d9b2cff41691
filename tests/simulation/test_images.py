"""Drawing of galaxies against plain GalSim, closed forms and numerical integration."""

import galsim
import numpy as np
import pytest
from scipy import integrate, special

from gampen_tf.io import cache as tables
from gampen_tf.rendering import (
    AnalyticPsf,
    Component,
    circularised,
    draw_stamp,
    half_light_radius,
    light_within,
    semi_major_axis,
    sersic_transform,
    surface_brightness,
)
from gampen_tf.rendering.radii import component_radius
from gampen_tf.simulation import load_recipe
from gampen_tf.simulation.galaxies import draw_catalogue, draw_galaxy
from gampen_tf.simulation.images import draw_image

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


@pytest.mark.parametrize("sersic_index", [0.8, 0.8001, 1.0, 2.37, 3.1234, 5.0, 5.55555])  # ours and GalSim's own
def test_transform_table_equals_galsim(sersic_index):
    k = np.array([0.0, 2e-3, 0.1, 1.0, 7.7, 60.0, 400.0])
    profile = galsim.Sersic(n=sersic_index, half_light_radius=1.0)
    expected = [profile.kValue(one, 0).real for one in k]
    found = sersic_transform((k**2).astype(np.float32), sersic_index)
    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize("sersic_index", [1.0, 1.0 + 1e-9])
def test_transform_of_an_exponential_is_the_closed_form(sersic_index):
    scale = 1 / special.gammaincinv(2, 0.5)
    k = np.geomspace(1e-2, 1e2, 50)
    found = sersic_transform((k**2).astype(np.float32), sersic_index)
    np.testing.assert_allclose(found, (1 + (k * scale) ** 2) ** -1.5, atol=1e-5)


def test_transform_of_a_gaussian_is_the_closed_form():
    k = np.geomspace(1e-2, 1e2, 50)
    found = sersic_transform((k**2).astype(np.float32), 0.5 + 1e-9)
    np.testing.assert_allclose(found, np.exp(-(k**2) / (4 * np.log(2))), atol=1e-6)


@pytest.mark.parametrize("sersic_index", [0.1, 0.25, 7.0, 8.0])  # beyond what GalSim has
def test_transform_equals_integration(sersic_index):
    log_near, far = np.linspace(-30, 0, 20_001), np.linspace(1, 1e4, 2_000_001)
    for k in (0.01, 0.5, 3.0, 12.0):
        # The cusp in ln r, the wings with many steps an oscillation.
        near = np.exp(log_near)
        expected = 2 * np.pi * integrate.simpson(
            near**2 * surface_brightness(near**2, sersic_index) * special.j0(k * near), x=log_near
        ) + 2 * np.pi * integrate.simpson(far * surface_brightness(far**2, sersic_index) * special.j0(k * far), x=far)
        assert sersic_transform(np.float32([k**2]), sersic_index)[0] == pytest.approx(expected, abs=5e-6)


def test_table_is_made_once_and_a_damaged_one_again(tmp_path, monkeypatch):
    monkeypatch.setenv("GAMPEN_TF_CACHE", str(tmp_path / "cache"))
    made = []

    def make():
        made.append(1)
        return np.linspace(0, 1, 5)

    for _ in range(2):
        np.testing.assert_array_equal(tables.cached("a", 5, make), np.linspace(0, 1, 5))
    assert len(made) == 1
    (file,) = (tmp_path / "cache").iterdir()
    file.write_bytes(file.read_bytes()[:-3])
    np.testing.assert_array_equal(tables.cached("a", 5, make), np.linspace(0, 1, 5))
    assert len(made) == 2
    monkeypatch.setenv("GAMPEN_TF_CACHE", "/dev/null/nowhere")
    np.testing.assert_array_equal(tables.cached("a", 5, make), np.linspace(0, 1, 5))


@pytest.mark.parametrize("sersic_index", [0.8, 4.0])
def test_surface_brightness_holds_half_of_the_light_within_the_radius(sersic_index):
    def light(radius):
        return integrate.quad(lambda r: 2 * np.pi * r * surface_brightness(r**2, sersic_index), 0, radius, limit=200)[0]

    assert light(1.0) == pytest.approx(0.5, rel=1e-6)


def test_half_light_radius_of_a_round_component_is_its_own():
    one = np.ones((5, 1))
    np.testing.assert_allclose(half_light_radius(one, 2.5 * one, one, np.linspace(0.8, 5, 5)[:, None]), 2.5, rtol=1e-8)


def test_light_within_equals_integration_over_the_ellipse():
    r_h, q, n, radius = 2.0, 0.3, 3.7, 1.6

    def integrand(r, theta):
        squared = (q * (r * np.cos(theta)) ** 2 + (r * np.sin(theta)) ** 2 / q) / r_h**2
        return surface_brightness(squared, n) / r_h**2 * r

    expected = integrate.dblquad(integrand, 0, 2 * np.pi, 0, radius)[0]
    radii = radius * np.array([0.999, 1.0, 1.001])
    fraction, slope = light_within(radii, r_h, q, n)
    assert fraction[1] == pytest.approx(expected, rel=1e-6)
    assert slope[1] == pytest.approx((fraction[2] - fraction[0]) / np.log(1.001 / 0.999), rel=1e-5)


def test_radius_of_a_component_comes_back_from_its_aperture():
    axis_ratio, sersic_index = np.array([0.2, 0.5, 1.0]), np.array([4.0, 1.0, 0.5])
    columns = [one[:, None] for one in (np.ones(3), 1.7 * np.ones(3), axis_ratio, sersic_index)]
    aperture = half_light_radius(*columns)
    assert (aperture[:2] > 1.7).all()
    np.testing.assert_allclose(component_radius(aperture, axis_ratio, sersic_index), 1.7, rtol=1e-10)
    np.testing.assert_allclose(circularised(semi_major_axis(1.7, axis_ratio), axis_ratio), 1.7)


def test_every_half_light_radius_holds_half_of_the_light(rng):
    # Many, as Newton's method goes astray in few: an excess of exactly nothing must end it where it is.
    n = 20_000
    fluxes = np.stack([rng.uniform(size=n), np.where(rng.uniform(size=n) < 0.25, np.nan, rng.uniform(size=n))], axis=1)
    radii = np.where(np.isfinite(fluxes), rng.uniform(0.1, 5, (n, 2)), np.nan)
    axis_ratios = np.where(np.isfinite(fluxes), rng.uniform(0.25, 1, (n, 2)), np.nan)
    indices = np.where(np.isfinite(fluxes), rng.choice([0.8, 1.0, 1.2, 4.0, 5.0], (n, 2)), np.nan)
    whole = half_light_radius(fluxes, radii, axis_ratios, indices)
    inside = [fluxes[:, k] * light_within(whole, radii[:, k], axis_ratios[:, k], indices[:, k])[0] for k in (0, 1)]
    np.testing.assert_allclose(np.nansum(inside, axis=0) / np.nansum(fluxes, axis=1), 0.5, atol=1e-9)


def test_half_light_radius_holds_half_of_a_drawn_image():
    flux, radius, axis_ratio, index = [0.4, 0.6], [2.0, 0.9], [0.4, 0.7], [1.0, 1.2]
    whole = half_light_radius([flux], [radius], [axis_ratio], [index])[0]
    # Both components share an axis here; the aperture is round, so that their angles do not matter.
    galaxy = galsim.Sum(
        [
            galsim.Sersic(n=n, half_light_radius=r, flux=f).shear(q=q, beta=0.3 * galsim.radians)
            for f, r, q, n in zip(flux, radius, axis_ratio, index, strict=True)
        ]
    )
    image = galaxy.drawImage(nx=1601, ny=1601, scale=0.02, method="no_pixel").array.astype(np.float64)
    y, x = np.indices(image.shape) - 800
    assert image[np.hypot(x, y) * 0.02 < whole].sum() == pytest.approx(0.5, abs=2e-3)


def test_catalogue_obeys_table_1_of_the_paper():
    table = draw_catalogue(load_recipe("hsc_wide_g"), 3, range(4000))
    both = table["kind"] == "disc_and_bulge"
    assert abs(both.mean() - 0.75) < 0.03  # 4.4 sigma
    turn = table["bulge_position_angle"][both] - table["disc_position_angle"][both]
    turn = (np.asarray(turn) + 90) % 180 - 90
    assert abs(turn).max() <= 15.0
    assert abs(turn).max() > 14.5
    np.testing.assert_allclose(table["bulge_flux"][both], (table["bulge_to_total"] * table["flux"])[both])
    assert set(np.asarray(table["bulge_to_total"][~both])) == {0.0, 1.0}
    assert abs(np.median(table["psf_fwhm"]) - 0.85) < 0.01
    for name, low, high in [("disc_sersic_index", 0.8, 1.2), ("bulge_sersic_index", 3.5, 5.0), ("flux", 1e3, 5e6)]:
        values = np.asarray(table[name])
        values = values[np.isfinite(values)]
        assert low <= values.min() < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < values.max() <= high


def test_galaxy_depends_on_seed_and_index_alone():
    recipe = load_recipe("hsc_wide_g_crowded")
    alone = draw_image(recipe, 7, 5)
    for index in (9, 2):
        draw_image(recipe, 7, index)
    np.testing.assert_array_equal(draw_image(recipe, 7, 5), alone)
    assert draw_galaxy(recipe, 7, 5)["flux"] != draw_galaxy(recipe, 8, 5)["flux"]
    table = draw_catalogue(recipe, 7, [5])
    assert table["flux"][0] == draw_galaxy(recipe, 7, 5)["flux"]


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_noise_has_the_sigma_and_the_correlation_of_the_recipe(correlation):
    document = dict(load_recipe("hsc_wide_g").document)
    document["noise"] = {"gaussian": {"sigma": 1.6, "correlation": correlation}}
    document["flux"] = 1e-6
    noise = np.stack([draw_image(load_recipe(document), 1, index) for index in range(6)]).astype(np.float64)
    assert noise.std() == pytest.approx(1.6, rel=0.02)
    neighbours = np.mean(noise[:, :, 1:] * noise[:, :, :-1]) / noise.var()
    # A Gaussian kernel of width s correlates pixels at distance d by exp(−d² / 4 s²).
    expected = np.exp(-1 / (4 * correlation**2)) if correlation else 0.0
    assert neighbours == pytest.approx(expected, abs=0.02)
