"""Sources opened for a model: one result whatever the source, and nothing read before it is due."""

import h5py
import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.nddata import CCDData
from astropy.table import Table
from toy_images import header_of, image_of, opened, read, write_fits

from gampen_tf.core import Flag
from gampen_tf.data import RawImage

IMAGE = image_of(3)


def sources(folder):
    """The same image in µJy, in one kind of source after the other."""
    path = write_fits(folder / "a.fits", IMAGE / 1000, header_of(BUNIT="uJy"))
    yield path
    yield folder / "a.fits[0]"
    yield folder / "*.fits"
    yield [path]
    yield Table({"path": [path]})
    yield u.Quantity(IMAGE / 1000, "uJy")
    yield CCDData(IMAGE / 1000, unit="uJy")
    yield fits.PrimaryHDU(IMAGE / 1000, header_of(BUNIT="uJy"))
    with h5py.File(folder / "a.h5", "w") as file:
        file["images"] = IMAGE[None] / 1000
        file["images"].attrs["unit"] = "uJy"
    yield folder / "a.h5"


def test_an_image_is_the_same_whatever_holds_it(tmp_path):
    n_sources = 0
    for source in sources(tmp_path):
        images, flags, reasons = read(source)
        np.testing.assert_allclose(images[..., 0], IMAGE[None], rtol=1e-6, err_msg=str(type(source)))
        assert (flags.tolist(), reasons) == ([0], [""])
        n_sources += 1
    assert n_sources == 9


@pytest.mark.parametrize("unit", ["uJy", u.uJy, "MJy/sr", u.MJy / u.sr])
def test_units_are_given_as_text_or_as_astropys(unit):
    area = (0.168 * u.arcsec) ** 2
    of_pixel = 1 * u.Unit(unit)
    factor = (of_pixel * area if u.Unit(unit) != u.uJy else of_pixel).to_value(u.nJy)
    np.testing.assert_allclose(read(IMAGE, unit=unit)[0][0, ..., 0], factor * IMAGE, rtol=1e-6)


def test_arguments_win_over_headers(tmp_path):
    path = write_fits(tmp_path / "a.fits", IMAGE, header_of(0.3, BUNIT="uJy", SATURATE=100.0, MAGZERO=23.9))
    images, flags, _ = read(path, unit="nJy", pixel_scale=0.168)
    np.testing.assert_array_equal(images[0, ..., 0], IMAGE)
    assert flags[0] == 0
    assert read(path, zero_point=23.9, pixel_scale=0.168, saturation=float(IMAGE.max()))[1][0] == Flag.SATURATED_PIXELS
    np.testing.assert_allclose(read(path, zero_point=28.9, pixel_scale=0.168)[0][0, ..., 0], 10 * IMAGE, rtol=1e-6)


@pytest.mark.parametrize("size", [4, 5, 8])
def test_padding_keeps_the_central_pixel_and_adds_zeros(size):
    image = np.ones((size, size), np.float32)
    image[size // 2, size // 2] = 5
    images, flags, _ = read(image, pad=True)
    assert images[0, 4, 4, 0] == 5
    assert images.sum() == size**2 + 4
    assert flags[0] == Flag.PADDED
    assert read(image, check=False)[1][0] == Flag.WRONG_SHAPE


class Counting:
    """A source that keeps which images were asked for."""

    names = tuple("abcdefgh")

    def __init__(self):
        self.asked = set()

    def __len__(self):
        return len(self.names)

    def read(self, start, stop):
        self.asked.update(range(start, stop))
        return [RawImage(IMAGE[..., None], unit="nJy", pixel_scale=(0.168, 0.168))] * (stop - start)


def test_nothing_is_read_before_its_batch_is_due():
    source = Counting()
    cutouts = opened(source, check=False)
    assert (len(cutouts), cutouts.names[7]) == (8, "h")
    assert source.asked == set()
    batches = cutouts.batches(2)
    next(batches)
    batches.close()
    assert {0, 1} <= source.asked <= {0, 1, 2, 3}  # the next batch while this one is used
    opened(source, check=True)
    assert 7 not in source.asked  # the first image is right: not all are wrong


def test_cutouts_that_are_open_are_not_images():
    with pytest.raises(TypeError, match="found Cutouts; give what those were opened from"):
        opened(opened(image_of(0)))
