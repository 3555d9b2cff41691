"""Objects of astropy that bring their own unit, mask and WCS."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import CCDData, Cutout2D, NDData
from toy_images import read, sky_wcs

from gampen_tf.core import Flag


def test_ccddata_brings_unit_mask_zero_point_and_wcs(image):
    mask = np.zeros((9, 9), bool)
    good = CCDData(image, unit="adu", wcs=sky_wcs(), meta={"MAGZERO": 27.0}, mask=mask)
    bad = CCDData(image, unit="uJy", wcs=sky_wcs(), mask=mask.copy())
    bad.mask[1, 1] = True
    coarse = CCDData(image, unit="nJy", wcs=sky_wcs(0.3))
    found, flags, _ = read([good, bad, coarse, NDData(image)])
    assert flags.tolist() == [0, Flag.MASKED_PIXELS, Flag.WRONG_PIXEL_SCALE, 0]
    np.testing.assert_allclose(found[0, ..., 0], 57.543994 * image, rtol=1e-6)
    np.testing.assert_array_equal(found[3, ..., 0], image)
    np.testing.assert_array_equal(read(good)[0][0], found[0])
    with pytest.raises(ValueError, match=r"image 0: pixel scale 0.3″ from its header, but .* 0.168″"):
        read(coarse)
    with pytest.raises(ValueError, match="pixel unit 'adu' without a zero point"):
        read(CCDData(image, unit="adu"))


def test_cutout2d_and_hdus(image):
    tile = np.random.default_rng(4).normal(size=(40, 40))
    cutout = Cutout2D(tile, (20, 21), 9, wcs=sky_wcs())
    np.testing.assert_allclose(read(cutout)[0][0, ..., 0], tile[17:26, 16:25], rtol=1e-6)
    hdu = fits.ImageHDU(image, header=sky_wcs().to_header())
    with pytest.raises(ValueError, match="neither pixel unit nor zero point"):
        read(hdu)
    hdu.header["BUNIT"] = "nJy"
    np.testing.assert_array_equal(read([hdu])[0][0, ..., 0], image)
    np.testing.assert_array_equal(read(fits.HDUList([fits.PrimaryHDU(), hdu]))[0][0, ..., 0], image)
