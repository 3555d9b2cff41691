"""Units and zero points of images, given and from headers; scales of their pixels."""

import numpy as np
import pytest
from astropy import units as u
from toy_images import read

from gampen_tf.data import ImageSpec, RawImage, Refusal
from gampen_tf.data.photometry import Photometry


def test_zero_point_converts_counts(image):
    # HSC counts have zero point 27: 1 count = 10^(0.4 · 4.4) = 57.5440 nJy
    np.testing.assert_allclose(read(image, zero_point=27.0)[0][0, ..., 0], 57.543994 * image, rtol=1e-6)


def test_units_convert(image):
    for unit, factor in (
        ("nJy", 1),
        ("uJy", 1e3),
        ("Jy", 1e9),
        ("nanomaggy", 10 ** (0.4 * 8.9)),
        ("nJy / pix", 1),
        ("erg/s/cm2/Hz", 10 ** (0.4 * (31.4 + 48.6))),
    ):
        np.testing.assert_allclose(read(image, unit=unit)[0][0, ..., 0], factor * image, rtol=1e-6)
    np.testing.assert_array_equal(read(u.Quantity(image, "uJy"))[0], read(image, unit="uJy")[0])
    np.testing.assert_array_equal(read(image, unit=u.uJy)[0], read(image, unit="uJy")[0])


def test_surface_brightness_takes_the_pixels_area(image):
    steradian = (0.168 * u.arcsec).to_value(u.rad) ** 2
    np.testing.assert_allclose(read(image, unit="MJy/sr")[0][0, ..., 0], image * 1e15 * steradian, rtol=1e-5)


def test_arguments_win_and_must_not_contradict_themselves(image):
    data = u.Quantity(image, "uJy")
    np.testing.assert_array_equal(read(data, unit="nJy")[0][0, ..., 0], image)
    np.testing.assert_allclose(read(data, zero_point=28.9)[0][0, ..., 0], 10 * image, rtol=1e-6)
    with pytest.raises(ValueError, match="unit 'nJy' has zero point 31.4000, but the zero point given is 27.0000"):
        read(image, unit="nJy", zero_point=27.0)
    with pytest.raises(ValueError, match="is no flux in a pixel"):
        read(image, unit="km / s")
    with pytest.raises(ValueError, match="without a zero point.*Pass zero_point="):
        read(image, unit="adu")


def test_the_scale_of_a_pixel_is_the_given_one_then_the_headers_then_the_models():
    own, any_scale = ImageSpec((9, 9, 1), 0.168), ImageSpec((9, 9, 1), None)
    bare, told = RawImage(np.ones((9, 9, 1))), RawImage(np.ones((9, 9, 1)), pixel_scale=(0.1, 0.4))
    assert Photometry(any_scale, pixel_scale=0.3).pixel_scale_of(told) == 0.3
    assert Photometry(any_scale).pixel_scale_of(told) == pytest.approx(0.2)
    assert Photometry(own).pixel_scale_of(bare) == 0.168
    with pytest.raises(Refusal, match="its pixel scale is not known"):
        Photometry(any_scale).pixel_scale_of(bare)


def test_a_surface_brightness_takes_the_area_of_the_images_own_pixels():
    raw = RawImage(np.ones((9, 9, 1)), unit="MJy/sr", pixel_scale=(0.2, 0.2))
    steradian = (0.2 * u.arcsec).to_value(u.rad) ** 2
    assert Photometry(ImageSpec((9, 9, 1), None)).factor(raw) == pytest.approx(1e15 * steradian, rel=1e-6)
