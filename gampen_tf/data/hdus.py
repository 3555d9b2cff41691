"""Choice of the HDUs of a FITS file that hold the image and its mask."""

from __future__ import annotations

from ..core.flags import Flag
from .dialects import HeaderDialect, dialect_of
from .refusal import Refusal

__all__ = ["choose_hdu", "image_hdus", "mask_of"]


def choose_hdu(hdus, selector: int | str | None = None, dialect: HeaderDialect | None = None):
    """The image HDU of an open file.

    The one of a number or name; if none is given: the primary HDU, if it holds an image; else the first extension with
    a name of the science images (``SCI``, ``IMAGE``); else the only image extension that is not named as a mask, a
    variance, a weight, a PSF ….

    Parameters
    ----------
    hdus : astropy.io.fits.HDUList
    selector : int or str, optional
    dialect : HeaderDialect, optional
        That of the primary header if not given.

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
    dialect = dialect_of(hdus[0].header) if dialect is None else dialect
    for name in dialect.science:
        for hdu in images:
            if hdu.name.upper() == name:
                return hdu
    candidates = [hdu for hdu in images if not _is_companion(hdu, dialect)]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise Refusal(Flag.UNREADABLE, f"no image in it; there are {_listing(hdus)}")
    raise Refusal(
        Flag.UNREADABLE,
        f"{len(candidates)} images in it, and none is named SCI or IMAGE: choose one as "
        f"path[EXT] (of an open file: file[EXT]), or all as path[*]; there are {_listing(hdus)}",
    )


def image_hdus(hdus, dialect: HeaderDialect | None = None) -> list[int]:
    """Numbers of the HDUs of an open file that hold images, masks and the like left out."""
    dialect = dialect_of(hdus[0].header) if dialect is None else dialect
    return [number for number, hdu in enumerate(hdus) if _is_image(hdu) and not _is_companion(hdu, dialect)]


def mask_of(hdus, image, dialect: HeaderDialect | None = None):
    """The HDU that marks bad pixels of an image, of its shape and ``EXTVER``; None where there is none."""
    dialect = dialect_of(hdus[0].header) if dialect is None else dialect
    version = image.header.get("EXTVER", 1)
    for hdu in hdus:
        if (
            hdu is not image
            and hdu.name.upper() in dialect.masks
            and _is_image(hdu)
            and hdu.header.get("EXTVER", 1) == version
            and hdu.shape == image.shape[-2:]
        ):
            return hdu
    return None


def _is_image(hdu):
    return getattr(hdu, "is_image", False) and len(getattr(hdu, "shape", ())) >= 1 and hdu.header.get("NAXIS", 0) > 0


def _is_companion(hdu, dialect):
    return hdu.name.upper() in dialect.masks or hdu.name.upper().startswith(dialect.companions)


def _listing(hdus):
    return ", ".join(f"{number}: {hdu.name or type(hdu).__name__}" for number, hdu in enumerate(hdus[:12])) + (
        ", …" if len(hdus) > 12 else ""
    )
