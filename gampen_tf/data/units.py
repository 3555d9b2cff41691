"""Flux units of pixels as AB zero points."""

import functools
import math

from ..core.flags import Flag
from ..core.known_parameters import NANOJANSKY_ZERO_POINT
from ..io.quiet import quiet_astropy
from .refusal import Refusal

__all__ = ["UnknownUnit", "unit_zero_point"]

_COUNTS = {"count", "counts", "ct", "adu", "dn", "electron", "electrons", "e-", "e", "photon", "photons", "ph", ""}
_MAGGIES = {"maggy": 0.0, "maggies": 0.0, "mgy": 0.0, "nanomaggy": 22.5, "nanomaggies": 22.5, "nmgy": 22.5}


class UnknownUnit(Refusal):
    """A unit string that cannot be understood."""


@functools.lru_cache(maxsize=256)
def unit_zero_point(unit: str, pixel_scale: float) -> float | None:
    """AB magnitude of one unit of flux.

    Parameters
    ----------
    unit : str
        A flux unit as astropy writes it (``"nJy"``, ``"erg / (s cm2 Hz)"``), per pixel or per solid angle
        (``"MJy/sr"``) or not; ``"nanomaggy"``; or one of counts (``"adu"``, ``"electron/s"`` …).
    pixel_scale : float
        In arcsec: the pixel's area makes a flux of a surface brightness.

    Returns
    -------
    float or None
        None for counts, whose zero point must come from elsewhere.

    Raises
    ------
    UnknownUnit
        If it cannot be understood.
    Refusal
        If it is no flux.
    """
    from astropy import units as u

    text = unit.strip()
    if text.lower() in _MAGGIES:
        return _MAGGIES[text.lower()]
    head = text.lower().replace(" ", "").replace("/pixel", "").replace("/pix", "")
    for per_second in ("/sec", "/s", "s-1", ".s**-1", "*s**-1", "s^-1"):
        head = head.removesuffix(per_second)
    if head in _COUNTS:
        return None
    try:
        with quiet_astropy():
            flux = u.Unit(text, parse_strict="raise")
    except (ValueError, TypeError):
        flux = None
    else:
        area = (pixel_scale * u.arcsec) ** 2
        for quantity in (1 * flux, 1 * flux * u.pix, flux * area):
            try:
                return NANOJANSKY_ZERO_POINT - 2.5 * math.log10(quantity.to_value(u.nJy))
            except (u.UnitConversionError, TypeError, ValueError, AttributeError):
                continue
    advice = "Pass unit= (for example 'nJy'), or zero_point= (the AB magnitude of one pixel unit)."
    if flux is None:
        raise UnknownUnit(Flag.WRONG_UNIT, f"pixel unit {unit!r} is not known. {advice}")
    raise Refusal(Flag.WRONG_UNIT, f"pixel unit {unit!r} is no flux in a pixel. {advice}")
