"""Recipes: what is read, and what is refused with its key."""

import copy

import numpy as np
import pytest
import yaml
from astropy.io import fits
from toy_recipes import toy_recipe

from gampen_tf.simulation import RecipeError, load_recipe


def changed(path, value):
    """The toy recipe with the key at ``path`` set, or removed where the value is ``...``."""
    recipe = toy_recipe()
    *parents, last = path.split(".")
    place = recipe
    for parent in parents:
        place = place[parent]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return recipe


PART = "galaxies.sersic.components.sersic"


@pytest.mark.parametrize(
    ("path", "value", "named", "said"),
    [
        ("name", ..., "name", "expected text, found 'nothing'"),
        ("band", 3, "band", "expected text, found 3"),
        ("image.size", 32.5, "image.size", "a whole number from 8 to 4096"),
        ("image.size", True, "image.size", "found True"),
        ("image.pixel_scale", "0.2", "image.pixel_scale", "found '0.2'"),
        ("image.zero_point", 27.0, "image.zero_point", "31.4 for nJy, found 27.0"),
        ("image.colour", "red", "image.colour", "no such key (known here: pixel_scale, size, unit, zero_point)"),
        ("flux", 100, "flux", "either flux or magnitude, found 'both'"),
        ("magnitude", ..., "flux", "found 'neither'"),
        ("magnitude", {"uniform": [20, 18]}, "magnitude.uniform", "low <= high"),
        ("magnitude", {"uniform": [18]}, "magnitude.uniform", "2 numbers, found [18]"),
        ("magnitude", {"gauss": [18, 1]}, "magnitude", "one distribution out of"),
        ("magnitude", {"normal": [18, -1]}, "magnitude.normal", "sigma >= 0"),
        ("magnitude", {"exponential_below": [22, 0]}, "magnitude.exponential_below", "scale > 0"),
        ("magnitude", float("nan"), "magnitude.constant", "1 number, found nan"),
        ("magnitude", {"normal": [18, 1]}, "magnitude", "values from -50 to 100 (see 'within')"),
        ("magnitude", {"uniform": [18, 20], "within": [20, 19]}, "magnitude.within", "low < high"),
        (f"{PART}.sersic_index", {"uniform": [0.05, 4]}, f"{PART}.sersic_index", "values from 0.1 to 8"),
        (f"{PART}.axis_ratio", ..., f"{PART}.axis_ratio", "found 'nothing'"),
        (f"{PART}.effective_radius", {"log_uniform": [0, 1]}, f"{PART}.effective_radius.log_uniform", "positive"),
        (f"{PART}.axis_ratio", {"constant": 1, "relative_to": "disc"}, f"{PART}.axis_ratio.relative_to", "none"),
        (f"{PART}.semi_major_axis", 1.0, f"{PART}.effective_radius", "no such key"),
        ("galaxies.sersic.fraction", 0.9, "galaxies", "add to 1, found 0.9"),
        ("galaxies", [1, 2], "galaxies", "a mapping"),
        ("psf.moffat.beta", 1.0, "psf.moffat.beta", "values from 1.1 to 100"),
        ("psf", {"files": "nowhere/*.fits"}, "psf.files", "nowhere/*.fits"),
        ("noise.gaussian", {"sigma": 1, "drop": 2, "correlation": 1}, "noise.gaussian.drop", "found 'both'"),
        ("noise.gain", 0, "noise.gain", "found 0"),
        ("signal_to_noise", {"above": 50}, "signal_to_noise.within", "found 'nothing'"),
        ("split", {"train": 0.7, "test": 0.2}, "split", "that add to 1"),
        ("parameters", ["colour"], "parameters", "found ['colour']"),
    ],
)
def test_complaint_names_the_key_what_was_expected_and_what_was_found(path, value, named, said):
    with pytest.raises(RecipeError) as caught:
        load_recipe(changed(path, value))
    message = str(caught.value)
    assert message.startswith(f"recipe: {named}: expected") or message.startswith(f"recipe: {named}: no such key")
    assert said in message


def test_file_and_shape_of_the_file_are_named(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("image: {size: 32")
    with pytest.raises(RecipeError, match=r"mine\.yaml: not YAML"):
        load_recipe(path)
    path.write_text("- 1\n- 2\n")
    with pytest.raises(RecipeError, match=r"mine\.yaml: expected a mapping of keys, found list"):
        load_recipe(path)
    with pytest.raises(FileNotFoundError, match="no data recipe named 'nowhere'.*hsc_wide_g"):
        load_recipe("nowhere")


@pytest.mark.parametrize("name", ["hsc_wide_g", "hsc_wide_g_crowded"])
def test_shipped_recipes_are_what_they_were(name):
    # The galaxies of a seed are those of the content of the recipe: another content would be other galaxies.
    assert (
        load_recipe(name).sha256
        == {
            "hsc_wide_g": "f571c089068a069423e8a3aa617117d908b49e0f9aecfa8d71054f8e956da62a",
            "hsc_wide_g_crowded": "bd96bf8a7839d541093018dffc9538065624015a3eee76633d7d7d8ba6e44657",
        }[name]
    )


def test_a_recipe_on_a_base_replaces_whole_keys(tmp_path):
    (tmp_path / "first.yaml").write_text(yaml.safe_dump(toy_recipe()))
    (tmp_path / "second.yaml").write_text("base: first.yaml\nname: second\nnoise: {gaussian: {sigma: 5.0}}\n")
    recipe = load_recipe(tmp_path / "second.yaml")
    assert recipe.name == "second"
    assert recipe.noise["sigma"].arguments == (5.0,)
    assert recipe.brightness.arguments == (18.0, 20.0)


def test_hash_covers_the_files_that_the_recipe_names(tmp_path):
    fits.writeto(tmp_path / "psf.fits", np.eye(5))
    document = toy_recipe(psf={"files": "psf.fits"})
    before = load_recipe(document, folder=tmp_path).sha256
    assert load_recipe(copy.deepcopy(document), folder=tmp_path).sha256 == before
    fits.writeto(tmp_path / "psf.fits", np.eye(5) + 1, overwrite=True)
    assert load_recipe(document, folder=tmp_path).sha256 != before
