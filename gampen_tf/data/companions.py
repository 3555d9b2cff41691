"""What stands beside an image in its FITS file: bad pixels and the variance."""

from __future__ import annotations

import numpy as np

from .dialects import HeaderDialect
from .hdus import companion_of

__all__ = ["add_companions", "marked_pixels"]


def add_companions(raw, hdus, image, window, dialect: HeaderDialect, bad_bits: int | None = None):
    """Add to an image what its file holds of bad pixels and of the variance.

    Parameters
    ----------
    raw : RawImage
        Gets its ``mask``, ``saturated``, ``doubtful`` and ``variance``, where there are extensions of them.
    hdus : astropy.io.fits.HDUList
    image : HDU
        Of the image.
    window : tuple of slice
        The part of it that was read.
    dialect : HeaderDialect
    bad_bits : int, optional
        See :func:`marked_pixels`. 0 ignores masks and weights.
    """

    def part_of(names):
        hdu = companion_of(hdus, image, names)
        if hdu is None:
            return None, None
        pixels = np.asarray(hdu.section[window[-len(hdu.shape) :]])
        return pixels.reshape(-1, *pixels.shape[-2:]), hdu.header

    weights, _ = part_of(dialect.inverse_variances)
    for names, power in ((dialect.variances, 1), (dialect.deviations, 2)):
        pixels, _ = part_of(names)
        if pixels is not None and raw.variance is None:
            raw.variance = pixels[0].astype(np.float64) ** power
    if weights is not None and raw.variance is None:
        with np.errstate(divide="ignore"):
            raw.variance = 1 / weights[0].astype(np.float64)
    if bad_bits == 0:
        return
    pixels, header = part_of(dialect.masks)
    if pixels is not None:
        marked = marked_pixels(pixels, header, dialect, bad_bits)
        raw.mask, raw.saturated, raw.doubtful = (None if one is None else one.any(axis=0) for one in marked)
    for pixels in (weights, part_of(dialect.weights)[0]):
        if pixels is not None:
            without_data = (pixels == 0).any(axis=0)
            raw.mask = without_data if raw.mask is None else raw.mask | without_data


def marked_pixels(mask, header, dialect: HeaderDialect, bad_bits: int | None = None):
    """Pixels that a mask marks as bad, saturated and doubtful; None for kinds that its dialect does not know.

    Parameters
    ----------
    mask : array
    header : mapping
        Of the mask, which may number its planes.
    dialect : HeaderDialect
    bad_bits : int, optional
        Bits that make a pixel unusable, in place of those of the dialect.
    """
    if mask.dtype.kind not in "iu":
        mask = (mask != 0).astype(np.int64)
    planes = {}
    if dialect.plane_prefix:
        planes = {keyword: 1 << int(header[keyword]) for keyword in header if keyword.startswith(dialect.plane_prefix)}
    if planes:
        bad, saturated, doubtful = (
            sum(planes.get(name, 0) for name in names)
            for names in (dialect.bad_planes, dialect.saturated_planes, dialect.doubtful_planes)
        )
    else:
        bad, saturated, doubtful = dialect.bad_bits, dialect.saturated_bits, dialect.doubtful_bits
    if bad_bits is not None:
        bad, saturated, doubtful = bad_bits, saturated & bad_bits, 0
    return (
        _any_of(mask, bad & ~saturated),
        _any_of(mask, saturated) if saturated else None,
        _any_of(mask, doubtful) if doubtful else None,
    )


def _any_of(mask, bits):
    return (mask.astype(np.int64) & bits) != 0
