"""Stamps of PSFs as networks take them: of one size, of sum 1, zeros where there is none."""

import numpy as np

from .image_spec import centre_start

__all__ = ["about_centre", "with_unit_sum"]


def with_unit_sum(stamps):
    """Divide each stamp by its sum.

    Parameters
    ----------
    stamps : (..., h, w) array

    Returns
    -------
    (..., h, w) float32 array
        Zeros for a stamp whose sum is not finite or not positive: there is no PSF in it.
    """
    total = np.sum(stamps, axis=(-2, -1), keepdims=True, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.isfinite(total) & (total > 0), stamps / total, 0.0).astype(np.float32)


def about_centre(stamps, shape):
    """Stamps (..., h, w) cut, or padded with zeros, to another shape about their centre; sides keep their parity."""
    for axis, size in zip((-2, -1), shape, strict=True):
        start = centre_start(stamps.shape[axis], size)
        if start > 0:
            stamps = np.take(stamps, range(start, start + size), axis=axis)
        elif start < 0:
            margins = [(0, 0)] * stamps.ndim
            margins[axis] = (-start, size - stamps.shape[axis] + start)
            stamps = np.pad(stamps, margins)
    return stamps
