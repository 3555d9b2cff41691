"""The reason why one image cannot be measured, and the check of its pixels."""

import numpy as np

from ..core.flags import Flag

__all__ = ["Refusal", "check_pixels"]


def check_pixels(data, mask=None, saturated=None, saturation=None):
    """Refuse an image with a bad pixel: not finite, masked or saturated; and one whose pixels are all equal.

    One bad pixel is enough: the network takes every pixel of the frame for light, and any value put in its place would
    be invented. An image that is to be measured all the same must be repaired, or its mask dropped, beforehand.

    Parameters
    ----------
    data : (h, w, C) array
        The part that the network will see, in the image's own unit.
    mask, saturated : (h, w) bool array, optional
    saturation : float, optional
        Level in the image's own unit.

    Raises
    ------
    Refusal
        With all the bits that apply: ``NONFINITE_PIXELS``, ``MASKED_PIXELS``, ``SATURATED_PIXELS``, ``EMPTY_IMAGE``.
    """
    if data.dtype.kind not in "fiu":
        raise Refusal(Flag.UNREADABLE, f"pixels of type {data.dtype}, expected real numbers")
    flags, reasons = Flag(0), []

    def count(bit, bad, words):
        nonlocal flags
        number = int(np.count_nonzero(bad))
        if number:
            flags |= bit
            reasons.append(f"{number} of {np.size(bad)} pixels {words}")

    finite = np.isfinite(data)
    count(Flag.NONFINITE_PIXELS, ~finite, "NaN or infinite")
    if mask is not None:
        count(Flag.MASKED_PIXELS, mask, "masked")
    if saturated is not None:
        count(Flag.SATURATED_PIXELS, saturated, "marked as saturated")
    if saturation is not None:
        count(Flag.SATURATED_PIXELS, data >= saturation, f"at or above the saturation level {saturation:g}")
    if finite.all() and data.min() == data.max():
        flags |= Flag.EMPTY_IMAGE
        reasons.append(f"all pixels are {data.flat[0]:g}: there is no image")
    if flags:
        raise Refusal(flags, "; ".join(reasons))


class Refusal(Exception):
    """Error of one image, which becomes its flag and reason and does not end the run.

    Parameters
    ----------
    flag : gampen_tf.core.Flag
    reason : str
        What was expected, what was found, what to do. The image's name is not part of it.
    """

    def __init__(self, flag, reason):
        super().__init__(reason)
        self.flag = flag
        self.reason = reason
