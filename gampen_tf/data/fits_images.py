"""One image out of a FITS file: which HDU, which pixels, what its header and its mask say."""

import re

import numpy as np

from ..core.flags import Flag
from ..io.quiet import quiet_astropy
from .frame import RawImage, centre_start
from .photometry import header_pixel_scale, header_saturation, header_unit, header_zero_point
from .refusal import Refusal

__all__ = ["choose_hdu", "image_hdu_numbers", "is_fits", "raw_from_header", "read_fits", "split_selector"]

_SUFFIX = re.compile(r"\.(fits|fit|fts)(\.(gz|fz|bz2))?$|\.fz$", re.IGNORECASE)
_SCIENCE_NAMES = ("SCI", "IMAGE", "SCIENCE")
_MASK_NAMES = ("DQ", "MASK", "BADPIX", "BPM")
_OTHER_NAMES = re.compile(
    r"(ERR|VAR|VARIANCE|WHT|WEIGHT|IVAR|INVVAR|EXP|CTX|CON|RMS|UNC|PSF|SEG|BKG|BACKGROUND)", re.IGNORECASE
)
# Planes of LSST and HSC masks that make a pixel unusable; the others (DETECTED, say) are information.
_BAD_PLANES = ("MP_BAD", "MP_NO_DATA", "MP_UNMASKEDNAN")
_SATURATED_PLANES = ("MP_SAT",)


def is_fits(path):
    """Whether a file's name is that of a FITS file, compressed or not."""
    return bool(_SUFFIX.search(str(path)))


def split_selector(path):
    """``"a.fits[SCI]"`` → ``("a.fits", "SCI")``; ``"a.fits[2]"`` → ``("a.fits", 2)``; no selector gives None."""
    match = re.fullmatch(r"(.+?\.[^\[\]]*)\[([^\[\]]+)\]", str(path))
    if not match:
        return str(path), None
    selector = match[2].strip()
    return match[1], int(selector) if selector.isdigit() else selector


