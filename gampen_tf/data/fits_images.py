"""One image out of a FITS file, with what stands beside it."""

from __future__ import annotations

import re

import numpy as np

from ..core.flags import Flag
from ..io.quiet import quiet_astropy
from .bands import one_band
from .companions import add_companions
from .dialects import HeaderDialect
from .hdus import choose_hdu, file_dialect, image_hdus
from .headers import raw_from_header
from .image_source import RawImage
from .image_spec import ImageSpec, centre_start
from .refusal import Refusal
from .registry import ReadingOptions

__all__ = ["image_hdu_numbers", "is_fits", "read_fits", "split_selector"]

_SUFFIX = re.compile(r"\.(fits|fit|fts)(\.(gz|fz|bz2))?$|\.fz$", re.IGNORECASE)


def is_fits(path) -> bool:
    """Whether a file's name is that of a FITS file, compressed or not."""
    return bool(_SUFFIX.search(str(path)))


def split_selector(path) -> tuple[str, int | str | None]:
    """``"a.fits[SCI]"`` → ``("a.fits", "SCI")``; ``"a.fits[2]"`` → ``("a.fits", 2)``; no selector gives None."""
    match = re.fullmatch(r"(.+?\.[^\[\]]*)\[([^\[\]]+)\]", str(path))
    if not match:
        return str(path), None
    selector = match[2].strip()
    return match[1], int(selector) if selector.isdigit() else selector


def read_fits(path, spec: ImageSpec, hdu: int | str | None, options: ReadingOptions) -> RawImage:
    """Read one image; of one larger than the frame, the centre alone.

    The HDU is that of :func:`~.hdus.choose_hdu`. Zero point, unit and saturation are looked for in its header, then in
    the primary one. Extensions named as a mask, a variance or a weight (see `HeaderDialect`), of the same shape and
    ``EXTVER``, tell of its pixels: see :func:`~.companions.add_companions`.

    Parameters
    ----------
    path : path
    spec : ImageSpec
    hdu : int, str or None
    options : ReadingOptions
        Those of one file: ``bad_bits``, ``dialect``, ``band``, ``bands``.

    Returns
    -------
    RawImage

    Raises
    ------
    Refusal
        If there is no such file, or it does not hold such an image.
    """
    from astropy.io import fits

    try:
        # Opened here, because astropy leaves a file that it cannot read open.
        with quiet_astropy(), open(path, "rb") as file, fits.open(file, memmap=False) as hdus:
            image = choose_hdu(hdus, hdu, options.dialect, options.band)
            dialect = file_dialect(hdus, image) if options.dialect is None else options.dialect
            window, origin = _window(image.shape, spec)
            if spec.image_shape[2] == 1:
                window = one_band(image, hdus[0].header, window, dialect, options)
            data = np.asarray(image.section[window])
            if origin is not None:
                _check_not_truncated(image)
            raw = raw_from_header(_channels_last(data, spec), image.header, hdus[0].header, dialect)
            raw.origin = origin
            add_companions(raw, hdus, image, window, dialect, options.bad_bits)
            return raw
    except Refusal:
        raise
    except FileNotFoundError:
        raise Refusal(Flag.UNREADABLE, "no such file") from None
    except Exception as error:  # what a damaged file does to its reader has no common class
        text = " ".join(str(error).split()) or type(error).__name__
        raise Refusal(Flag.UNREADABLE, f"not a readable FITS image ({text})") from None


def image_hdu_numbers(path, dialect: HeaderDialect | None = None) -> list[int]:
    """Numbers of the HDUs of a file that hold images, masks and the like left out."""
    from astropy.io import fits

    with quiet_astropy(), fits.open(path, memmap=False) as hdus:
        return image_hdus(hdus, dialect)


def _window(shape, spec):
    # Slices of the centre of the last two axes of a larger image, so that a whole tile is never in memory.
    if len(shape) < 2:
        raise Refusal(Flag.WRONG_SHAPE, f"image with {len(shape)} axis, expected 2")
    sizes = [min(size, new) for size, new in zip(shape[-2:], spec.image_shape[:2], strict=True)]
    starts = [max(centre_start(size, new), 0) for size, new in zip(shape[-2:], spec.image_shape[:2], strict=True)]
    window = tuple(slice(start, start + size) for start, size in zip(starts, sizes, strict=True))
    whole = tuple(shape[-2:]) == tuple(sizes)
    return (slice(None),) * (len(shape) - 2) + window, None if whole else tuple(starts)


def _check_not_truncated(hdu):
    # The centre of a truncated file may still be there; but a file cut short in copying is not to be trusted.
    place = hdu.fileinfo()
    size = place["datSpan"] - 2880 + 1 if hasattr(hdu, "compression_type") else hdu.size
    place["file"].seek(place["datLoc"] + size - 1)
    if not place["file"].read(1):
        raise Refusal(Flag.UNREADABLE, "the file is truncated: its last pixels are missing")


def _channels_last(data, spec):
    # FITS cubes hold one image a band: (C, h, w); axes of length 1 before them are no bands.
    while data.ndim > 3 and data.shape[0] == 1:
        data = data[0]
    if data.ndim == 2:
        return data[..., None]
    if data.ndim == 3:
        return np.moveaxis(data, 0, -1)
    raise Refusal(
        Flag.WRONG_SHAPE,
        f"image of shape {data.shape}, expected "
        f"{spec.image_shape[:2]} or {spec.image_shape[2:] + spec.image_shape[:2]}",
    )
