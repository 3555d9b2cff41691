"""Keywords of surveys."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from toy_images import EXPECTED, hdu_list, header_of, image_of, read, write_fits

from gampen_tf.core import Flag
from gampen_tf.data import HeaderDialect
from gampen_tf.data.dialects import DIALECTS, GENERIC, HST, JWST, LEGACY, LSST, SDSS, dialect_of

KIDS = HeaderDialect(
    "kids",
    marks=("ESO ",),
    zero_points=("ZP_AB",),
    pixel_scales=("SCALE",),
    saturations=("SATLEVEL",),
    science=("COADD",),
    masks=("FLAGS",),
)


def kids_header(**cards):
    return fits.Header({"ZP_AB": 27.0, "MAGZERO": 0.5, "SCALE": 0.168, **cards})


def test_a_header_shows_its_dialect_by_its_marks():
    assert dialect_of(fits.Header({"HIERARCH MP_BAD": 0})) is LSST
    assert dialect_of(fits.Header({"MAGZERO": 27.0})) is GENERIC
    assert dialect_of({}) is GENERIC
    assert dialect_of({"TELESCOP": "HST", "INSTRUME": "ACS"}) is HST
    assert dialect_of({"TELESCOP": "JWST"}) is JWST
    assert dialect_of({"SURVEY": "LegacySurvey"}) is LEGACY
    assert dialect_of({}, ["INVVAR", "MASKBITS"]) is LEGACY
    assert dialect_of({"NMGY": 0.005}) is SDSS
    assert dialect_of({"INSTRUME": "ACS"}) is GENERIC


def test_a_chosen_dialect_reads_its_own_keywords(tmp_path):
    path = write_fits(tmp_path / "a.fits", image_of(0), kids_header())
    np.testing.assert_allclose(read(path, dialect=KIDS)[0][0, ..., 0], 57.543994 * EXPECTED[0], rtol=1e-6)
    assert read(path, check=False)[1][0] == Flag.WRONG_PIXEL_SCALE  # SCALE is no keyword of the generic dialect
    header = kids_header(SATLEVEL=float(image_of(0).max()))
    path = write_fits(tmp_path / "b.fits", image_of(0), header)
    assert read(path, dialect=KIDS)[1][0] == Flag.SATURATED_PIXELS


def test_a_dialect_among_the_known_ones_is_recognised(tmp_path, monkeypatch):
    # a dict keeps the order: those with marks are asked before the generic one answers for all
    monkeypatch.setitem(DIALECTS, "kids", KIDS)
    header = kids_header()
    header["HIERARCH ESO TEL NAME"] = "VST"
    path = write_fits(tmp_path / "a.fits", image_of(0), header)
    np.testing.assert_allclose(read(path)[0][0, ..., 0], 57.543994 * EXPECTED[0], rtol=1e-6)
    np.testing.assert_array_equal(read(path)[0], read(path, dialect="kids")[0])


def test_a_dialect_names_extensions(tmp_path):
    mask = np.zeros((9, 9), np.int16)
    mask[4, 4] = 1
    hdu_list(
        fits.ImageHDU(image_of(1), kids_header(), name="SCI"),
        fits.ImageHDU(image_of(0), kids_header(), name="COADD"),
        fits.ImageHDU(mask, name="FLAGS"),
    ).writeto(tmp_path / "a.fits")
    assert read(tmp_path / "a.fits", dialect=KIDS)[1][0] == Flag.MASKED_PIXELS
    found = read(tmp_path / "a.fits", dialect=KIDS, bad_bits=0)[0]
    np.testing.assert_allclose(found[0, ..., 0], 57.543994 * EXPECTED[0], rtol=1e-6)


def test_planes_of_a_mask_are_those_of_the_dialect(tmp_path):
    mask = np.zeros((9, 9), np.int16)
    mask[4, 4] = 1 << 3
    planes = fits.Header()
    planes["HIERARCH MP_BAD"], planes["HIERARCH MP_CR"] = 0, 3
    image = fits.ImageHDU(image_of(0), header_of(), name="IMAGE")
    path = tmp_path / "a.fits"
    fits.HDUList([fits.PrimaryHDU(), image, fits.ImageHDU(mask, planes, name="MASK")]).writeto(path)
    assert read(path)[1][0] == 0
    strict = replace(LSST, bad_planes=("MP_BAD", "MP_CR"))
    assert read(path, dialect=strict)[1][0] == Flag.MASKED_PIXELS
    assert read(path, dialect="generic")[1][0] == Flag.MASKED_PIXELS


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("zero_points", "ZP_AB", r"a tuple of strings, such as \('KEYWORD',\), found 'ZP_AB'"),
        ("marks", ["ESO "], r"a tuple of strings, such as \('KEYWORD',\), found \['ESO '\]"),
        ("masks", ("FLAGS", 2), r"a tuple of strings, such as \('KEYWORD',\), found \('FLAGS', 2\)"),
        (
            "inverse_sensitivities",
            ("PHOTFLAM", "PHOTPLAM"),
            r"a tuple of pairs of strings, such as .*, found \('PHOTFLAM'",
        ),
        ("plane_prefix", ("MP_",), r"a string, found \('MP_',\)"),
        ("name", None, "a string, found None"),
        ("bad_bits", "64", "a sum of powers of 2, found '64'"),
    ],
)
def test_a_wrong_member_is_in_the_error(member, value, message):
    with pytest.raises(TypeError, match=rf"^HeaderDialect\.{member}: expected {message}"):
        HeaderDialect(**{"name": "kids", member: value})


def test_an_unknown_dialect_is_an_error_that_lists_them():
    with pytest.raises(
        ValueError, match="no dialect 'klingon' of headers; there are lsst, hsc, hst, jwst, sdss, legacy, kids, generic"
    ):
        read(EXPECTED, dialect="klingon")
