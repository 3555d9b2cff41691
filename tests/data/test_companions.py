"""Masks, variances and weights beside an image in its file, as surveys give them."""

import numpy as np
import pytest
from astropy.io import fits
from toy_images import header_of, read

from gampen_tf.core import Flag
from gampen_tf.data import ImageSpec, read_cutouts
from gampen_tf.data.companions import marked_pixels
from gampen_tf.data.dialects import JWST, KIDS, LSST

SIDE = 21
LIGHT = np.random.default_rng(5).normal(10, 1, (SIDE, SIDE)).astype(np.float32)
FAR = (3, 4)  # a pixel far from the centre


def mef(path, *extensions, header=None, primary=None):
    """A file with the image as the extension SCI, and others as (name, pixels[, header])."""
    hdus = [fits.PrimaryHDU(header=fits.Header(primary or {}))]
    hdus.append(fits.ImageHDU(LIGHT, header_of() if header is None else header, name="SCI"))
    for name, pixels, *own in extensions:
        hdus.append(fits.ImageHDU(pixels, fits.Header(own[0]) if own else None, name=name))
    fits.HDUList(hdus).writeto(path)
    return str(path)


def marked(*pixels, kind=np.int32):
    """A mask whose bits are set in some pixels: (row, column, bits)."""
    mask = np.zeros((SIDE, SIDE), kind)
    for row, column, bits in pixels:
        mask[row, column] |= bits
    return mask


def raw_of(path, **options):
    """The image as it is in its file."""
    cutouts = read_cutouts(path, ImageSpec((SIDE, SIDE, 1), 0.168), check=False, **options)
    ((*_, raws),) = cutouts.batches(1, with_raws=True)
    return raws[0]


def lost(path, *, fills_masked=True, **options):
    """Pixels that are lost, (row, column), and the flag."""
    spec = ImageSpec((SIDE, SIDE, 1), 0.168, fills_masked=fills_masked)
    images, flags, _ = read_cutouts(path, spec, **options).read(0, None)
    return list(map(tuple, np.argwhere(np.isnan(images[0, ..., 0])).tolist())), flags[0]


PLANES = {"HIERARCH MP_BAD": 0, "HIERARCH MP_SAT": 1, "HIERARCH MP_CR": 3, "HIERARCH MP_DETECTED": 5}
PLANES |= {"HIERARCH MP_NO_DATA": 8, "HIERARCH MP_BRIGHT_OBJECT": 9}


@pytest.mark.parametrize("dialect", [None, "hsc", "lsst"])
def test_planes_of_hsc_by_their_names(tmp_path, dialect):
    bits = [1 << 0, 1 << 1, 1 << 3, 1 << 5, 1 << 8, 1 << 9]
    mask = marked(*((2, column, bit) for column, bit in enumerate(bits)))
    path = mef(tmp_path / "a.fits", ("MASK", mask, PLANES), ("VARIANCE", np.full((SIDE, SIDE), 4.0)))
    assert lost(path, dialect=dialect) == ([(2, 0), (2, 1), (2, 2), (2, 4), (2, 5)], Flag.FILLED_PIXELS)
    flag = lost(path, fills_masked=False, dialect=dialect)[1]
    assert flag == Flag.MASKED_PIXELS | Flag.SATURATED_PIXELS
    np.testing.assert_array_equal(raw_of(path, dialect=dialect).variance, 4.0)


def test_doubtful_pixels_stay_where_they_are_too_many_or_the_model_does_not_fill_them(tmp_path):
    star = np.full((SIDE, SIDE), 1 << 9, np.int32)
    star[FAR] |= 1
    path = mef(tmp_path / "halo.fits", ("MASK", star, PLANES))
    assert lost(path) == ([FAR], Flag.FILLED_PIXELS)
    ray = mef(tmp_path / "ray.fits", ("MASK", marked((5, 6, 1 << 3)), PLANES))
    assert lost(ray) == ([(5, 6)], Flag.FILLED_PIXELS)
    assert lost(ray, fills_masked=False) == ([], 0)
    # padded: of the whole frame
    small = ImageSpec((SIDE + 2, SIDE + 2, 1), 0.168, fills_masked=True)
    images, _, _ = read_cutouts(ray, small, pad=True).read(0, None)
    assert np.argwhere(np.isnan(images[0, ..., 0])).tolist() == [[6, 7]]


def test_bits_of_hst_and_jwst(tmp_path):
    quality = marked((1, 1, 4096), (1, 2, 256), (1, 3, 64))
    path = mef(tmp_path / "hst.fits", ("ERR", np.full((SIDE, SIDE), 3.0)), ("DQ", quality), primary={"TELESCOP": "HST"})
    assert lost(path)[0] == [(1, 1), (1, 2), (1, 3)]
    assert lost(path, fills_masked=False)[1] == Flag.MASKED_PIXELS | Flag.SATURATED_PIXELS
    np.testing.assert_array_equal(raw_of(path).variance, 9.0)
    warm = mef(tmp_path / "warm.fits", ("DQ", marked((1, 3, 64))), primary={"TELESCOP": "HST"})
    assert lost(warm, fills_masked=False) == ([], 0)
    quality = marked((1, 1, 1), (1, 2, 4), (1, 3, 2))  # do not use; jump; saturated for a part of the ramp
    path = mef(tmp_path / "jwst.fits", ("DQ", quality), primary={"TELESCOP": "JWST"})
    assert lost(path) == ([(1, 1)], Flag.FILLED_PIXELS)
    assert read(path, image_shape=(SIDE, SIDE, 1), dialect="generic")[1][0] == Flag.MASKED_PIXELS


