"""The choice of one band of a cube, or of a file of an image for each band."""

import numpy as np
import pytest
from astropy.io import fits
from toy_images import hdu_list, header_of, image_of, read, write_fits

from gampen_tf.core import Flag
from gampen_tf.data.bands import band_names

CUBE = np.stack([image_of(seed) for seed in range(3)])


def test_names_of_bands_in_their_order():
    assert band_names("grz") == ("g", "r", "z")
    assert band_names("g, r,z") == ("g", "r", "z")
    assert band_names("F814W") == ("F814W",)
    assert band_names(["F606W", "F814W"]) == ("F606W", "F814W")
    assert band_names(None) is None
    with pytest.raises(TypeError, match="bands: expected names in their order"):
        band_names([1, 2])


@pytest.mark.parametrize("cards", [{"BANDS": "grz"}, {"BAND0": "g", "BAND1": "r", "BAND2": "z"}, {}])
def test_a_band_of_a_cube_by_its_name(tmp_path, cards):
    path = write_fits(tmp_path / "cube.fits", CUBE, header_of(**cards))
    bands = None if cards else "grz"
    for index, band in enumerate("grz"):
        np.testing.assert_array_equal(read(path, band=band, bands=bands)[0][0, ..., 0], CUBE[index])
    one = write_fits(tmp_path / "one.fits", CUBE[:1])
    np.testing.assert_array_equal(read([path, one], band="r", bands=bands)[0][..., 0], CUBE[[1, 0]])


def test_a_cube_without_a_choice_tells_how_to_choose(tmp_path):
    listed = write_fits(tmp_path / "listed.fits", CUBE, header_of(BANDS="grz"))
    silent = write_fits(tmp_path / "silent.fits", CUBE)
    for path, given, message in (
        (listed, {}, r"a cube of 3 bands \(g, r, z\), and the model takes one: choose it, band='g'"),
        (silent, {}, r"a cube of 3 bands, and the model takes one: .*band='r' with their order, bands='grz'"),
        (silent, {"band": "r"}, "whose header does not list them: give their order, for example bands='grz'"),
        (silent, {"band": "r", "bands": "gr"}, "a cube of 3 bands, and bands names 2; name all"),
        (listed, {"band": "i"}, "no band 'i' in the cube; there are g, r, z"),
    ):
        with pytest.raises(ValueError, match=message):
            read(path, **given)
    assert read([silent], check=False)[1][0] == Flag.WRONG_SHAPE
    with pytest.raises(ValueError, match="give of an array one band alone"):
        read(np.stack([CUBE, CUBE]).transpose(0, 2, 3, 1))


def test_a_band_of_a_file_of_an_image_for_each(tmp_path):
    named, told = tmp_path / "named.fits", tmp_path / "told.fits"
    hdu_list(*(fits.ImageHDU(CUBE[i], header_of(BUNIT="adu"), name=f"IMAGE_{b}") for i, b in enumerate("GRZ"))).writeto(
        named
    )
    hdu_list(*(fits.ImageHDU(CUBE[i], header_of(BUNIT="adu", FILTER=f"HSC-{b}")) for i, b in enumerate("GRZ"))).writeto(
        told
    )
    for path in (named, told):
        np.testing.assert_allclose(read(path, band="r")[0][0, ..., 0], 57.543994 * CUBE[1], rtol=1e-5)
        flags, reasons = read(path, band="y")[1:]
        assert flags[0] == Flag.UNREADABLE
        assert "none is named SCI or IMAGE or of band 'y' alone" in reasons[0]
