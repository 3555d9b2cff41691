"""Arrays, frames, units and pixels; files are in test_cutouts_files.py."""

import warnings

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.nddata import CCDData, Cutout2D, NDData
from astropy.wcs import WCS

from gampen_tf.core import Flag
from gampen_tf.data import Refusal, centre_start, read_cutouts
from gampen_tf.data.photometry import header_pixel_scale, header_zero_point, unit_zero_point

MODEL = {"image_shape": (9, 9, 1), "pixel_scale": 0.168}


@pytest.fixture
def image():
    return np.random.default_rng(1).normal(size=(9, 9)).astype(np.float32)


def read(source, **options):
    cutouts = read_cutouts(source, **{**MODEL, **options})
    return cutouts.read(0, None)


def sky_wcs(scale=0.168, angle=0.0, crpix=(5.0, 5.0)):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = ["RA---TAN", "DEC--TAN"], [150.0, 2.0], list(crpix)
    turn = np.deg2rad(angle)
    wcs.wcs.cd = scale / 3600 * np.array([[-np.cos(turn), np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return wcs


# -- shapes ---------------------------------------------------------------------------------------------------------


def test_arrays_of_two_three_and_four_axes_are_the_same_images(image):
    stack = np.stack([image, 2 * image])
    np.testing.assert_array_equal(read(image)[0][0, ..., 0], image)
    np.testing.assert_array_equal(read(stack)[0][..., 0], stack)
    np.testing.assert_array_equal(read(stack[..., None])[0][..., 0], stack)
    np.testing.assert_array_equal(read([image, 2 * image])[0][..., 0], stack)
    np.testing.assert_array_equal(read(image[..., None])[0][0, ..., 0], image)


def test_images_do_not_depend_on_batch_size_or_workers():
    stack = np.random.default_rng(2).normal(size=(70, 11, 10))
    stack[13, 5, 5] = np.nan
    cutouts = read_cutouts(stack, **MODEL)
    whole = cutouts.read(0, None)
    for size, workers in ((1, 1), (7, 3), (33, 2), (100, 4)):
        batches = list(cutouts.batches(size, workers=workers))
        assert [len(batch[0]) for batch in batches[:-1]] == [size] * (len(batches) - 1)
        np.testing.assert_array_equal(np.concatenate([batch[0] for batch in batches]), whole[0])
        np.testing.assert_array_equal(np.concatenate([batch[1] for batch in batches]), whole[1])
        assert sum((batch[2] for batch in batches), []) == whole[2]
    part = cutouts.read(12, 15)
    np.testing.assert_array_equal(part[1] & Flag.NONFINITE_PIXELS != 0, [False, True, False])


@pytest.mark.parametrize("size", [9, 10, 11, 12, 240, 241])
@pytest.mark.parametrize("frame", [8, 9])
def test_the_central_pixel_stays_central(size, frame):
    centre = np.zeros((size, size), np.float32)
    centre[size // 2, size // 2] = 1
    found, flags, _ = read(centre, image_shape=(frame, frame, 1))
    assert found[0, frame // 2, frame // 2, 0] == 1
    assert found.sum() == 1
    assert flags[0] == (Flag.CROPPED if size > frame else 0)


def test_sides_are_cut_one_by_one():
    found, flags, _ = read(np.arange(9 * 13.0).reshape(9, 13))
    np.testing.assert_array_equal(found[0, ..., 0], np.arange(9 * 13.0).reshape(9, 13)[:, 2:11])
    assert flags[0] == Flag.CROPPED


def test_equal_parity_is_cut_alike_on_both_sides():
    assert [centre_start(241, 239), centre_start(100, 96), centre_start(239, 241)] == [1, 2, -1]


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


def test_bands_last_and_wrong_shapes():
    rng = np.random.default_rng(3)
    bands = rng.normal(size=(2, 9, 9, 3)).astype(np.float32)
    np.testing.assert_array_equal(read(bands, image_shape=(9, 9, 3))[0], bands)
    with pytest.raises(ValueError, match=r"So are all 2 images looked at"):
        read(bands)
    assert read([bands[0, ..., 0], np.zeros(5), rng.normal(size=(2, 9, 9, 1)), None])[1].tolist() == [0] + [
        Flag.WRONG_SHAPE
    ] * 2 + [int(Flag.WRONG_SHAPE)]
    with pytest.raises(ValueError, match=r"shape \(2, 2, 9, 9, 3\); expected"):
        read(np.stack([bands, bands]))
    with pytest.raises(ValueError, match="expected real numbers"):
        read(bands[0].astype(complex))


def test_nothing_to_read_is_an_error():
    with pytest.raises(ValueError, match="the list is empty"):
        read([])
    with pytest.raises(TypeError, match="cannot be read from int"):
        read(3)
    assert read(np.empty((0, 9, 9)))[0].shape == (0, 9, 9, 1)


# -- pixels ---------------------------------------------------------------------------------------------------------


def test_unusable_pixels_flag_their_own_image_alone(image):
    stack = np.stack([image] * 5).astype(float)
    stack[1, 3, 3], stack[2, 0, 0], stack[3] = np.nan, -np.inf, 7
    found, flags, reasons = read(stack)
    assert flags.tolist() == [0, Flag.NONFINITE_PIXELS, Flag.NONFINITE_PIXELS, Flag.EMPTY_IMAGE, 0]
    np.testing.assert_array_equal(np.isnan(found).all(axis=(1, 2, 3)), [False, True, True, True, False])
    np.testing.assert_array_equal(found[4, ..., 0], image)
    assert reasons[1] == "1 of 81 pixels NaN or infinite"


def test_pixels_outside_the_frame_do_not_count(image):
    large = np.pad(image, 3, constant_values=np.nan)
    found, flags, _ = read(large)
    np.testing.assert_array_equal(found[0, ..., 0], image)
    assert flags[0] == Flag.CROPPED


def test_saturation_is_compared_in_the_images_own_unit(image):
    image = np.abs(image) + 1
    level = float(image.max())
    assert read(image, given_zero_point=27.0, given_saturation=level)[1][0] == Flag.SATURATED_PIXELS
    assert read(image, given_zero_point=27.0, given_saturation=level * 1.01)[1][0] == 0


def test_masked_arrays(image):
    stack = np.ma.masked_array(np.stack([image] * 2), mask=False)
    stack[1, 2, 2] = np.ma.masked
    assert read(stack)[1].tolist() == [0, Flag.MASKED_PIXELS]
    assert read(stack[1])[1].tolist() == [Flag.MASKED_PIXELS]
    assert read([stack[0], stack[1]])[1].tolist() == [0, Flag.MASKED_PIXELS]


def test_values_beyond_float32_are_not_infinite_numbers(image):
    assert read(image.astype(float) * 1e30, given_unit="GJy")[1][0] == Flag.NONFINITE_PIXELS


# -- photometry -----------------------------------------------------------------------------------------------------


def test_zero_point_converts_counts(image):
    # HSC counts have zero point 27: 1 count = 10^(0.4 · 4.4) = 57.5440 nJy
    np.testing.assert_allclose(read(image, given_zero_point=27.0)[0][0, ..., 0], 57.543994 * image, rtol=1e-6)


def test_units_convert(image):
    for unit, factor in (
        ("nJy", 1),
        ("uJy", 1e3),
        ("Jy", 1e9),
        ("nanomaggy", 10 ** (0.4 * 8.9)),
        ("nJy / pix", 1),
        ("erg/s/cm2/Hz", 10 ** (0.4 * (31.4 + 48.6))),
    ):
        np.testing.assert_allclose(read(image, given_unit=unit)[0][0, ..., 0], factor * image, rtol=1e-6)
    np.testing.assert_array_equal(read(u.Quantity(image, "uJy"))[0], read(image, given_unit="uJy")[0])
    np.testing.assert_array_equal(read(image, given_unit=u.uJy)[0], read(image, given_unit="uJy")[0])


def test_surface_brightness_takes_the_pixels_area(image):
    steradian = (0.168 * u.arcsec).to_value(u.rad) ** 2
    np.testing.assert_allclose(read(image, given_unit="MJy/sr")[0][0, ..., 0], image * 1e15 * steradian, rtol=1e-5)


def test_arguments_win_and_must_not_contradict_themselves(image):
    data = u.Quantity(image, "uJy")
    np.testing.assert_array_equal(read(data, given_unit="nJy")[0][0, ..., 0], image)
    np.testing.assert_allclose(read(data, given_zero_point=28.9)[0][0, ..., 0], 10 * image, rtol=1e-6)
    with pytest.raises(ValueError, match="unit 'nJy' has zero point 31.4000, but the zero point is said to be 27.0000"):
        read(image, given_unit="nJy", given_zero_point=27.0)
    with pytest.raises(ValueError, match="is no flux in a pixel"):
        read(image, given_unit="km / s")
    with pytest.raises(ValueError, match="without a zero point.*Pass zero_point="):
        read(image, given_unit="adu")


def test_a_given_pixel_scale_is_checked(image):
    read(image, given_pixel_scale=0.1675)
    with pytest.raises(ValueError, match="pixel scale 0.2″ was given, but model 'hsc' was trained at 0.168″"):
        read(image, given_pixel_scale=0.2, model_name="hsc")


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


def test_units_that_are_counts_flux_or_neither():
    counts = ("ADU", "electrons/s", "DN / s", "count", "e-/sec", "")
    assert [unit_zero_point(unit, 0.2) for unit in counts] == [None] * 6
    assert unit_zero_point("mgy", 0.2) == 0
    for unit in ("mag", "Jy/beam", "K", "gibberish"):
        with pytest.raises(Refusal):
            unit_zero_point(unit, 0.2)


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


# -- objects that know more -----------------------------------------------------------------------------------------


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


def test_tf_data_streams(image):
    import tensorflow as tf

    stack = np.stack([image * scale for scale in range(7)])
    dataset = tf.data.Dataset.from_tensor_slices(stack)
    expected = read(stack)
    assert expected[1][0] == Flag.EMPTY_IMAGE
    for variant in (
        dataset,
        dataset.batch(3),
        dataset.map(lambda one: one[..., None]),
        dataset.map(lambda one: (one, 1.0)),
        dataset.batch(2).map(lambda many: {"images": many[..., None]}),
        dataset.filter(lambda _: True),
    ):
        cutouts = read_cutouts(variant, **MODEL)
        assert len(cutouts) == len(cutouts.names) == 7
        batches = list(cutouts.batches(3))
        assert [len(batch[1]) for batch in batches] == [3, 3, 1]
        np.testing.assert_array_equal(np.concatenate([batch[0] for batch in batches]), expected[0])
        np.testing.assert_array_equal(cutouts.read(2, 4)[0], expected[0][2:4])
    with pytest.raises(ValueError, match="infinite"):
        len(read_cutouts(dataset.repeat(), **MODEL))
    np.testing.assert_array_equal(read(tf.constant(stack))[0], expected[0])


def test_quiet_astropy_leaves_the_callers_filters():
    from gampen_tf.io.quiet import quiet_astropy

    before = list(warnings.filters)
    with quiet_astropy(), quiet_astropy():
        pass
    assert list(warnings.filters) == before
