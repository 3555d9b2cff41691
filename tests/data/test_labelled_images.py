"""Splits, true values and description of labelled images."""

import numpy as np
import pytest
from memory_data import MemoryDataSet
from toy_simulations import make

from gampen_tf.core import conformal_shear
from gampen_tf.data import JoinedDataSet


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    return make(tmp_path_factory.mktemp("data") / "shards", "shards")


def test_some_of_a_split_are_spread_over_it(shards):
    whole = shards.split("train")
    some = shards.split("train", 7)
    assert len(np.unique(some)) == 7
    assert set(some) <= set(whole)
    assert np.ptp(np.searchsorted(whole, some)) >= 6 * (len(whole) // 7)
    np.testing.assert_array_equal(shards.split("train", 10**6), whole)


def test_true_values_are_columns_or_follow_from_them(shards):
    shear = shards.truth(["magnitude", "eta2", "eta1"])
    expected = conformal_shear(shards.truth(["axis_ratio"])[:, 0], shards.truth(["position_angle"])[:, 0])
    np.testing.assert_array_equal(shear[:, 0], shards.catalogue["magnitude"])
    np.testing.assert_allclose(shear[:, [2, 1]].T, expected)
    assert shards.knows("eta1")
    assert not shards.knows("eta3")
    with pytest.raises(KeyError, match="no column 'eta3' in the catalogue; there are: index.*, eta1, eta2"):
        shards.truth(["eta3"])


def test_what_networks_take_beside_images_comes_by_name(shards):
    rows = np.array([3, 40, 7])
    found = shards.beside(("noise", "psf"), rows)
    assert list(found) == ["noise", "psf"]
    np.testing.assert_allclose(found["noise"][:, 0], shards.catalogue["noise_sigma"][rows], rtol=1e-6)
    stamps = shards.psfs(rows).astype(float)
    np.testing.assert_allclose(found["psf"][..., 0], stamps / stamps.sum(axis=(1, 2), keepdims=True), rtol=1e-6)
    assert shards.beside((), rows) == {}


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("kind", "a", "no column 'noise_sigma' in the catalogue; add one, in the unit of the images"),
        ("noise_file", "sky", "its recipe takes the noise from files, whose level is not known"),
        ("noise_sigma", np.nan, "noise_sigma of 3 of 3 images is not a positive number"),
    ],
)
def test_noise_that_is_not_known_is_told(column, value, message):
    data = MemoryDataSet(np.ones((3, 9, 9, 1)), {column: [value] * 3})
    assert not data.holds_noise
    with pytest.raises(ValueError, match=message):
        data.beside(["noise"])
    assert MemoryDataSet(np.ones((3, 9, 9, 1)), {"noise_sigma": [1.0] * 3}).holds_noise


def test_true_values_are_those_of_the_recipes_parameters_by_default(shards):
    assert [entry["name"] for entry in shards.parameters] == ["magnitude", "effective_radius", "sersic_index"]
    np.testing.assert_array_equal(shards.truth(), shards.truth(["magnitude", "effective_radius", "sersic_index"]))


def test_description_is_that_of_the_recipe(shards):
    assert (shards.pixel_scale, shards.pixel_unit, shards.zero_point, shards.band) == (0.2, "nJy", 31.4, "r")
    assert (shards.psf_shape, shards.format, shards.seed, shards.recipe_name) == ((15, 15), "shards", 3, "toy")
    assert shards.recipe["name"] == "toy"
    assert shards.provenance["n_images"] == 50
    assert repr(shards).startswith("<DataSet toy, seed 3: 50 images (")


def test_description_of_joined_sets_names_all_parts(shards, tmp_path):
    other = make(tmp_path, "shards", n_images=20, name="other")
    joined = JoinedDataSet([shards, other])
    account = joined.provenance
    assert (account["recipe_name"], account["seed"], account["n_images"]) == ("toy + other", [3, 3], 70)
    assert account["recipe_sha256"] == [shards.provenance["recipe_sha256"], other.provenance["recipe_sha256"]]
