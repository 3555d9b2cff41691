"""Small images, their headers and files, and how the tests read them."""

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from gampen_tf.data import Cutouts, ImageSpec, read_cutouts


def opened(source, *, image_shape=(9, 9, 1), pixel_scale_of_model=0.168, **options) -> Cutouts:
    return read_cutouts(source, ImageSpec(image_shape, pixel_scale_of_model, model_name="hsc"), **options)


def read(source, **options):
    """All images at once, with their flags and reasons."""
    return opened(source, **options).read(0, None)


def image_of(seed, size=9):
    return np.random.default_rng(seed).normal(size=(size, size)).astype(np.float32)


EXPECTED = np.stack([image_of(number) for number in range(5)])


def header_of(scale=0.168, **cards):
    cards = {"BUNIT": "nJy", **cards}
    return fits.Header(
        {
            "CTYPE1": "RA---TAN",
            "CTYPE2": "DEC--TAN",
            "CRPIX1": 5.0,
            "CRPIX2": 5.0,
            "CRVAL1": 150.0,
            "CRVAL2": 2.0,
            "CDELT1": -scale / 3600,
            "CDELT2": scale / 3600,
            **{key: value for key, value in cards.items() if value is not None},
        }
    )


def write_fits(path, data, header=None, **options):
    fits.writeto(path, data, header_of() if header is None else header, **options)
    return str(path)


def hdu_list(*hdus):
    return fits.HDUList([fits.PrimaryHDU(header=fits.Header({"MAGZERO": 27.0})), *hdus])


def sky_wcs(scale=0.168, angle=0.0, crpix=(5.0, 5.0)):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = ["RA---TAN", "DEC--TAN"], [150.0, 2.0], list(crpix)
    turn = np.deg2rad(angle)
    wcs.wcs.cd = scale / 3600 * np.array([[-np.cos(turn), np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return wcs
