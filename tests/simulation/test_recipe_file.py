"""Recipe files: read, set on a base, and checked as a whole."""

import pytest
import yaml
from toy_recipes import changed_recipe, toy_recipe

from gampen_tf.simulation import RecipeError, load_recipe

TWO_DISCS = {name: {"effective_radius": 1, "sersic_index": 1, "axis_ratio": 1, "position_angle": 0} for name in "ab"}


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("image.zero_point", 27.0, "image.zero_point: expected 31.4 for nJy, found 27.0"),
        ("galaxies.sersic.fraction", 0.9, "galaxies: expected kinds whose fractions add to 1, found 0.9"),
        (
            "galaxies.sersic.components",
            TWO_DISCS,
            "galaxies.sersic.components: expected one component, or a disc and",
        ),
        ("galaxies", [1, 2], "galaxies: expected a mapping of keys, found [1, 2]"),
        ("psf.moffat.beta", 1.0, "psf.moffat.beta: expected values from 1.5 to 10"),
        ("signal_to_noise", {"above": 50}, "signal_to_noise.within: expected a number from 0.001 to 1000, but the key"),
        ("split", {"train": 0.7, "test": 0.2}, "split: expected fractions of train, validation and test that add to 1"),
        ("parameters", [], "parameters: expected a list out of bulge_to_total, effective_radius, "),
        ("telescope", "Subaru", "telescope: expected one of the keys band, centre, flux, galaxies, image, magnitude, "),
    ],
)
def test_error_has_the_key_what_was_expected_and_what_was_found(path, value, message):
    with pytest.raises(RecipeError) as caught:
        load_recipe(changed_recipe(path, value))
    assert str(caught.value).startswith(f"recipe: {message}")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("colour", "found 'colour'; correct its name or remove it"),
        (3, "found 3; correct its name or remove it"),
        (
            "eta1",
            "found 'eta1'; it follows from axis_ratio and position_angle in the catalogue: remove it, and train with",
        ),
    ],
)
def test_parameters_that_catalogues_do_not_hold_are_refused(name, advice):
    with pytest.raises(RecipeError) as caught:
        load_recipe(toy_recipe(parameters=["magnitude", name]))
    message = str(caught.value)
    assert message.startswith("recipe: parameters: expected a list out of bulge_to_total, effective_radius, ")
    assert advice in message


def test_file_and_its_content_are_in_the_error(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("image: {size: 32")
    with pytest.raises(RecipeError, match=r"mine\.yaml: not YAML"):
        load_recipe(path)
    path.write_text("- 1\n- 2\n")
    with pytest.raises(RecipeError, match=r"mine\.yaml: expected a mapping of keys, found \[1, 2\]"):
        load_recipe(path)
    with pytest.raises(FileNotFoundError, match="no data recipe named 'nowhere'.*hsc_wide_g"):
        load_recipe("nowhere")
    with pytest.raises(FileNotFoundError, match=r"other\.yaml: no such file; give the path of a recipe, or the name"):
        load_recipe(tmp_path / "other.yaml")


def test_what_is_no_recipe_is_a_type_error():
    with pytest.raises(TypeError, match="recipe: expected a name, the path of a YAML file, .*, found int"):
        load_recipe(3)


def test_a_recipe_on_a_base_replaces_whole_keys(tmp_path):
    (tmp_path / "first.yaml").write_text(yaml.safe_dump(toy_recipe()))
    (tmp_path / "second.yaml").write_text("base: first.yaml\nname: second\nnoise: {gaussian: {sigma: 5.0}}\n")
    (tmp_path / "third.yaml").write_text("base: second.yaml\nname: third\nband: g\n")
    recipe = load_recipe(tmp_path / "third.yaml")
    assert (recipe.name, recipe.band) == ("third", "g")
    assert recipe.noise["sigma"].arguments == (5.0,)
    assert recipe.brightness.arguments == (18.0, 20.0)
    shipped = load_recipe({"base": "hsc_wide_g", "name": "deep", "noise": {"gaussian": {"sigma": 1.0}}})
    assert {**shipped.document, "name": None, "noise": None} == {
        **load_recipe("hsc_wide_g").document,
        "name": None,
        "noise": None,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base: hsc_wide_g\n", "name: expected a name of its own beside the base, but the key is missing; add it"),
        (
            "base: nowhere\nname: mine\n",
            "base: expected the name of a recipe that ships or the path of a YAML file, found 'nowhere'; no data "
            "recipe named 'nowhere' ships with gampen_tf; there are: ",
        ),
        (
            "base: other.yaml\nname: mine\n",
            "base: expected the name of a recipe that ships or the path of a YAML file, found 'other.yaml'; ",
        ),
        ("base: {name: hsc_wide_g}\nname: mine\n", "base: expected text, found {'name': 'hsc_wide_g'}"),
        (
            "base: mine.yaml\nname: mine\n",
            "base: expected a recipe that does not start from this one, found 'mine.yaml'",
        ),
    ],
)
def test_a_base_that_cannot_be_used_is_in_the_error(tmp_path, text, message):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(RecipeError) as caught:
        load_recipe(tmp_path / "mine.yaml")
    assert str(caught.value).startswith(f"{tmp_path / 'mine.yaml'}: {message}")


def test_two_recipes_cannot_be_the_base_of_each_other(tmp_path):
    (tmp_path / "first.yaml").write_text("base: second.yaml\nname: first\n")
    (tmp_path / "second.yaml").write_text("base: first.yaml\nname: second\n")
    with pytest.raises(RecipeError, match=r"second\.yaml: base: expected a recipe that does not start from this one"):
        load_recipe(tmp_path / "first.yaml")


@pytest.mark.parametrize("key", ["magnitude", "flux"])
def test_a_brightness_of_ones_own_replaces_that_of_the_base_whichever_it_is(key):
    recipe = load_recipe({"base": "hsc_wide_g", "name": "mine", key: {"uniform": [20, 21]}})
    assert recipe.brightness_is == key
    assert recipe.brightness.support == (20, 21)