def test_pixels_without_weight_are_bad(tmp_path):
    weight = np.ones((SIDE, SIDE), np.float32)
    weight[FAR] = 0
    for name in ("WHT", "WEIGHT", "INVVAR"):
        path = mef(tmp_path / f"{name}.fits", (name, 4 * weight))
        assert lost(path) == ([FAR], Flag.FILLED_PIXELS)
        assert lost(path, fills_masked=False)[1] == Flag.MASKED_PIXELS
        assert lost(path, bad_bits=0) == ([], 0)
    variance = raw_of(path).variance
    assert np.isinf(variance[FAR])
    assert np.median(variance) == 0.25
    assert raw_of(mef(tmp_path / "plain.fits", ("WHT", weight))).variance is None


def test_a_legacy_cutout_with_inverse_variances_and_maskbits(tmp_path):
    cube, weight = np.stack([LIGHT, 2 * LIGHT, 3 * LIGHT]), np.ones((3, SIDE, SIDE), np.float32)
    weight[0, 1, 1], weight[1][FAR] = 0, 0
    bits = marked((2, 2, 1 << 6), (2, 3, 1 << 3), (2, 4, 1 << 12))
    hdus = [fits.PrimaryHDU(cube, header_of(BUNIT=None, SURVEY="LegacySurvey", BANDS="grz"))]
    hdus += [fits.ImageHDU(weight * [[[1]], [[4]], [[9]]], name="INVVAR"), fits.ImageHDU(bits, name="MASKBITS")]
    path = tmp_path / "cutout.fits"
    fits.HDUList(hdus).writeto(path)
    assert lost(path, band="r") == ([(2, 2), (2, 3), FAR], Flag.FILLED_PIXELS)
    raw = raw_of(path, band="r")
    np.testing.assert_array_equal(raw.data[..., 0], 2 * LIGHT)
    assert np.median(raw.variance) == 0.25
    assert raw.unit == "nanomaggy"


def test_kids_weights_and_flags(tmp_path):
    flags = marked((1, 1, 64), (1, 2, 2), (1, 3, 16))
    path = mef(
        tmp_path / "a.fits", ("WEIGHT", np.ones((SIDE, SIDE))), ("FLAG", flags), header=header_of(INSTRUME="OMEGACAM")
    )
    assert lost(path)[0] == [(1, 1), (1, 2), (1, 3)]
    assert lost(path, fills_masked=False)[1] == Flag.MASKED_PIXELS | Flag.SATURATED_PIXELS


def test_a_frame_of_sdss_is_in_nanomaggies(tmp_path):
    hdus = [fits.PrimaryHDU(LIGHT, header_of(BUNIT=None, NMGY=0.005)), fits.ImageHDU(np.ones(2048, np.float32))]
    fits.HDUList(hdus).writeto(tmp_path / "frame.fits")
    raw = raw_of(tmp_path / "frame.fits")
    assert (raw.unit, raw.mask, raw.variance) == ("nanomaggy", None, None)


def test_only_the_centre_of_companions_is_read_with_that_of_the_image(tmp_path):
    light = np.pad(LIGHT, 10, constant_values=1)
    variance, mask = np.pad(np.full((SIDE, SIDE), 4.0), 10), np.pad(marked((*FAR, 1)), 10)
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(light, header_of(), name="IMAGE")]
    hdus += [fits.ImageHDU(mask, name="MASK"), fits.CompImageHDU(variance, name="VARIANCE", quantize_level=0)]
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")
    assert lost(tmp_path / "a.fits")[0] == [FAR]
    np.testing.assert_array_equal(raw_of(tmp_path / "a.fits").variance, 4.0)


def test_masks_of_unsigned_bytes_mark_every_bit(tmp_path):
    path = mef(tmp_path / "a.fits", ("DQ", marked((*FAR, 128), kind=np.uint8)))
    assert lost(path, fills_masked=False)[1] == Flag.MASKED_PIXELS


def test_bits_that_are_given_stand_in_place_of_the_dialects():
    mask = np.array([[1, 2, 4, 64]])
    bad, saturated, doubtful = marked_pixels(mask, {}, KIDS)
    assert (bad.tolist(), saturated.tolist(), doubtful.tolist()) == (
        [[True, False, False, True]],
        [[False, True, False, False]],
        [[False, False, True, False]],
    )
    bad, saturated, doubtful = marked_pixels(mask, {}, KIDS, bad_bits=6)
    assert (bad.tolist(), saturated.tolist(), doubtful) == ([[False, False, True, False]], [[0, 1, 0, 0]], None)
    assert marked_pixels(mask, {}, JWST)[0].tolist() == [[True, False, False, False]]
    assert marked_pixels(mask, {"MP_SAT": 2}, LSST)[1].tolist() == [[False, False, True, False]]
