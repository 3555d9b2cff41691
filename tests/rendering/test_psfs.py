"""Point spread functions, noise and the cut in signal to noise."""

import galsim
import numpy as np
import pytest
from astropy.io import fits
from toy_recipes import toy_recipe

from gampen_tf.rendering import AnalyticPsf, Component, MeasuredPsf, draw_psf, draw_stamp
from gampen_tf.simulation import draw, load_recipe
from gampen_tf.simulation.galaxies import draw_catalogue, draw_galaxy, generator
from gampen_tf.simulation.galaxy_psf import galaxy_psf
from gampen_tf.simulation.images import draw_image, draw_image_and_psf
from gampen_tf.simulation.noise import draw_noise, poisson_noise, signal_to_noise

GALAXY = Component(1000.0, 0.6, 1.3, 0.5, 25.0, x=0.13, y=-0.21)


def moffat(fwhm=0.8):
    return galsim.Moffat(beta=4.0, fwhm=fwhm).shear(q=0.8, beta=40 * galsim.degrees)


@pytest.mark.parametrize(("side", "scale"), [(81, 0.2), (80, 0.2), (161, 0.1), (61, 0.25)])
def test_measured_psf_is_the_psf_that_was_measured(side, scale):
    # FWHM 0.8″: well sampled at each of these. Of the light 1e-4 lies beyond the images.
    star = moffat().drawImage(nx=side, ny=side, scale=scale, dtype=np.float64).array
    found = draw_stamp([GALAXY], MeasuredPsf(3.0 * star, scale), 45, 0.2)
    expected = draw_stamp([GALAXY], AnalyticPsf(moffat()), 45, 0.2)
    np.testing.assert_allclose(found, expected, atol=1e-3 * expected.max())
    assert found.sum() == pytest.approx(expected.sum(), rel=1e-3)


@pytest.mark.parametrize("fwhm", [0.8, 0.3])  # 0.3″ is undersampled at 0.2″ a pixel
def test_a_point_shows_the_measured_psf_pixel_for_pixel(fwhm):
    star = moffat(fwhm).shift(0.4, -0.7).drawImage(nx=21, ny=21, scale=0.2, dtype=np.float64).array
    star += 0.3 * np.roll(star, (5, 2), axis=(0, 1))  # no symmetry is left
    point = draw_stamp([Component(1.0, 1e-3, 1.0)], MeasuredPsf(star, 0.2), 31, 0.2)
    np.testing.assert_allclose(point[5:26, 5:26], star / star.sum(), atol=2e-4 * star.max())
    np.testing.assert_allclose(draw_psf(MeasuredPsf(star, 0.2), 21, 0.2), star / star.sum(), atol=1e-6)


@pytest.mark.parametrize("size", [24, 25])
def test_psf_image_is_that_of_a_star(size):
    star = moffat().drawImage(nx=size, ny=size, scale=0.2, dtype=np.float64).array
    image = draw_psf(AnalyticPsf(moffat()), size, 0.2)
    np.testing.assert_allclose(image, star / star.sum(), atol=1e-4 * star.max())
    assert image.sum() == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize("name", ["kids_r", "candels_f160w"])
def test_light_beyond_a_radius_is_that_of_the_profile(name):
    recipe = load_recipe(name)
    psf = galaxy_psf(recipe, draw_galaxy(recipe, 1, 0))
    image = psf.profile.drawImage(nx=2001, ny=2001, scale=0.03, method="no_pixel", dtype=np.float64).array
    y, x = (np.indices(image.shape) - 1000) * 0.03
    for radius in (3.0, 6.0, 12.0):
        measured = 1 - image[np.hypot(x, y) < radius].sum() / psf.profile.flux
        assert psf.light_beyond(radius) == pytest.approx(measured, rel=0.3, abs=1e-4)


@pytest.mark.parametrize(("name", "n_galaxies", "period"), [("kids_r", 12, 1000), ("candels_f160w", 4, 1600)])
def test_galaxies_of_the_other_recipes_equal_those_on_a_long_period(name, n_galaxies, period):
    recipe = load_recipe(name)
    for index in range(n_galaxies):
        galaxy = draw_galaxy(recipe, 11, index)
        components = [Component(**one, x=galaxy["x"], y=galaxy["y"]) for one in galaxy["components"].values()]
        components += [Component(**one) for one in galaxy["neighbours"]]
        options = components, galaxy_psf(recipe, galaxy), recipe.size, recipe.pixel_scale
        image, reference = draw_stamp(*options).astype(np.float64), draw_stamp(*options, period=period)
        assert abs(image - reference).max() < 1e-3 * reference.max()
        assert image.sum() == pytest.approx(reference.sum(dtype=np.float64), rel=1e-3)


def test_psf_files_are_drawn_evenly_and_named_in_the_catalogue(tmp_path):
    for number, fwhm in enumerate((0.6, 0.8, 1.0)):
        fits.writeto(tmp_path / f"psf_{number}.fits", moffat(fwhm).drawImage(nx=41, ny=41, scale=0.2).array)
    recipe = load_recipe(toy_recipe(psf={"files": "psf_*.fits", "image_size": 41}), folder=tmp_path)
    catalogue = draw_catalogue(recipe, 1, range(600))
    counts = np.bincount(catalogue["psf_file"])
    assert len(counts) == 3
    assert abs(counts - 200).max() < 50  # 4.3 sigma
    for index in range(5):
        expected = fits.getdata(tmp_path / f"psf_{catalogue['psf_file'][index]}.fits")
        _, psf = draw_image_and_psf(recipe, 1, index)
        np.testing.assert_allclose(psf, expected / expected.sum(), atol=1e-6)


