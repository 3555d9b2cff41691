"""Images with lost pixels, for models that fill them in."""

import numpy as np
import pytest
from toy_images import header_of

from gampen_tf.core import Flag, is_unmeasurable
from gampen_tf.data import ImageSpec, RawImage, Refusal, read_cutouts
from gampen_tf.data.lost_pixels import check_lost, leaves_enough

SIDE = 21


def images(n=1, side=SIDE, seed=1):
    return np.random.default_rng(seed).normal(size=(n, side, side)).astype(np.float32)


def opened(source, *, fills_masked=True, **options):
    return read_cutouts(source, ImageSpec((SIDE, SIDE, 1), 0.168, fills_masked=fills_masked), **options)


def measured(lost):
    """Whether a frame with these pixels lost is measured."""
    try:
        check_lost(lost)
    except Refusal as refusal:
        assert not leaves_enough(lost)
        return refusal.flag != Flag.NOT_MEASURED
    assert leaves_enough(lost)
    return True


def test_how_much_may_be_lost():
    y, x = np.mgrid[:101, :101] - 50
    radius = np.hypot(y, x)
    assert measured(np.zeros((101, 101), bool))
    assert not measured((np.abs(y) <= 1) & (np.abs(x) <= 1))
    assert measured((np.abs(y) <= 1) & (np.abs(x) <= 1) & (radius > 0))
    circle = radius <= 15.15
    # a ring whose share of the circle is known
    share = np.sum(circle & (radius > 12.0)) / np.sum(circle)
    assert share > 0.3 > np.sum(circle & (radius > 13.5)) / np.sum(circle)
    assert not measured(circle & (radius > 12.0))
    assert measured(circle & (radius > 13.5))
    assert measured(x > 16)
    assert not measured(np.abs(x) > 24)


def test_lost_pixels_are_nan_with_a_flag_and_their_share():
    stack = images(4)
    stack[1, 2, 3], stack[2, :, 4], stack[3, 9:12, 9:12] = np.nan, np.inf, np.nan
    found, flags, reasons = opened(stack).read(0, None)
    assert flags.tolist() == [0, Flag.FILLED_PIXELS, Flag.FILLED_PIXELS, Flag.NOT_MEASURED]
    assert is_unmeasurable(flags).tolist() == [False, False, False, True]
    np.testing.assert_array_equal(np.isnan(found[..., 0]).sum(axis=(1, 2)), [0, 1, SIDE, SIDE**2])
    good = np.isfinite(found[1:3, ..., 0])
    np.testing.assert_array_equal(found[1:3, ..., 0][good], stack[1:3][good])
    assert reasons[0] == ""
    assert reasons[2] == "4.8 % of the pixels are masked, saturated or NaN"
    assert reasons[3].endswith("the central 3 × 3 pixels are among them")


def test_one_lost_pixel_is_enough_for_other_models():
    stack, mask = images(2), np.zeros((2, SIDE, SIDE), bool)
    mask[1, 0, 0] = True
    ((_, flags, reasons),) = opened(stack, fills_masked=False).batches(4, mask=mask)
    assert flags.tolist() == [0, Flag.MASKED_PIXELS]
    assert reasons[1] == f"1 of {SIDE**2} pixels masked"


def test_masks_saturation_and_doubtful_pixels_are_joined_and_a_mask_that_is_given_wins():
    raw = RawImage(
        100 + images()[0][..., None],
        mask=np.eye(SIDE, k=8, dtype=bool),
        saturated=np.eye(SIDE, k=8, dtype=bool)[::-1],
        saturation=102.0,
        has_header=False,
        doubtful=np.eye(SIDE, k=-9, dtype=bool),
    )

    class Source:
        names = ("a",)

        def __len__(self):
            return 1

        def read(self, start, stop):
            return [raw]

    given = np.zeros((SIDE, SIDE), bool)
    given[5] = True
    ((found, flags, _),) = opened(Source()).batches(1, mask=given)
    np.testing.assert_array_equal(np.isnan(found[0, ..., 0]), (raw.data[..., 0] >= 102.0) | given)
    assert flags[0] == Flag.FILLED_PIXELS
    ((found, _, _),) = opened(Source()).batches(1)
    expected = raw.mask | raw.saturated | raw.doubtful | (raw.data[..., 0] >= 102.0)
    np.testing.assert_array_equal(np.isnan(found[0, ..., 0]), expected)


@pytest.mark.parametrize("side", [25, 21, 17])
def test_masks_have_the_shape_of_the_images_and_are_cut_and_padded_with_them(side):
    stack, mask = images(2, side), np.zeros((2, side, side), bool)
    mask[1, side // 2 + 3, side // 2] = True
    ((found, flags, _),) = opened(stack, pad=True).batches(2, mask=mask)
    lost = np.argwhere(np.isnan(found[1, ..., 0])).tolist()
    assert lost == [[SIDE // 2 + 3, SIDE // 2]]
    assert [bool(flag & Flag.FILLED_PIXELS) for flag in flags] == [False, True]


def test_masks_of_large_files_and_of_the_frame(tmp_path):
    from astropy.io import fits

    side = 301  # of which only the centre is read
    fits.writeto(tmp_path / "a.fits", images(1, side)[0], header_of())
    whole = np.zeros((side, side), bool)
    whole[side // 2 - 4, side // 2 + 2] = True
    frame = np.zeros((SIDE, SIDE), bool)
    frame[SIDE // 2 - 4, SIDE // 2 + 2] = True
    for mask in (whole, frame):
        ((found, _, _),) = opened(str(tmp_path / "a.fits")).batches(1, mask=mask)
        np.testing.assert_array_equal(np.isnan(found[0, ..., 0]), frame)
    ((_, flags, reasons),) = opened(images(1)).batches(1, mask=np.zeros((9, 9), bool))
    assert flags[0] == Flag.WRONG_SHAPE
    assert reasons[0].startswith("map (mask or variance) of shape (9, 9) for an image of shape (21, 21)")


def test_masks_belong_to_their_rows_whatever_the_batches():
    stack, rng = images(23), np.random.default_rng(3)
    mask = rng.uniform(size=stack.shape) < 0.05
    whole = np.where(mask, np.nan, stack)
    for start, size in ((0, 5), (7, 4), (0, 100)):
        found = np.concatenate([batch[0] for batch in opened(stack).batches(size, start=start, mask=mask[start:])])[
            ..., 0
        ]
        kept = np.isfinite(found).any(axis=(1, 2))
        assert kept.all()
        np.testing.assert_array_equal(found, whole[start:])


def test_an_image_whose_other_pixels_are_all_equal_is_empty():
    stack = np.zeros((1, SIDE, SIDE))
    stack[0, 0] = np.nan
    assert opened(stack).read(0, None)[1].tolist() == [Flag.EMPTY_IMAGE]


def test_masks_go_along_a_stream():
    import tensorflow as tf

    stack, mask = images(5), np.zeros((5, SIDE, SIDE), bool)
    mask[3, 2, 4] = True
    stream = tf.data.Dataset.from_tensor_slices(stack)
    flags = np.concatenate([batch[1] for batch in opened(stream).batches(2, mask=mask)])
    assert np.flatnonzero(flags).tolist() == [3]
