"""Data sets: both forms read alike, headers, splits, records, joining."""

import json

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from toy_recipes import toy_recipe

from gampen_tf.data import JoinedDataSet, open_dataset
from gampen_tf.simulation import draw, simulate

PSF = {
    "moffat": {"beta": 3.0, "fwhm": {"uniform": [0.6, 0.9]}, "axis_ratio": 0.95, "position_angle": 0},
    "image_size": 15,
}


def make(folder, form, n_images=50, **changes):
    recipe = toy_recipe(**{"psf": PSF, **changes})
    return simulate(recipe, folder, n_images=n_images, seed=3, workers=1, format=form, progress_bar=False)


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    return make(tmp_path_factory.mktemp("data") / "shards", "shards")


@pytest.fixture(scope="module")
def cutouts(tmp_path_factory):
    return make(tmp_path_factory.mktemp("data") / "cutouts", "fits")


def test_both_forms_hold_the_same(shards, cutouts):
    np.testing.assert_array_equal(shards.images(), cutouts.images())
    np.testing.assert_array_equal(shards.psfs(), cutouts.psfs())
    np.testing.assert_array_equal(shards.labels(), cutouts.labels())
    assert shards.images().shape == (50, 32, 32, 1)
    assert shards.psfs().shape == (50, 15, 15)
    assert shards.images().dtype == np.float32
    for name in ("train", "validation", "test"):
        np.testing.assert_array_equal(shards.split(name), cutouts.split(name))


@pytest.mark.parametrize("form", ["shards", "cutouts"])
def test_rows_come_in_the_order_asked_for(form, request):
    data = request.getfixturevalue(form)
    wanted = [7, 3, 3, -1, 30]
    images, catalogue = draw(toy_recipe(psf=PSF), 3, [7, 3, 3, 49, 30])
    np.testing.assert_array_equal(data.images(wanted), images)
    np.testing.assert_allclose(data.labels(["flux"])[[7, 3, 3, 49, 30], 0], catalogue["flux"])
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


def test_header_says_where_north_is_and_what_a_pixel_holds(cutouts):
    header = fits.getheader(cutouts.path / cutouts.catalogue["file"][4])
    wcs = WCS(header)
    np.testing.assert_allclose(proj_plane_pixel_scales(wcs) * 3600, 0.2)
    centre = wcs.pixel_to_world(15.5, 15.5)  # even frame: between pixels
    assert centre.separation(type(centre)(0 * units.deg, 0 * units.deg)).arcsec < 1e-6
    left, up = wcs.pixel_to_world(10.5, 15.5), wcs.pixel_to_world(15.5, 20.5)
    east, north = centre.spherical_offsets_to(left)
    assert (east.arcsec, north.arcsec) == pytest.approx((1.0, 0.0), abs=1e-6)
    east, north = centre.spherical_offsets_to(up)
    assert (east.arcsec, north.arcsec) == pytest.approx((0.0, 1.0), abs=1e-6)
    assert (header["BUNIT"], header["MAGZERO"], header["FILTER"]) == ("nJy", 31.4, "r")
    assert units.Unit(header["BUNIT"]) == units.nJy
    assert (header["RECIPE"], header["SEED"], header["INDEX"]) == ("toy", 3, 4)


def test_cutouts_can_be_read_as_a_users_own(cutouts):
    from gampen_tf.data import read_cutouts

    paths = [str(cutouts.path / name) for name in cutouts.catalogue["file"][:6]]
    read = read_cutouts(paths, image_shape=(32, 32, 1), pixel_scale=0.2, pixel_unit="nJy", zero_point=31.4)
    images, flags, _ = next(iter(read.batches(6)))
    np.testing.assert_array_equal(images, cutouts.images(range(6)))
    assert not flags.any()


def test_another_pixel_unit_gives_the_same_fluxes_in_nanojansky(tmp_path):
    # Counts at zero point 27: a pixel unit is 10^{0.4 · 4.4} nJy.
    factor = 10 ** (0.4 * (31.4 - 27.0))
    image = {"size": 32, "pixel_scale": 0.2, "unit": "count", "zero_point": 27.0}
    noise = {"gaussian": {"sigma": 2.0 / factor}}
    counts = make(tmp_path / "counts", "fits", n_images=3, image=image, noise=noise)
    nanojansky = make(tmp_path / "nanojansky", "fits", n_images=3)
    np.testing.assert_allclose(counts.images() * factor, nanojansky.images(), rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(counts.labels(["flux", "magnitude"]), nanojansky.labels(["flux", "magnitude"]))
    assert counts.catalogue["flux"].unit == counts.catalogue["sersic_flux"].unit == units.nJy
    assert counts.catalogue["noise_sigma"].unit == units.count
    np.testing.assert_allclose(counts.catalogue["noise_sigma"], 2.0 / factor)


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
    with pytest.raises(ValueError, match="format version 99, but this gampen_tf reads up to 1"):
        open_dataset(tmp_path)


def test_what_is_asked_for_wrongly_is_said(shards, cutouts, tmp_path):
    with pytest.raises(KeyError, match="no column 'colour' in the catalogue; there are: index"):
        shards.labels(["colour"])
    with pytest.raises(ValueError, match="'test' or 'all', found 'training'"):
        shards.split("training")
    with pytest.raises(ValueError, match="simulate with format='shards'"):
        cutouts.shards()
    plain = make(tmp_path, "shards", psf=toy_recipe()["psf"], n_images=2)
    with pytest.raises(ValueError, match=r"holds no PSF images; simulate from a recipe with psf\.image_size"):
        plain.psfs()


def test_the_recipe_on_record_draws_the_same_again(tmp_path):
    data = simulate("hsc_wide_g_crowded", tmp_path, n_images=3, seed=4, workers=1, progress_bar=False)
    images, catalogue = draw(open_dataset(tmp_path).metadata["recipe"], 4, [2])
    np.testing.assert_array_equal(images, data.images([2]))
    np.testing.assert_allclose(catalogue["effective_radius"], data.labels(["effective_radius"])[2])


def test_joined_data_sets_are_one(shards, tmp_path):
    other = make(tmp_path, "shards", n_images=20, name="other", noise={"gaussian": {"sigma": 5.0}})
    joined = JoinedDataSet([shards, other])
    assert len(joined) == 70
    np.testing.assert_array_equal(
        joined.images([60, 3, -1]), np.concatenate([other.images([10]), shards.images([3]), other.images([19])])
    )
    np.testing.assert_array_equal(joined.psfs([50]), other.psfs([0]))
    np.testing.assert_array_equal(joined.labels(), np.concatenate([shards.labels(), other.labels()]))
    np.testing.assert_array_equal(np.concatenate([rows for _, rows in joined.shards("test")]), joined.split("test"))
    np.testing.assert_array_equal(np.concatenate([rows for _, rows in joined.shards("all")]), joined.split("all"))
    with pytest.raises(IndexError, match="70 images"):
        joined.images([70])


def test_joined_data_sets_must_agree(shards, tmp_path):
    other = make(tmp_path, "shards", n_images=3, band="g")
    with pytest.raises(ValueError, match="differ in band cannot be joined: r in .*, g in"):
        JoinedDataSet([shards, other])


def test_some_of_a_split_are_spread_over_it(shards):
    whole = shards.split("train")
    some = shards.split("train", 7)
    assert len(np.unique(some)) == 7
    assert set(some) <= set(whole)
    assert np.ptp(np.searchsorted(whole, some)) >= 6 * (len(whole) // 7)
    np.testing.assert_array_equal(shards.split("train", 10**6), whole)