@pytest.mark.parametrize("content", [np.zeros((5, 5)), np.full((5, 5), np.nan), np.ones((2, 5, 5)), None])
def test_files_that_are_no_psf_are_named(tmp_path, content):
    fits.PrimaryHDU(content).writeto(tmp_path / "psf.fits")
    recipe = load_recipe(toy_recipe(psf={"files": "psf.fits"}), folder=tmp_path)
    with pytest.raises(ValueError, match=r"psf\.fits: expected a finite 2-D PSF image of positive sum, found"):
        draw_image(recipe, 1, 0)


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
    light = draw_stamp(components, galaxy_psf(plain, galaxy), 32, 0.2)
    np.testing.assert_allclose(with_sky - light, draw_noise(recipe, {"file": 0}, generator(1, 3, 1)), atol=2e-2)


def test_poisson_noise_has_the_mean_and_variance_of_electrons():
    light = np.full((300, 300), 20.0, dtype=np.float32)
    noisy = poisson_noise(light, 2.5, generator(3, 0, 1)).astype(np.float64)
    n = light.size
    assert noisy.mean() == pytest.approx(20.0, abs=4 * np.sqrt(20 / 2.5 / n))
    assert noisy.var() == pytest.approx(20 / 2.5, rel=4 * np.sqrt(2 / n))
    np.testing.assert_array_equal(poisson_noise(np.float32([-0.5]), 2.5, generator(3, 0, 1)), np.float32([-0.5]))


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
    image = galsim.Convolve([sersic, galaxy_psf(recipe, galaxy).profile]).drawImage(nx=32, ny=32, scale=0.2).array
    y, x = (np.indices((32, 32)) - 15.5) * 0.2
    inside = np.hypot(x, y) < 1.5
    light = image[inside].sum()
    expected = light / np.sqrt(inside.sum() * 4 + light / 3)
    assert signal_to_noise(recipe, galaxy, 1.5) == pytest.approx(expected, rel=2e-3)


def test_galaxies_that_do_not_stand_out_are_drawn_again():
    wanted = {"above": 50, "within": 1.5}
    faint = {"magnitude": {"uniform": [19.0, 24.0]}}
    recipe = load_recipe(toy_recipe(signal_to_noise=wanted, **faint))
    without = load_recipe(toy_recipe(**faint))
    kept = [draw_galaxy(recipe, 1, index) for index in range(80)]
    assert all(signal_to_noise(recipe, galaxy, 1.5) > 50 for galaxy in kept)
    first = [draw_galaxy(without, 1, index) for index in range(80)]
    bright = [signal_to_noise(without, galaxy, 1.5) > 50 for galaxy in first]
    assert 10 < sum(bright) < 70
    for old, new, stays in zip(first, kept, bright, strict=True):
        assert (old == new) if stays else (old["flux"] != new["flux"])  # those that stood out stay as they were
    catalogue = draw_catalogue(recipe, 1, range(80))
    np.testing.assert_allclose(catalogue["flux"], [galaxy["flux"] for galaxy in kept])


def test_a_signal_to_noise_that_no_galaxy_has_is_said(monkeypatch):
    monkeypatch.setattr("gampen_tf.simulation.galaxies._MAX_TRIES", 3)
    recipe = load_recipe(toy_recipe(signal_to_noise={"above": 1e6, "within": 1.5}))
    with pytest.raises(ValueError, match=r"recipe 'toy': none of 3 galaxies had a signal-to-noise ratio above 1e\+06"):
        draw_galaxy(recipe, 1, 0)


def test_brightness_by_magnitude_and_centres_off_the_middle():
    document = toy_recipe(
        magnitude=20.0,
        centre={"x": 0.6, "y": -0.4},
        noise={"gaussian": {"sigma": 0}},
        image={"size": 61, "pixel_scale": 0.2, "unit": "nJy", "zero_point": 31.4},
    )
    images, catalogue = draw(document, 1, [0])
    image = images[0, ..., 0].astype(np.float64)
    assert catalogue["magnitude"][0] == pytest.approx(20.0)
    assert catalogue["flux"][0] == pytest.approx(10 ** (0.4 * 11.4))
    assert image.sum() == pytest.approx(catalogue["flux"][0], rel=0.03)
    y, x = (np.indices(image.shape) - 30) * 0.2
    near = np.hypot(x - 0.6, y + 0.4) < 3
    centre = [(image * axis)[near].sum() / image[near].sum() for axis in (x, y)]
    assert centre == pytest.approx([0.6, -0.4], abs=0.01)
    assert (catalogue["x"][0], catalogue["y"][0]) == (0.6, -0.4)


def test_radius_along_the_major_axis_is_circularised_once():
    document = toy_recipe()
    part = document["galaxies"]["sersic"]["components"]["sersic"]
    del part["effective_radius"]
    part.update(semi_major_axis=1.2, axis_ratio=0.36, sersic_index=1.0, position_angle=0)
    document["noise"], document["image"]["size"] = {"gaussian": {"sigma": 0}}, 128
    images, catalogue = draw(document, 1, [0])
    assert catalogue["sersic_effective_radius"][0] == pytest.approx(1.2 * 0.6)
    assert catalogue["semi_major_axis"][0] == pytest.approx(1.2)
    # Half of the light lies in the ellipse of these axes, in the image with the PSF nearly so: widen both by the PSF.
    y, x = (np.indices((128, 128)) - 63.5) * 0.2
    image = images[0, ..., 0].astype(np.float64)
    moments = [np.sqrt((image * axis**2).sum() / image.sum()) for axis in (x, y)]
    assert moments[0] / moments[1] > 1.8  # along x
    assert 0.72 < catalogue["effective_radius"][0] < 1.2  # of the circular aperture
