"""A checked recipe: its units, and the hash of its content."""

import copy

import numpy as np
import pytest
import yaml
from astropy import units
from astropy.io import fits
from toy_recipes import toy_recipe

from gampen_tf.simulation import load_recipe

COUNTS = {"size": 32, "pixel_scale": 0.2, "unit": "count", "zero_point": 27.0}


@pytest.mark.parametrize("magnitude", [18.0, 25.3])
def test_flux_of_a_magnitude_is_astropys(magnitude):
    recipe = load_recipe(toy_recipe())
    assert recipe.flux_of(magnitude) == pytest.approx((magnitude * units.ABmag).to_value(units.nJy), rel=1e-4)
    # 31.4 in place of 31.40006, that 3631 Jy is magnitude 0


def test_zero_point_is_the_magnitude_of_one_pixel_unit():
    counts, nanojansky = load_recipe(toy_recipe(image=COUNTS)), load_recipe(toy_recipe())
    assert counts.flux_of(27.0) == 1
    assert (counts.nanojansky, nanojansky.nanojansky) == pytest.approx((10 ** (0.4 * 4.4), 1))
    for magnitude in (15.0, 24.0):
        assert counts.flux_of(magnitude) * counts.nanojansky == pytest.approx(nanojansky.flux_of(magnitude))


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


def test_hash_is_that_of_the_content_not_of_its_layout(tmp_path):
    document = toy_recipe()
    for name, options in (("flow", {"default_flow_style": True}), ("block", {"indent": 6, "sort_keys": False})):
        (tmp_path / f"{name}.yaml").write_text("# a comment\n" + yaml.safe_dump(document, **options))
        assert load_recipe(tmp_path / f"{name}.yaml").sha256 == load_recipe(document).sha256
    assert load_recipe(toy_recipe(band="g")).sha256 != load_recipe(document).sha256


def test_hash_covers_the_files_that_the_recipe_names(tmp_path):
    fits.writeto(tmp_path / "psf.fits", np.eye(5))
    document = toy_recipe(psf={"files": "psf.fits"})
    before = load_recipe(document, folder=tmp_path).sha256
    assert load_recipe(copy.deepcopy(document), folder=tmp_path).sha256 == before
    fits.writeto(tmp_path / "psf.fits", np.eye(5) + 1, overwrite=True)
    assert load_recipe(document, folder=tmp_path).sha256 != before
