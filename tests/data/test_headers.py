"""Zero points and pixel scales of headers."""

import numpy as np
import pytest
from astropy.io import fits
from toy_images import sky_wcs

from gampen_tf.data.headers import header_pixel_scale, header_zero_point


@pytest.mark.parametrize(
    ("cards", "zero_point"),
    [
        ({"MAGZERO": 27.0}, 27.0),
        ({"FLUXMAG0": 6.3095734448e10}, 27.0),
        ({"PHOTZP": 25, "MAGZERO": 0.0}, 25.0),
        ({"MAGZPT": "n/a"}, None),
        ({"MAGZPT": True}, None),
        ({}, None),
        # ACS F814W: 25.947 (AB), from the instrument's published PHOTFLAM and PHOTPLAM
        ({"PHOTFLAM": 7.0331e-20, "PHOTPLAM": 8045.0, "PHOTZPT": -21.1}, 25.947),
    ],
)
def test_zero_points_of_headers(cards, zero_point):
    found = header_zero_point(fits.Header(cards))
    assert found == (None if zero_point is None else pytest.approx(zero_point, abs=2e-3))


@pytest.mark.parametrize("angle", [0, 30, 90])
def test_pixel_scale_agrees_with_astropy(angle):
    wcs = sky_wcs(0.2, angle)
    header = wcs.to_header()
    cd = fits.Header(
        {
            **{key: header[key] for key in ("CTYPE1", "CTYPE2")},
            **{f"CD{i}_{j}": wcs.wcs.cd[i - 1, j - 1] for i in (1, 2) for j in (1, 2)},
        }
    )
    for version in (header, cd):
        np.testing.assert_allclose(header_pixel_scale(version), [0.2, 0.2], rtol=1e-10)


def test_pixel_scale_without_a_sky_is_not_known():
    assert header_pixel_scale(fits.Header({"CDELT1": 1.0, "CDELT2": 1.0})) is None
    assert header_pixel_scale(fits.Header({"CD1_1": 0.2, "CD2_2": 0.2, "CTYPE1": "LINEAR", "CTYPE2": "LINEAR"})) is None
    assert header_pixel_scale(fits.Header({"PIXSCALE": 0.2})) == (0.2, 0.2)
    assert header_pixel_scale(fits.Header({"CDELT1": 0.2, "CDELT2": 0.3, "CUNIT1": "arcsec", "CUNIT2": "arcsec"})) == (
        0.2,
        0.3,
    )
