"""PSFs, noise and masks as they are given: arrays, files, columns of the table of images."""

import numpy as np
import pandas
import pytest
from astropy.io import fits
from astropy.table import MaskedColumn, Table

from gampen_tf.data.map_files import MapFiles
from gampen_tf.inference.given_maps import given_map

STAMPS = np.random.default_rng(2).random((3, 5, 5))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "psfs").mkdir()
    for row, stamp in enumerate(STAMPS):
        fits.writeto(tmp_path / "psfs" / f"{row}.fits", stamp)
    fits.writeto(tmp_path / "cube.fits", STAMPS)
    fits.writeto(tmp_path / "mask.fits", (STAMPS[0] > 0.5).astype(np.int16))
    return tmp_path


def test_a_path_is_read(folder):
    np.testing.assert_array_equal(given_map("psf", folder / "psfs" / "1.fits", None), STAMPS[1])
    np.testing.assert_array_equal(given_map("noise", str(folder / "cube.fits"), None), STAMPS)
    mask = given_map("mask", folder / "mask.fits", None)
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask, STAMPS[0] > 0.5)


def test_numbers_and_arrays_are_as_they_were():
    for given in (1.5, STAMPS, [1.0, 2.0], [STAMPS[0], None]):
        assert given_map("noise", given, None) is given


def test_a_list_with_paths_is_read_when_it_is_due(folder):
    files = given_map("psf", [folder / "psfs" / "0.fits", None, STAMPS[2]], None)
    assert isinstance(files, MapFiles)
    np.testing.assert_array_equal(files[0], STAMPS[0])
    assert files[1] is None
    np.testing.assert_array_equal(files[2], STAMPS[2])


def test_columns_hold_numbers_paths_or_arrays(folder):
    table = Table({"path": ["a.fits", "b.fits", "c.fits"], "sky": [1.0, 2.0, 3.0], "stamp": STAMPS})
    paths = [f"psfs/{row}.fits" for row in range(3)]
    table["psf"] = MaskedColumn(paths, mask=[False, True, False])
    np.testing.assert_array_equal(given_map("noise", "sky", table), [1, 2, 3])
    np.testing.assert_array_equal(given_map("psf", "stamp", table), STAMPS)
    table.remove_column("stamp")
    for name in ("table.csv", "table.fits"):
        table.write(folder / name)
    frame = pandas.DataFrame({"psf": [str(folder / paths[0]), None, str(folder / paths[2])]})
    frame["arrays"] = list(STAMPS)
    for images in (str(folder / "table.csv"), folder / "table.fits", frame):
        files = given_map("psf", "psf", images)
        np.testing.assert_array_equal(files[0], STAMPS[0])
        np.testing.assert_array_equal(files[2], STAMPS[2])
        assert files[1] is None
    np.testing.assert_array_equal(np.asarray(given_map("psf", "arrays", frame)), STAMPS)


def test_a_text_that_is_neither_is_an_error(folder):
    table = Table({"path": ["a.fits"], "sky": [1.0]})
    with pytest.raises(ValueError, match="noise: no file 'rms'; expected a FITS file, or a column .*: path, sky"):
        given_map("noise", "rms", table)
    with pytest.raises(ValueError, match="psf: no file 'psf.fits'; expected a FITS file, or an array"):
        given_map("psf", "psf.fits", STAMPS)
    (folder / "text.fits").write_text("no image")
    with pytest.raises(ValueError, match=r"mask: .*text\.fits: not a readable FITS image"):
        given_map("mask", folder / "text.fits", STAMPS)
