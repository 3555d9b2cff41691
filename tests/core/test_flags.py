"""Flags: numbers, names and the mask of what is not measured."""

import numpy as np
import pytest

from gampen_tf.core import Flag, describe, is_unmeasurable

BITS = list(Flag)


def test_numbers_are_those_already_written_into_catalogues():
    assert {bit.name: int(bit) for bit in BITS} == {
        "NONFINITE_PIXELS": 1,
        "MASKED_PIXELS": 2,
        "SATURATED_PIXELS": 4,
        "EMPTY_IMAGE": 8,
        "WRONG_SHAPE": 16,
        "UNREADABLE": 32,
        "WRONG_PIXEL_SCALE": 64,
        "WRONG_UNIT": 128,
        "CROPPED": 256,
        "PADDED": 512,
        "NOT_MEASURED": 1024,
        "EXTRAPOLATED": 2048,
        "OUT_OF_DISTRIBUTION": 4096,
        "CUT_BY_FRAME": 8192,
        "BRIGHT_NEIGHBOUR": 16384,
        "FILLED_PIXELS": 32768,
    }


def test_bits_of_information_and_of_the_domain_do_not_forbid_a_measurement():
    measurable = {
        "CROPPED",
        "PADDED",
        "EXTRAPOLATED",
        "OUT_OF_DISTRIBUTION",
        "CUT_BY_FRAME",
        "BRIGHT_NEIGHBOUR",
        "FILLED_PIXELS",
    }
    assert {bit.name for bit in BITS if not is_unmeasurable(bit)} == measurable


def test_describe_names_the_single_bits_and_never_the_mask():
    assert describe(0) == ""
    assert describe(Flag.CROPPED | Flag.NONFINITE_PIXELS) == "NONFINITE_PIXELS | CROPPED"
    assert describe(np.int64(1 | 2 | 4 | 8 | 16 | 32 | 64 | 128 | 1024)).count("|") == 8


def test_describe_refuses_bits_without_a_name():
    with pytest.raises(ValueError, match="0x10000 have no name"):
        describe(0x10001)


def test_is_unmeasurable_keeps_the_shape():
    flags = np.array([[0, 1], [256, 257]])
    np.testing.assert_array_equal(is_unmeasurable(flags), [[False, True], [False, True]])
