"""Maps in files, each read when it is due."""

import numpy as np
import pytest
from astropy.io import fits

from gampen_tf.data import Refusal
from gampen_tf.data.map_files import MapFiles, read_map, read_mask, read_psf


@pytest.fixture
def stamps(tmp_path, rng):
    found = rng.random((3, 5, 5))
    for row, stamp in enumerate(found):
        fits.writeto(tmp_path / f"{row}.fits", stamp)
    return found


def test_each_row_is_read_when_it_is_asked_for(tmp_path, stamps):
    files = MapFiles([tmp_path / "0.fits", "1.fits", None, "", stamps[2], "3.fits"], read_map, tmp_path)
    assert (len(files), files.ndim) == (6, 3)
    np.testing.assert_array_equal(files[0], stamps[0])
    np.testing.assert_array_equal(files[1:][0], stamps[1])
    assert files[2] is None
    assert files[3] is None
    np.testing.assert_array_equal(files[3:][1], stamps[2])
    with pytest.raises(Refusal, match=r"3\.fits: no such file"):
        files[5]


def test_a_row_is_one_map(tmp_path, stamps):
    fits.writeto(tmp_path / "cube.fits", stamps)
    np.testing.assert_array_equal(read_psf(tmp_path / "cube.fits"), stamps)
    with pytest.raises(Refusal, match="expected one map of two axes, found shape \\(3, 5, 5\\)"):
        MapFiles([str(tmp_path / "cube.fits")], read_psf)[0]


def test_hdus_are_chosen_and_what_is_no_image_is_refused(tmp_path):
    path = tmp_path / "mef.fits"
    hdus = [fits.ImageHDU(np.full((2, 2), n), name=name) for n, name in enumerate(("IMAGE", "VARIANCE"))]
    table = fits.BinTableHDU.from_columns([fits.Column("a", "E", array=[1.0])])
    fits.HDUList([fits.PrimaryHDU(), *hdus, table]).writeto(path)
    assert read_map(f"{path}[VARIANCE]").tolist() == [[1, 1], [1, 1]]
    with pytest.raises(Refusal, match="no HDU 'PSF'; there are 0: PRIMARY, 1: IMAGE"):
        read_map(f"{path}[PSF]")
    (tmp_path / "text.fits").write_text("no image")
    with pytest.raises(Refusal, match=r"text\.fits: not a readable FITS image"):
        read_map(tmp_path / "text.fits")


def test_masks_are_what_is_not_zero_or_the_bad_planes(tmp_path):
    mask = np.array([[0, 1, 2, 32]], np.int16)
    fits.writeto(tmp_path / "plain.fits", mask)
    header = fits.Header({"HIERARCH MP_BAD": 0, "HIERARCH MP_SAT": 1, "HIERARCH MP_DETECTED": 5})
    fits.writeto(tmp_path / "planes.fits", mask, header)
    assert read_mask(tmp_path / "plain.fits").tolist() == [[False, True, True, True]]
    assert read_mask(tmp_path / "planes.fits").tolist() == [[False, True, True, False]]


def test_digests_tell_files_and_arrays_apart(tmp_path, stamps):
    digests = {
        MapFiles(items, read_map).digest()
        for items in (
            ["a.fits", "b.fits"],
            ["b.fits", "a.fits"],
            ["a.fits", None],
            [stamps[0], None],
            [stamps[1], None],
        )
    }
    assert len(digests) == 5
