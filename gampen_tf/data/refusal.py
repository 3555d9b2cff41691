"""The reason why one image cannot be measured, and the check of its pixels."""

import numpy as np

from ..core.flags import Flag

__all__ = ["Refusal", "check_pixels", "lost_pixels"]


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
    _check_kind(data)
    flags, reasons = Flag(0), []
    for bit, bad, words in _bad_pixels(data, mask, saturated, saturation):
        number = int(np.count_nonzero(bad))
        if number:
            flags |= bit
            reasons.append(f"{number} of {np.size(bad)} pixels {words}")
    if np.isfinite(data).all() and data.min() == data.max():
        flags |= Flag.EMPTY_IMAGE
        reasons.append(f"all pixels are {data.flat[0]:g}: there is no image")
    if flags:
        raise Refusal(flags, "; ".join(reasons))


def lost_pixels(data, mask=None, saturated=None, saturation=None):
    """Pixels that `check_pixels` refuses, for models that fill them in.

    Parameters
    ----------
    data, mask, saturated, saturation
        As for `check_pixels`.

    Returns
    -------
    (h, w) bool array
        True where a pixel is lost in any band.

    Raises
    ------
    Refusal
        ``EMPTY_IMAGE`` where all the other pixels are equal, ``UNREADABLE`` where they are no real numbers.
    """
    _check_kind(data)
    lost = np.zeros(data.shape[:2], bool)
    for _, bad, _ in _bad_pixels(data, mask, saturated, saturation):
        lost |= bad if bad.ndim == 2 else bad.any(axis=2)
    good = data[~lost]
    if good.size and good.min() == good.max():
        raise Refusal(Flag.EMPTY_IMAGE, f"all pixels are {good.flat[0]:g}: there is no image")
    return lost


def _check_kind(data):
    if data.dtype.kind not in "fiu":
        raise Refusal(Flag.UNREADABLE, f"pixels of type {data.dtype}, expected real numbers")


def _bad_pixels(data, mask, saturated, saturation):
    """Yield kinds of bad pixels: the bit, (h, w) or (h, w, C) booleans, and words for it."""
    yield Flag.NONFINITE_PIXELS, ~np.isfinite(data), "NaN or infinite"
    if mask is not None:
        yield Flag.MASKED_PIXELS, mask.astype(bool), "masked"
    if saturated is not None:
        yield Flag.SATURATED_PIXELS, saturated.astype(bool), "marked as saturated"
    if saturation is not None:
        yield Flag.SATURATED_PIXELS, data >= saturation, f"at or above the saturation level {saturation:g}"


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
