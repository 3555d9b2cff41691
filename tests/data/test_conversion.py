"""One image against what a model expects: frame, pixel scale, lost pixels."""

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from toy_images import header_of, image_of, read, write_fits

from gampen_tf.core import Flag


def test_sides_are_cut_one_by_one():
    found, flags, _ = read(np.arange(9 * 13.0).reshape(9, 13))
    np.testing.assert_array_equal(found[0, ..., 0], np.arange(9 * 13.0).reshape(9, 13)[:, 2:11])
    assert flags[0] == Flag.CROPPED


def test_smaller_images_are_flagged_and_padded_only_when_asked(image):
    small = image[1:8, :6]
    found, flags, reasons = read([image, small])
    assert flags.tolist() == [0, Flag.WRONG_SHAPE]
    assert np.isnan(found[1]).all()
    assert "7 × 6" in reasons[1]
    assert "pad=True" in reasons[1]
    found, flags, reasons = read([image, small], pad=True)
    assert flags.tolist() == [0, Flag.PADDED]
    assert found[1, 4, 4, 0] == small[3, 3]
    assert reasons == ["", ""]
    np.testing.assert_array_equal(found[1, 1:8, 1:7, 0], small)
    assert found[1].sum() == pytest.approx(small.sum(), rel=1e-5)


def test_padding_one_side_and_cutting_the_other(image):
    wide = np.ones((5, 21), np.float32)
    wide[2, 10] = 3
    found, flags, _ = read(wide, pad=True)
    assert flags[0] == Flag.PADDED | Flag.CROPPED
    assert found[0, 4, 4, 0] == 3
    assert np.count_nonzero(found) == 5 * 9


def test_pixels_outside_the_frame_do_not_count(image):
    large = np.pad(image, 3, constant_values=np.nan)
    found, flags, _ = read(large)
    np.testing.assert_array_equal(found[0, ..., 0], image)
    assert flags[0] == Flag.CROPPED


def test_saturation_is_compared_in_the_images_own_unit(image):
    image = np.abs(image) + 1
    level = float(image.max())
    assert read(image, zero_point=27.0, saturation=level)[1][0] == Flag.SATURATED_PIXELS
    assert read(image, zero_point=27.0, saturation=level * 1.01)[1][0] == 0


def test_values_beyond_float32_are_not_infinite_numbers(image):
    assert read(image.astype(float) * 1e30, unit="GJy")[1][0] == Flag.NONFINITE_PIXELS


@pytest.mark.parametrize(
    ("name", "value"), [("pixel_scale", 0.168 * u.arcsec), ("pixel_scale", (0.168, 0.168)), ("zero_point", "27")]
)
def test_arguments_are_numbers(image, name, value):
    with pytest.raises(TypeError, match=rf"^{name}: expected a number, in (arcsec|mag), found .*; give it as a float"):
        read(image, **{name: value})


def test_a_given_pixel_scale_is_checked(image):
    read(image, pixel_scale=0.1675)
    with pytest.raises(ValueError, match="pixel scale 0.2″ was given, but model 'hsc' was trained at 0.168″"):
        read(image, pixel_scale=0.2)


def test_flags_from_pixels_and_headers(tmp_path):
    data = image_of(0)
    nan = data.copy()
    nan[4, 4] = np.nan
    cases = [
        (data, header_of(), 0),
        (nan, header_of(), Flag.NONFINITE_PIXELS),
        (np.zeros((9, 9)), header_of(), Flag.EMPTY_IMAGE),
        (data, header_of(0.396), Flag.WRONG_PIXEL_SCALE),
        (data, header_of(BUNIT=None), Flag.WRONG_UNIT),
        (data, header_of(BUNIT="mag", MAGZERO=27.0), Flag.WRONG_UNIT),
        (data, header_of(MAGZERO=27.0), Flag.WRONG_UNIT),  # contradicts nJy
        (data, fits.Header({"BUNIT": "nJy"}), Flag.WRONG_PIXEL_SCALE),
        (data, header_of(SATURATE=float(data.max())), Flag.SATURATED_PIXELS),
        (data, header_of(SATURATE=float(data.max()) * 2), 0),
        (data[:5], header_of(), Flag.WRONG_SHAPE),
        (data[0], header_of(), Flag.WRONG_SHAPE),
        (np.stack([data] * 4), header_of(), Flag.WRONG_SHAPE),
        (data[None], header_of(), 0),
        (np.pad(data, 2), header_of(), Flag.CROPPED),
        (data, header_of(BUNIT="hsc flux", FLUXMAG0=10 ** (0.4 * 31.4)), 0),
    ]
    paths = [
        write_fits(tmp_path / f"{number}.fits", pixels, header) for number, (pixels, header, _) in enumerate(cases)
    ]
    found, flags, reasons = read(paths)
    assert flags.tolist() == [int(flag) for _, _, flag in cases]
    for row in np.flatnonzero((flags == 0) | (flags == Flag.CROPPED)):
        np.testing.assert_allclose(found[row, ..., 0], data, rtol=1e-6)
        assert reasons[row] == ""
    assert "'nJy' has zero point 31.4000, but the zero point given is 27.0000" in reasons[6]


def test_non_square_pixels_are_a_wrong_scale(tmp_path):
    header = header_of()
    header["CDELT1"] *= 1.05
    with pytest.raises(ValueError, match="0.1764″"):
        read(write_fits(tmp_path / "a.fits", image_of(0), header))
