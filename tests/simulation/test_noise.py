"""Noise of the sky and of the light."""

import galsim
import numpy as np
import pytest
from astropy.io import fits
from toy_recipes import toy_recipe

from gampen_tf.rendering import (
    Component,
    draw_stamp,
)
from gampen_tf.simulation import draw, load_recipe
from gampen_tf.simulation.galaxies import draw_galaxy, generator
from gampen_tf.simulation.images import draw_image
from gampen_tf.simulation.noise import draw_noise, photon_noise, signal_to_noise
from gampen_tf.simulation.psf_families import psf_of


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


def test_sky_is_cut_out_of_its_file(tmp_path):
    rows, columns = np.indices((50, 60))
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.float32(rows + 100 * columns))]).writeto(tmp_path / "sky.fits")
    recipe = load_recipe(toy_recipe(noise={"files": "sky.fits"}), folder=tmp_path)
    seen = set()
    for index in range(60):
        sky = draw_noise(recipe, {"file": 0}, generator(1, index, 1))
        assert sky.shape == (32, 32)
        steps = abs(sky[1, 0] - sky[0, 0]), abs(sky[0, 1] - sky[0, 0])
        assert sorted(steps) == [1.0, 100.0]  # whole pixels, turned by right angles
        seen.add(float(sky.min()))
    assert len(seen) > 50
    galaxy = draw_galaxy(recipe, 1, 3)
    with_sky, plain = draw_image(recipe, 1, 3), load_recipe(toy_recipe(noise={"gaussian": {"sigma": 0}}))
    components = [Component(**one) for one in galaxy["components"].values()]
    light = draw_stamp(components, psf_of(plain, galaxy), 32, 0.2)
    np.testing.assert_allclose(with_sky - light, draw_noise(recipe, {"file": 0}, generator(1, 3, 1)), atol=2e-2)


def test_photon_noise_has_the_variance_of_electrons_and_none_without_light():
    light = np.full((300, 300), 20.0, dtype=np.float32)
    noise = photon_noise(light, 2.5, generator(3, 0, 1)).astype(np.float64)
    n = light.size
    assert noise.mean() == pytest.approx(0.0, abs=4 * np.sqrt(20 / 2.5 / n))
    assert noise.var() == pytest.approx(20 / 2.5, rel=4 * np.sqrt(2 / n))
    np.testing.assert_array_equal(photon_noise(np.float32([-0.5, 0.0]), 2.5, generator(3, 0, 1)), np.float32([0, 0]))


def test_residual_of_the_sky_is_a_constant_and_a_slope_across_the_frame():
    document = toy_recipe(
        noise={"gaussian": {"sigma": 0}, "residual": {"constant": 0.3, "gradient": {"uniform": [1, 2]}}}
    )
    recipe = load_recipe(document)
    drawn = draw_galaxy(recipe, 1, 5)["noise"]
    sky = draw_noise(recipe, drawn, generator(1, 5, 1)).astype(np.float64)
    assert sky.mean() == pytest.approx(0.3, abs=1e-6)
    rise, run = (
        np.polyfit(np.linspace(-0.5, 0.5, 32), sky.mean(axis=0), 1)[0],
        np.cos(np.deg2rad(drawn["residual_direction"])),
    )
    assert rise == pytest.approx(drawn["residual_gradient"] * run, abs=1e-5)
    np.testing.assert_allclose(np.diff(sky, 2, axis=0), 0, atol=1e-5)


def test_noise_of_the_image_is_sky_and_electrons_together():
    document = toy_recipe(noise={"gaussian": {"sigma": 2.0}, "gain": 3.0})
    quiet = toy_recipe(noise={"gaussian": {"sigma": 0.0}})
    images = np.stack([draw(document, 1, [index])[0][0, ..., 0] for index in range(150)]).astype(np.float64)
    light = np.stack([draw(quiet, 1, [index])[0][0, ..., 0] for index in range(150)]).astype(np.float64)
    pull = (images - light) / np.sqrt(4 + np.maximum(light, 0) / 3)
    assert pull.mean() == pytest.approx(0, abs=4 / np.sqrt(pull.size))
    assert pull.var() == pytest.approx(1, rel=4 * np.sqrt(2 / pull.size))


@pytest.mark.parametrize(("drop", "correlation"), [(1.0, 0.0), (1.7, 0.5622), (3.0, 0.6667)])
def test_drizzled_noise_is_correlated_by_the_overlap_of_drops(drop, correlation):
    # Kernels (0.35, 1, 0.35) and (1, 1, 1) on each axis: Σ kᵢ kᵢ₊₁ / Σ kᵢ².
    recipe = load_recipe(toy_recipe(noise={"gaussian": {"sigma": 2.0, "drop": drop}}))
    noise = np.stack([draw_noise(recipe, {"sigma": 2.0, "drop": drop}, generator(1, index, 1)) for index in range(200)])
    noise = noise.astype(np.float64)
    assert noise.std() == pytest.approx(2.0, rel=0.01)
    assert np.mean(noise[:, :, 1:] * noise[:, :, :-1]) / 4 == pytest.approx(correlation, abs=0.02)
    assert np.mean(noise[:, 1:] * noise[:, :-1]) / 4 == pytest.approx(correlation, abs=0.02)


def test_signal_to_noise_is_that_of_an_aperture():
    recipe = load_recipe(toy_recipe(noise={"gaussian": {"sigma": 2.0}, "gain": 3.0}))
    galaxy = draw_galaxy(recipe, 2, 0)
    profile = next(iter(galaxy["components"].values()))
    sersic = galsim.Sersic(
        n=profile["sersic_index"], half_light_radius=profile["effective_radius"], flux=galaxy["flux"]
    ).shear(q=profile["axis_ratio"], beta=profile["position_angle"] * galsim.degrees)
    psf = galsim.Moffat(beta=galaxy["psf"]["beta"], fwhm=galaxy["psf"]["fwhm"])
    psf = psf.shear(q=galaxy["psf"]["axis_ratio"], beta=galaxy["psf"]["position_angle"] * galsim.degrees)
    image = galsim.Convolve([sersic, psf]).drawImage(nx=32, ny=32, scale=0.2).array
    y, x = (np.indices((32, 32)) - 15.5) * 0.2
    inside = np.hypot(x, y) < 1.5
    light = image[inside].sum()
    expected = light / np.sqrt(inside.sum() * 4 + light / 3)
    assert signal_to_noise(recipe, galaxy, 1.5) == pytest.approx(expected, rel=2e-3)
