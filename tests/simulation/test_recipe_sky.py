"""Mixtures of PSFs, faults of their stamps and stars in recipes."""

import numpy as np
import pytest
from toy_recipes import toy_recipe

from gampen_tf.rendering import PointSource, draw_stamp
from gampen_tf.simulation import RecipeError, load_recipe
from gampen_tf.simulation.catalogue import draw_catalogue
from gampen_tf.simulation.galaxies import draw_galaxy
from gampen_tf.simulation.images import draw_image, draw_image_and_psf
from gampen_tf.simulation.psf_families import psf_of

SHAPE = {"axis_ratio": 0.9, "position_angle": {"uniform": [-90, 90]}}
MOFFAT = {"moffat": {"beta": {"uniform": [2, 4]}, "fwhm": 0.7, **SHAPE}}
TELESCOPE = {"lam_over_diameter": 0.02, "obscuration": 0.3, "aberrations": {"normal": [0, 0.1], "within": [-0.3, 0.3]}}
KOLMOGOROV = {"kolmogorov": {"fwhm": {"uniform": [0.5, 1.0]}, **SHAPE, **TELESCOPE, "blur": 0.1}}
MIXTURE = {"mixture": [{"weight": 0.7, **MOFFAT, "stamp": 25}, {"weight": 0.3, **KOLMOGOROV}], "image_size": 21}


def test_a_mixture_draws_its_kinds_by_their_weights():
    catalogue = draw_catalogue(load_recipe(toy_recipe(psf=MIXTURE)), 1, range(500))
    is_second = catalogue["psf_kind"] == 1
    assert np.mean(is_second) == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / 500))
    for key, there in (("beta", ~is_second), ("z4", is_second), ("z11", is_second), ("fwhm", is_second | ~is_second)):
        np.testing.assert_array_equal(np.isfinite(catalogue[f"psf_{key}"]), there)
    assert np.std(catalogue["psf_z7"][is_second]) == pytest.approx(0.1, rel=0.3)


def test_a_stamp_holds_all_light():
    recipe = load_recipe(toy_recipe(psf=MIXTURE))
    galaxy = next(one for one in (draw_galaxy(recipe, 1, i) for i in range(20)) if one["psf"]["kind"] == 0)
    psf = psf_of(recipe, galaxy)
    star = draw_stamp([PointSource(1.0)], psf, 61, recipe.pixel_scale).astype(np.float64)
    assert star[18:-18, 18:-18].sum() == pytest.approx(1.0, abs=1e-4)
    assert np.abs(star[:15]).max() < 1e-6


def test_galaxy_i_is_the_same_whatever_else_is_drawn():
    recipe = load_recipe(toy_recipe(psf=MIXTURE))
    image, psf = draw_image_and_psf(recipe, 3, 4)
    draw_image(recipe, 3, 1)
    again, same = draw_image_and_psf(recipe, 3, 4)
    np.testing.assert_array_equal(image, again)
    np.testing.assert_array_equal(psf, same)


@pytest.mark.parametrize(
    ("psf", "message"),
    [
        ({"mixture": []}, "psf.mixture: expected a list of PSFs, each with a weight, found []"),
        ({"mixture": [{**MOFFAT}]}, "psf.mixture[0].weight: expected a number from 0 to 1, but the key is missing"),
        ({"mixture": [{"weight": 0.5, **MOFFAT}]}, "psf.mixture: expected weights that add to 1, found 0.5"),
        ({"mixture": [{"weight": 1, **MOFFAT, "wing": 1}]}, "psf.mixture[0].wing: expected one of the keys"),
        ({**MOFFAT, "image_faults": {"width": 1.0}}, "psf.image_faults: expected image_size beside it"),
        (
            {**MOFFAT, "image_size": 9, "image_faults": {"width": 3.0}},
            "psf.image_faults.width: expected values from 0.5",
        ),
    ],
)
def test_errors_name_the_entry(psf, message):
    with pytest.raises(RecipeError) as caught:
        load_recipe(toy_recipe(psf=psf))
    assert message in str(caught.value)


def test_faults_are_drawn_for_each_galaxy():
    faults = {"offset": {"uniform": [-0.5, 0.5]}, "signal_to_noise": {"log_uniform": [50, 1000]}}
    recipe = load_recipe(toy_recipe(psf={**MOFFAT, "image_size": 21, "image_faults": faults}))
    catalogue = draw_catalogue(recipe, 1, range(50))
    assert len(set(catalogue["psf_image_offset_x"])) == 50
    assert (catalogue["psf_image_offset_x"] != catalogue["psf_image_offset_y"]).all()
    assert catalogue["psf_image_signal_to_noise"].min() >= 50


def test_a_star_is_the_psf_with_its_flux_at_its_place():
    stars = {"number": 1, "magnitude": 20.0, "distance": {"uniform": [1.0, 2.0]}}
    with_star = load_recipe(toy_recipe(stars=stars, noise={"gaussian": {"sigma": 0}}))
    without = load_recipe(toy_recipe(noise={"gaussian": {"sigma": 0}}))
    (star,) = draw_galaxy(with_star, 1, 0)["stars"]
    assert star["flux"] == pytest.approx(with_star.flux_of(20.0))
    light = draw_image(with_star, 1, 0).astype(np.float64) - draw_image(without, 1, 0)
    y, x = np.unravel_index(np.argmax(light), light.shape)
    centre = (with_star.size - 1) / 2
    assert (x - centre) * with_star.pixel_scale == pytest.approx(star["x"], abs=0.6 * with_star.pixel_scale)
    assert (y - centre) * with_star.pixel_scale == pytest.approx(star["y"], abs=0.6 * with_star.pixel_scale)
    assert light.sum() < star["flux"]
    assert light.sum() == pytest.approx(star["flux"], rel=0.1)
