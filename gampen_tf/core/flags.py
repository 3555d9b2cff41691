"""Flags of images and measurements, one bit each.

A flag column is an int64; a galaxy with flags 0 has nothing to report. Bits up to ``PADDED`` and ``FILLED_PIXELS`` are
set while images are read, the others by inference. The numbers are written into catalogues, so a bit keeps its meaning
for ever: new ones are added at the end.
"""

import enum

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["Flag", "describe", "is_unmeasurable"]


class Flag(enum.IntFlag):
    """Bits of the ``flags`` column.

    ``Flag.UNMEASURABLE`` holds those whose row has NaN in place of values. Iterating over the class gives the single
    bits, without that mask.
    """

    #: Pixels that are NaN or infinite. Not measured: a value in their place would be an invention. (Where the network
    #: fills in lost pixels, see FILLED_PIXELS, this and the next two are not set.)
    NONFINITE_PIXELS = 1 << 0
    #: Pixels that a mask marks as bad. Not measured, for the same reason.
    MASKED_PIXELS = 1 << 1
    #: Pixels at or above the saturation level, where the light is not counted. Not measured.
    SATURATED_PIXELS = 1 << 2
    #: All pixels equal (all zero, say): there is no image. Not measured.
    EMPTY_IMAGE = 1 << 3
    #: Not an image of the model's shape: wrong number of axes or bands, or smaller than the frame. Not measured.
    WRONG_SHAPE = 1 << 4
    #: The file is missing, truncated, or not of a kind that can be read. Not measured.
    UNREADABLE = 1 << 5
    #: The pixel scale differs from the model's. Not measured.
    WRONG_PIXEL_SCALE = 1 << 6
    #: The pixel unit is unknown or is no flux per pixel. Not measured.
    WRONG_UNIT = 1 << 7
    #: Information: the image was larger than the frame, and its centre was taken.
    CROPPED = 1 << 8
    #: Information: the image was smaller than the frame, and zeros were set around it as asked.
    PADDED = 1 << 9
    #: No value could be had for another reason, which the ``reason`` column gives.
    NOT_MEASURED = 1 << 10
    #: A predicted parameter lies at the edge of what the model was trained on, or beyond.
    EXTRAPOLATED = 1 << 11
    #: The image is unlike the training images in the network's own features.
    OUT_OF_DISTRIBUTION = 1 << 12
    #: The galaxy's light reaches the edge of the frame.
    CUT_BY_FRAME = 1 << 13
    #: Another bright source lies in the frame.
    BRIGHT_NEIGHBOUR = 1 << 14
    #: Information: pixels were lost (NaN, masked or saturated), and the network, which can, filled them in.
    FILLED_PIXELS = 1 << 15

    #: Mask of the bits that mean "no measurement".
    UNMEASURABLE = (
        NONFINITE_PIXELS
        | MASKED_PIXELS
        | SATURATED_PIXELS
        | EMPTY_IMAGE
        | WRONG_SHAPE
        | UNREADABLE
        | WRONG_PIXEL_SCALE
        | WRONG_UNIT
        | NOT_MEASURED
    )


_NAMED = sum(int(bit) for bit in Flag)


def describe(flag: int) -> str:
    """Names of the bits that are set.

    Parameters
    ----------
    flag : int or Flag

    Returns
    -------
    str
        For example ``"NONFINITE_PIXELS | CROPPED"``; ``""`` for 0.

    Raises
    ------
    ValueError
        If a bit is set that has no name: the value was not written by this version or an earlier one.
    """
    flag = int(flag)
    unknown = flag & ~_NAMED
    if unknown:
        raise ValueError(
            f"flags {flag}: bits {unknown:#x} have no name; those known are {_NAMED:#x}. "
            "The value was written by a newer version, or is no flag."
        )
    return " | ".join(str(bit.name) for bit in Flag if bit & flag)


def is_unmeasurable(flags: ArrayLike) -> np.ndarray:
    """Whether each row's flags mean "no measurement".

    Parameters
    ----------
    flags : int or integer array of any shape

    Returns
    -------
    bool array of the same shape
    """
    return (np.asarray(flags, np.int64) & int(Flag.UNMEASURABLE)) != 0
