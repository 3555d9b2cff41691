"""Choice of the HDUs of a FITS file that hold the image, its mask and its variance."""

from __future__ import annotations

import re

from ..core.flags import Flag
from .dialects import DIALECTS, GENERIC, HeaderDialect, dialect_of
from .refusal import Refusal

__all__ = ["choose_hdu", "companion_of", "file_dialect", "image_hdus"]


def file_dialect(hdus, image=None) -> HeaderDialect:
    """The dialect that a file shows by the headers of its image and masks, or by the names of its extensions.

    Parameters
    ----------
    hdus : astropy.io.fits.HDUList
    image : HDU, optional
        The one that was chosen, whose header is asked first.
    """
    names = [hdu.name.upper() for hdu in hdus]
    telling = {name for dialect in DIALECTS.values() for name in (*dialect.science, *dialect.masks)}
    # of many images the first tells for all
    asked = [hdus[0], *(hdus[names.index(name)] for name in sorted(telling.intersection(names)))]
    asked = asked if image is None else [image, *asked]
    for hdu in {id(hdu): hdu for hdu in asked}.values():
        found = dialect_of(hdu.header, names)
        if found is not GENERIC:
            return found
    return GENERIC


def choose_hdu(hdus, selector: int | str | None = None, dialect: HeaderDialect | None = None, band: str | None = None):
    """The image HDU of an open file.

    The one of a number or name; if none is given: the only one whose name or header has the band; else the primary
    HDU, if it holds an image; else the first extension with a name of the science images (``SCI``, ``IMAGE``); else the
    only image extension that is not named as a mask, a variance, a weight, a PSF ….

    Parameters
    ----------
    hdus : astropy.io.fits.HDUList
    selector : int or str, optional
    dialect : HeaderDialect, optional
        That which the file shows if not given.
    band : str, optional

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
    if band is None and _is_image(hdus[0]):
        return hdus[0]
    images = [hdu for hdu in hdus if _is_image(hdu)]
    dialect = file_dialect(hdus) if dialect is None else dialect
    candidates = [hdu for hdu in images if not _is_companion(hdu, dialect)]
    if band is not None:
        of_band = [hdu for hdu in candidates if _is_of_band(hdu, band, dialect)]
        if len(of_band) == 1:
            return of_band[0]
        if _is_image(hdus[0]):
            return hdus[0]
    for name in dialect.science:
        for hdu in images:
            if hdu.name.upper() == name:
                return hdu
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise Refusal(Flag.UNREADABLE, f"no image in it; there are {_listing(hdus)}")
    where = "" if band is None else f" or of band {band!r} alone"
    raise Refusal(
        Flag.UNREADABLE,
        f"{len(candidates)} images in it, and none is named SCI or IMAGE{where}: choose one as "
        f"path[EXT] (of an open file: file[EXT]) or by band=, or all as path[*]; there are {_listing(hdus)}",
    )


def image_hdus(hdus, dialect: HeaderDialect | None = None) -> list[int]:
    """Numbers of the HDUs of an open file that hold images, masks and the like left out."""
    dialect = file_dialect(hdus) if dialect is None else dialect
    return [number for number, hdu in enumerate(hdus) if _is_image(hdu) and not _is_companion(hdu, dialect)]


def companion_of(hdus, image, names):
    """The HDU with one of some names that belongs to an image, by its shape and ``EXTVER``; None where there is none.

    Parameters
    ----------
    hdus : astropy.io.fits.HDUList
    image : HDU
    names : tuple of str
        Such as `HeaderDialect.masks`. Beside a cube it may be of one band, or a cube too.
    """
    version = image.header.get("EXTVER", 1)
    for hdu in hdus:
        if (
            hdu is not image
            and hdu.name.upper() in names
            and _is_image(hdu)
            and hdu.header.get("EXTVER", 1) == version
            and hdu.shape in (image.shape[-2:], image.shape)
        ):
            return hdu
    return None


def _is_image(hdu):
    return getattr(hdu, "is_image", False) and len(getattr(hdu, "shape", ())) >= 1 and hdu.header.get("NAXIS", 0) > 0


def _is_companion(hdu, dialect):
    return hdu.name.upper() in dialect.masks or hdu.name.upper().startswith(dialect.companions)


def _is_of_band(hdu, band, dialect):
    """Whether a word of the name, or of a keyword such as FILTER, is the band: HSC-R, IMAGE_R, r DECam."""
    texts = [hdu.name, *(str(hdu.header.get(keyword, "")) for keyword in dialect.band)]
    return any(band.lower() in {text.lower(), *re.split(r"[\s_.-]+", text.lower())} for text in texts)


def _listing(hdus):
    return ", ".join(f"{number}: {hdu.name or type(hdu).__name__}" for number, hdu in enumerate(hdus[:12])) + (
        ", …" if len(hdus) > 12 else ""
    )
