"""What a header says of an image: flux unit, zero point, pixel scale, saturation level."""

import functools
import math

from ..core.flags import Flag
from ..io.quiet import quiet_astropy
from .refusal import Refusal

__all__ = [
    "UnknownUnit",
    "header_pixel_scale",
    "header_saturation",
    "header_unit",
    "header_zero_point",
    "unit_zero_point",
]

NANOJANSKY_ZERO_POINT = 31.4
"""AB magnitude of 1 nJy (Oke & Gunn 1983, 3631 Jy for magnitude 0)."""
# Tried in this order. PHOTZPT is not among them: in HST headers it is the zero point of the ST magnitudes.
_ZERO_POINT_KEYWORDS = ("MAGZERO", "MAGZPT", "MAGZP", "PHOTZP", "ZEROPNT", "ZPT")
_PIXEL_SCALE_KEYWORDS = ("PIXSCALE", "PIXELSCL", "SECPIX", "SECPIX1", "GS_SCALE")
_COUNTS = {"count", "counts", "ct", "adu", "dn", "electron", "electrons", "e-", "e", "photon", "photons", "ph", ""}
_MAGGIES = {"maggy": 0.0, "maggies": 0.0, "mgy": 0.0, "nanomaggy": 22.5, "nanomaggies": 22.5, "nmgy": 22.5}
_CELESTIAL = ("RA--", "DEC-", "GLON", "GLAT", "ELON", "ELAT")


class UnknownUnit(Refusal):
    """A unit string that cannot be understood."""


def _number(header, keyword):
    value = header.get(keyword)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def header_unit(header):
    """``BUNIT`` as a string, or None where there is none."""
    unit = header.get("BUNIT")
    return str(unit).strip() or None if unit is not None else None


def header_zero_point(header):
    """AB magnitude of one pixel unit, or None where the header does not say.

    From ``FLUXMAG0`` (pixel value of magnitude 0, as in HSC images), from one of ``MAGZERO``, ``MAGZPT``, ``MAGZP``,
    ``PHOTZP``, ``ZEROPNT``, ``ZPT`` (an exact 0 is a placeholder), or from ``PHOTFLAM`` and ``PHOTPLAM``
    (Sirianni et al. 2005, § 3.1).
    """
    flux_of_zero = _number(header, "FLUXMAG0")
    if flux_of_zero is not None and flux_of_zero > 0:
        return 2.5 * math.log10(flux_of_zero)
    for keyword in _ZERO_POINT_KEYWORDS:
        value = _number(header, keyword)
        if value:
            return value
    flam, plam = _number(header, "PHOTFLAM"), _number(header, "PHOTPLAM")
    if flam and plam and flam > 0 and plam > 0:
        return -2.5 * math.log10(flam) - 5 * math.log10(plam) - 2.408
    return None


def header_saturation(header):
    """``SATURATE`` in pixel units, or None; not above 0 counts as not given."""
    value = _number(header, "SATURATE")
    return value if value is not None and value > 0 else None


def header_pixel_scale(header):
    """Pixel scale along both axes from the WCS, or from a keyword such as ``PIXSCALE``.

    The scale of an axis is the length of its column of the matrix from pixels to intermediate world coordinates
    (``CD``, ``PC`` × ``CDELT``, or ``CDELT`` alone; Greisen & Calabretta 2002, eq. 1), so rotation does not change it.

    Returns
    -------
    (float, float) or None
        In arcsec; None if there is neither.
    """
    columns = _scale_columns(header)
    if columns is not None:
        return columns
    for keyword in _PIXEL_SCALE_KEYWORDS:
        value = _number(header, keyword)
        if value is not None and value > 0:
            return value, value
    return None


def _scale_columns(header):
    arcsec = [_axis_unit(header, axis) for axis in (1, 2)]
    if None in arcsec:
        return None
    if any(f"CD{i}_{j}" in header for i in (1, 2) for j in (1, 2)):
        matrix = [[_number(header, f"CD{i}_{j}") or 0.0 for j in (1, 2)] for i in (1, 2)]
    elif "CDELT1" in header and "CDELT2" in header:
        delta = [_number(header, "CDELT1") or 0.0, _number(header, "CDELT2") or 0.0]
        rotation = [[_number(header, f"PC{i}_{j}") for j in (1, 2)] for i in (1, 2)]
        rotation = [[float(i == j) if rotation[i][j] is None else rotation[i][j] for j in (0, 1)] for i in (0, 1)]
        matrix = [[delta[i] * rotation[i][j] for j in (0, 1)] for i in (0, 1)]
    else:
        return None
    scales = tuple(math.hypot(matrix[0][j] * arcsec[0], matrix[1][j] * arcsec[1]) for j in (0, 1))
    return scales if min(scales) > 0 else None


def _axis_unit(header, axis):
    # Arcsec per unit of a world axis; None for an axis that is no angle on the sky (a CD matrix alone says nothing).
    unit = str(header.get(f"CUNIT{axis}", "")).strip()
    if not unit:
        return 3600.0 if str(header.get(f"CTYPE{axis}", ""))[:4] in _CELESTIAL else None
    return {
        "deg": 3600.0,
        "degree": 3600.0,
        "arcmin": 60.0,
        "arcsec": 1.0,
        "rad": 3600 * math.degrees(1),
        "mas": 1e-3,
    }.get(unit.lower())


@functools.lru_cache(maxsize=256)
def unit_zero_point(unit, pixel_scale):
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
