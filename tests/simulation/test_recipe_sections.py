"""Values of a recipe: what is taken, and what is refused with its key."""

import numpy as np
import pytest
from astropy.io import fits
from toy_recipes import changed_recipe, toy_recipe

from gampen_tf.simulation import RecipeError, load_recipe

PART = "galaxies.sersic.components.sersic"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("name", ..., "name: expected text, but the key is missing; add it"),
        ("band", 3, "band: expected text, found 3"),
        ("image", [32, 0.2], "image: expected a mapping of keys, found [32, 0.2]"),
        ("image.size", 32.5, "image.size: expected a whole number from 8 to 4096, found 32.5"),
        ("image.size", True, "image.size: expected a whole number from 8 to 4096, found True"),
        ("image.size", 7, "image.size: expected a whole number from 8 to 4096, found 7"),
        ("image.pixel_scale", "0.2", "image.pixel_scale: expected a number from 0.0001 to 100, found '0.2'"),
        (
            "image.colour",
            "red",
            "image.colour: expected one of the keys pixel_scale, scale_free, size, unit, zero_point, found another; "
            "correct its name or remove it",
        ),
        (f"{PART}.axis_ratio", ..., f"{PART}.axis_ratio: expected a number or one distribution out of uniform"),
        (f"{PART}.sersic_index", {"uniform": [0.05, 4]}, f"{PART}.sersic_index: expected values from 0.1 to 8"),
        (
            f"{PART}.axis_ratio",
            {"constant": 1, "relative_to": "disc"},
            f"{PART}.axis_ratio.relative_to: expected a com",
        ),
        ("magnitude", "bright", "magnitude: expected a number or one distribution out of uniform, log_uniform"),
        (
            "magnitude",
            {"gauss": [18, 1]},
            "magnitude: expected a number or one distribution out of uniform, log_uniform",
        ),
        ("magnitude", {"uniform": [1, 2], "poisson": 1}, "magnitude: expected a number or one distribution out of"),
        (
            "magnitude",
            {"uniform": [18, 20], "around": 1},
            "magnitude.around: expected one of the keys relative_to, step,",
        ),
        (
            "magnitude",
            {"uniform": [20, 18]},
            "magnitude.uniform: expected [low, high] with low <= high, found [20, 18]",
        ),
        ("magnitude", {"uniform": [18]}, "magnitude.uniform: expected 2 numbers, found [18]"),
        ("magnitude", {"choice": []}, "magnitude.choice: expected a list of numbers, found []"),
        ("magnitude", {"annulus": [-1, 2]}, "magnitude.annulus: expected positive limits, found [-1, 2]"),
        ("magnitude", {"normal": [18, -1]}, "magnitude.normal: expected [mean, sigma] with sigma >= 0, found [18, -1]"),
        ("magnitude", {"exponential": 0}, "magnitude.exponential: expected positive numbers, found [0]"),
        (
            "magnitude",
            {"exponential_below": [22, 0]},
            "magnitude.exponential_below: expected [end, scale] with scale > 0",
        ),
        ("magnitude", float("nan"), "magnitude.constant: expected 1 number, found nan"),
        ("magnitude", {"normal": [18, 1]}, "magnitude: expected values from -50 to 100 (see 'within')"),
        (
            "magnitude",
            {"uniform": [18, 20], "within": [20, 19]},
            "magnitude.within: expected [low, high] with low < high",
        ),
        (
            "magnitude",
            {"uniform": [18, 20], "step": 0},
            "magnitude.step: expected a number from 1e-09 to 1e+09, found 0",
        ),
        ("psf", {"files": []}, "psf.files: expected a path, a glob or a list of paths, found []"),
        ("noise.gain", 0, "noise.gain: expected values from 1e-12 to 1e+12"),
    ],
)
def test_error_has_the_key_what_was_expected_and_what_was_found(path, value, message):
    with pytest.raises(RecipeError) as caught:
        load_recipe(changed_recipe(path, value))
    assert str(caught.value).startswith(f"recipe: {message}")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("flux", 100, "recipe: expected one of the keys flux, magnitude, found flux and magnitude; keep one of them"),
        ("magnitude", ..., "recipe: expected one of the keys flux, magnitude, found none of them; add one"),
        (
            f"{PART}.semi_major_axis",
            1.0,
            f"recipe: {PART}: expected one of the keys effective_radius, semi_major_axis, found effective_radius and ",
        ),
        (
            "psf",
            {"gaussian": 1},
            "recipe: psf: expected one of the keys moffat, kolmogorov, airy, files, found none of them; add one",
        ),
        (
            "noise.files",
            "sky.fits",
            "recipe: noise: expected one of the keys gaussian, files, found gaussian and files",
        ),
        (
            "noise.gaussian",
            {"sigma": 1, "drop": 2, "correlation": 1},
            "recipe: noise.gaussian: expected one of the keys correlation, drop, found correlation and drop; keep one",
        ),
    ],
)
def test_keys_that_exclude_each_other(path, value, message):
    with pytest.raises(RecipeError) as caught:
        load_recipe(changed_recipe(path, value))
    assert str(caught.value).startswith(message)


def test_a_number_is_the_distribution_that_gives_it_alone():
    recipe = load_recipe(toy_recipe(magnitude=19))
    rng = np.random.default_rng(1)
    assert {recipe.brightness.draw(rng) for _ in range(5)} == {19}
    assert recipe.brightness.support == (19, 19)


def test_files_are_those_of_all_patterns_from_the_folder_of_the_recipe(tmp_path):
    folder, elsewhere = tmp_path / "recipe", tmp_path / "elsewhere"
    for path in (folder / "b.fits", folder / "a.fits", elsewhere / "c.fits"):
        path.parent.mkdir(exist_ok=True)
        fits.writeto(path, np.eye(5))
    recipe = load_recipe(toy_recipe(psf={"files": ["*.fits", str(elsewhere / "c.fits")]}), folder=folder)
    assert recipe.psf[0].files == tuple(map(str, (folder / "a.fits", folder / "b.fits", elsewhere / "c.fits")))
    with pytest.raises(RecipeError, match=r"psf\.files: expected files \(looked from .*recipe\), found 'd\*\.fits'"):
        load_recipe(toy_recipe(psf={"files": "d*.fits"}), folder=folder)
