"""Data sets on disk: both forms read alike, splits, records."""

import json

import numpy as np
import pytest
from toy_recipes import toy_recipe
from toy_simulations import PSF, make

from gampen_tf import open_dataset
from gampen_tf.simulation import draw, simulate


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    return make(tmp_path_factory.mktemp("data") / "shards", "shards")


@pytest.fixture(scope="module")
def cutouts(tmp_path_factory):
    return make(tmp_path_factory.mktemp("data") / "cutouts", "fits")


def test_both_forms_hold_the_same(shards, cutouts):
    np.testing.assert_array_equal(shards.images(), cutouts.images())
    np.testing.assert_array_equal(shards.psfs(), cutouts.psfs())
    np.testing.assert_array_equal(shards.truth(), cutouts.truth())
    assert shards.images().shape == (50, 32, 32, 1)
    assert shards.psfs().shape == (50, 15, 15)
    assert shards.images().dtype == np.float32
    for name in ("train", "validation", "test"):
        np.testing.assert_array_equal(shards.split(name), cutouts.split(name))


@pytest.mark.parametrize("fixture", ["shards", "cutouts"])
def test_rows_come_in_the_order_asked_for(fixture, request):
    data = request.getfixturevalue(fixture)
    wanted = [7, 3, 3, -1, 30]
    images, catalogue = draw(toy_recipe(psf=PSF), 3, [7, 3, 3, 49, 30])
    np.testing.assert_array_equal(data.images(wanted), images)
    np.testing.assert_allclose(data.truth(["flux"])[[7, 3, 3, 49, 30], 0], catalogue["flux"])
    np.testing.assert_array_equal(data.psfs(wanted), data.psfs()[[7, 3, 3, 49, 30]])
    mask = np.arange(50) % 20 == 0
    np.testing.assert_array_equal(data.images(mask), data.images([0, 20, 40]))
    assert data.images([]).shape == (0, 32, 32, 1)
    with pytest.raises(IndexError, match="indices of 50 images, found 3 to 50"):
        data.images([3, 50])


def test_shards_are_plain_records_of_one_split_each(shards):
    assert sorted(np.concatenate([rows for _, rows in shards.shards()])) == list(range(50))
    for name, share in (("train", 0.6), ("validation", 0.2), ("test", 0.2)):
        rows = np.concatenate([rows for _, rows in shards.shards(name)])
        np.testing.assert_array_equal(rows, shards.split(name))
        assert abs(len(rows) / 50 - share) < 0.05
    path, rows = shards.shards("test")[0]
    records = np.fromfile(path, dtype="<f4").reshape(-1, 32, 32, 1)
    np.testing.assert_array_equal(records, shards.images(rows))
    assert shards.shard_paths("test")[0] == path


def test_cutouts_can_be_read_as_a_users_own(cutouts):
    from gampen_tf.data import ImageSpec, read_cutouts

    paths = [str(cutouts.path / name) for name in cutouts.catalogue["file"][:6]]
    read = read_cutouts(paths, ImageSpec((32, 32, 1), 0.2))
    images, flags, _ = next(iter(read.batches(6)))
    np.testing.assert_array_equal(images, cutouts.images(range(6)))
    assert not flags.any()


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no dataset\.json"):
        open_dataset(tmp_path)
    data = make(tmp_path, "shards")
    (tmp_path / "shards" / "psf-00003.f32").unlink()
    with pytest.raises(FileNotFoundError, match=r"1 files are missing.* the first is shards/psf-00003\.f32"):
        open_dataset(tmp_path)
    make(tmp_path, "shards")
    np.testing.assert_array_equal(open_dataset(tmp_path).psfs(), data.psfs())
    (tmp_path / "catalogue.fits").unlink()
    with pytest.raises(FileNotFoundError, match=r"no catalogue\.fits"):
        open_dataset(tmp_path)
    metadata = json.loads((tmp_path / "dataset.json").read_text())
    (tmp_path / "dataset.json").write_text(json.dumps({**metadata, "format_version": 99}))
    with pytest.raises(ValueError, match="format version 99, this gampen_tf reads up to 1"):
        open_dataset(tmp_path)


def test_what_is_asked_for_wrongly_is_said(shards, cutouts, tmp_path):
    with pytest.raises(KeyError, match="no column 'colour' in the catalogue; there are: index"):
        shards.truth(["colour"])
    with pytest.raises(ValueError, match="'test' or 'all', found 'training'"):
        shards.split("training")
    with pytest.raises(ValueError, match="simulate with format='shards'"):
        cutouts.shards()
    plain = make(tmp_path, "shards", psf=toy_recipe()["psf"], n_images=2)
    with pytest.raises(ValueError, match=r"holds no PSF images; simulate from a recipe with psf\.image_size"):
        plain.psfs()


def test_the_recipe_on_record_draws_the_same_again(tmp_path):
    data = simulate("hsc_wide_g_crowded", tmp_path, n_images=3, seed=4, workers=1, progress_bar=False)
    images, catalogue = draw(open_dataset(tmp_path).recipe, 4, [2])
    np.testing.assert_array_equal(images, data.images([2]))
    np.testing.assert_allclose(catalogue["effective_radius"], data.truth(["effective_radius"])[2])