def read_fits(path, frame, hdu=None, bad_bits=None):
    """Read one image; of one larger than the frame, the centre alone.

    The image is that of HDU ``hdu`` (number or name) or, if not given: the primary HDU, if it holds an image; else the
    first extension named ``SCI``, ``IMAGE`` or ``SCIENCE``; else the only image extension that is not named as a mask,
    a variance, a weight, a PSF …. Zero point, unit and saturation are looked for in its header, then in the primary
    one. An extension named ``DQ``, ``MASK``, ``BADPIX`` or ``BPM`` of the same shape (and the same ``EXTVER``) marks
    bad pixels: any bit of ``bad_bits``; by default every bit, and for masks whose header names their planes as LSST
    and HSC do, ``BAD``, ``NO_DATA`` and ``SAT``.

    Parameters
    ----------
    path : path
    frame : Frame
    hdu : int or str, optional
    bad_bits : int, optional
        0 ignores the mask.

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
            image = choose_hdu(hdus, hdu)
            window, origin = _window(image.shape, frame)
            data = np.asarray(image.section[window])
            if origin is not None:
                _check_not_truncated(image)
            raw = raw_from_header(_channels_last(data, frame), image.header, hdus[0].header)
            raw.origin = origin
            mask = _mask_of(hdus, image) if bad_bits != 0 else None
            if mask is not None:
                _apply_mask(raw, np.asarray(mask.section[window[-2:]]), mask.header, bad_bits)
            return raw
    except Refusal:
        raise
    except FileNotFoundError:
        raise Refusal(Flag.UNREADABLE, "no such file") from None
    except Exception as error:  # what a damaged file does to its reader has no common class
        text = " ".join(str(error).split()) or type(error).__name__
        raise Refusal(Flag.UNREADABLE, f"not a readable FITS image ({text})") from None


def raw_from_header(data, header, primary=None):
    """A :class:`RawImage` with what a header says of the pixels.

    Parameters
    ----------
    data : (h, w, C) array
    header : mapping
        A FITS header, or anything with ``get`` and ``in``.
    primary : mapping, optional
        Asked for what ``header`` does not say.
    """
    found = {
        "unit": header_unit,
        "zero_point": header_zero_point,
        "saturation": header_saturation,
        "pixel_scale": header_pixel_scale,
    }
    quick = _Lookup(header)
    values = {name: read(quick) for name, read in found.items()}
    if primary is not None and primary is not header and None in values.values():
        quick = _Lookup(primary)
        values = {name: found[name](quick) if value is None else value for name, value in values.items()}
    return RawImage(data, header=header, **values)


class _Lookup:
    """A header that is quick to say no: astropy takes its time over a keyword that is not there, and most are not."""

    def __init__(self, header):
        self._header, self._keywords = header, set(header)

    def __contains__(self, keyword):
        return keyword in self._keywords

    def get(self, keyword, default=None):
        return self._header[keyword] if keyword in self._keywords else default


def image_hdu_numbers(path):
    """Numbers of the HDUs of a file that hold images, masks and the like left out."""
    from astropy.io import fits

    with quiet_astropy(), fits.open(path, memmap=False) as hdus:
        return [number for number, hdu in enumerate(hdus) if _is_image(hdu) and not _is_companion(hdu)]


def choose_hdu(hdus, selector=None):
    """The image HDU of an open file, as :func:`read_fits` says.

    Raises
    ------
    Refusal
        Listing the HDUs that there are.
    """
    if selector is not None:
        try:
            chosen = hdus[selector]
        except (KeyError, IndexError):
            raise Refusal(Flag.UNREADABLE, f"no HDU {selector!r}; there are {_listing(hdus)}") from None
        if not _is_image(chosen):
            raise Refusal(Flag.UNREADABLE, f"HDU {selector!r} holds no image; there are {_listing(hdus)}")
        return chosen
    if _is_image(hdus[0]):
        return hdus[0]
    images = [hdu for hdu in hdus if _is_image(hdu)]
    for name in _SCIENCE_NAMES:
        for hdu in images:
            if hdu.name.upper() == name:
                return hdu
    candidates = [hdu for hdu in images if not _is_companion(hdu)]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise Refusal(Flag.UNREADABLE, f"no image in it; there are {_listing(hdus)}")
    raise Refusal(
        Flag.UNREADABLE,
        f"{len(candidates)} images in it, and none is named SCI or IMAGE: choose one by "
        f"hdu= or as path[EXT], or all as path[*]; there are {_listing(hdus)}",
    )


def _is_image(hdu):
    return getattr(hdu, "is_image", False) and len(getattr(hdu, "shape", ())) >= 1 and hdu.header.get("NAXIS", 0) > 0


def _is_companion(hdu):
    return hdu.name.upper() in _MASK_NAMES or bool(_OTHER_NAMES.match(hdu.name))


def _listing(hdus):
    return ", ".join(f"{number}: {hdu.name or type(hdu).__name__}" for number, hdu in enumerate(hdus[:12])) + (
        ", …" if len(hdus) > 12 else ""
    )


def _window(shape, frame):
    # Slices of the centre of the last two axes of a larger image, so that a whole tile is never in memory.
    if len(shape) < 2:
        raise Refusal(Flag.WRONG_SHAPE, f"image with {len(shape)} axis, expected 2")
    sizes = [min(size, new) for size, new in zip(shape[-2:], frame.image_shape[:2], strict=True)]
    starts = [max(centre_start(size, new), 0) for size, new in zip(shape[-2:], frame.image_shape[:2], strict=True)]
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


def _channels_last(data, frame):
    # FITS cubes hold one image a band: (C, h, w); axes of length 1 before them say nothing.
    while data.ndim > 3 and data.shape[0] == 1:
        data = data[0]
    if data.ndim == 2:
        return data[..., None]
    if data.ndim == 3:
        return np.moveaxis(data, 0, -1)
    raise Refusal(
        Flag.WRONG_SHAPE,
        f"image of shape {data.shape}, expected "
        f"{frame.image_shape[:2]} or {frame.image_shape[2:] + frame.image_shape[:2]}",
    )


def _mask_of(hdus, image):
    version = image.header.get("EXTVER", 1)
    for hdu in hdus:
        if (
            hdu is not image
            and hdu.name.upper() in _MASK_NAMES
            and _is_image(hdu)
            and hdu.header.get("EXTVER", 1) == version
            and hdu.shape == image.shape[-2:]
        ):
            return hdu
    return None


def _apply_mask(raw, mask, header, bad_bits):
    if mask.dtype.kind not in "iu":
        mask = (mask != 0).astype(np.int64)
    planes = {keyword: 1 << int(header[keyword]) for keyword in header if keyword.startswith("MP_")}
    saturated = sum(planes.get(name, 0) for name in _SATURATED_PLANES)
    if bad_bits is None:
        bad_bits = sum(planes.get(name, 0) for name in _BAD_PLANES) if planes else -1
    else:
        saturated &= bad_bits
    raw.mask = (mask & (bad_bits & ~saturated)) != 0
    raw.saturated = (mask & saturated) != 0 if saturated else None
