"""Flux unit, zero point, pixel scale and saturation level of an image, out of its header."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dialects import GENERIC, HeaderDialect, dialect_of
from .image_source import RawImage

__all__ = ["header_pixel_scale", "header_saturation", "header_unit", "header_zero_point", "raw_from_header"]

_CELESTIAL = ("RA--", "DEC-", "GLON", "GLAT", "ELON", "ELAT")


def raw_from_header(data: np.ndarray, header, primary=None, dialect: HeaderDialect | None = None) -> RawImage:
    """Image with the unit, zero point, saturation level and pixel scale of a header.

    Parameters
    ----------
    data : (h, w, C) array
    header : mapping
        A FITS header, or anything with ``get`` and ``in``.
    primary : mapping, optional
        Asked for what is not in ``header``.
    dialect : HeaderDialect, optional
        That which ``header`` shows, if not given.
    """
    found = {
        "unit": header_unit,
        "zero_point": header_zero_point,
        "saturation": header_saturation,
        "pixel_scale": header_pixel_scale,
    }
    values: dict[str, Any] = dict.fromkeys(found)
    for one in (header,) if primary is None or primary is header else (header, primary):
        if None in values.values():
            quick = _Lookup(one)
            dialect = dialect_of(quick) if dialect is None else dialect
            values = {name: found[name](quick, dialect) if value is None else value for name, value in values.items()}
    if dialect is not None and values["unit"] is None and values["zero_point"] is None:
        values["unit"] = dialect.unit or None
    return RawImage(data, header=header, **values)


class _Lookup:
    """A header with a set of its keywords: astropy is slow at those that are not there, and most are not."""

    def __init__(self, header):
        self._header, self._keywords = header, set(header)

    def __iter__(self):
        return iter(self._keywords)

    def __contains__(self, keyword):
        return keyword in self._keywords

    def get(self, keyword, default=None):
        return self._header[keyword] if keyword in self._keywords else default


def _number(header, keyword):
    value = header.get(keyword)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def header_unit(header, dialect: HeaderDialect = GENERIC) -> str | None:
    """The pixel unit (``BUNIT``) as a string, or None where there is none."""
    for keyword in dialect.units:
        unit = header.get(keyword)
        if unit is not None and str(unit).strip():
            return str(unit).strip()
    return None


def header_zero_point(header, dialect: HeaderDialect = GENERIC) -> float | None:
    """AB magnitude of one pixel unit, or None where there is none.

    From the pixel value of magnitude 0 (``FLUXMAG0``, as in HSC images), from the zero point itself (``MAGZERO`` and
    others; an exact 0 is a placeholder), or from inverse sensitivity and pivot wavelength (``PHOTFLAM`` and
    ``PHOTPLAM``; Sirianni et al. 2005, § 3.1).
    """
    for keyword in dialect.fluxes_of_zero:
        flux_of_zero = _number(header, keyword)
        if flux_of_zero is not None and flux_of_zero > 0:
            return 2.5 * math.log10(flux_of_zero)
    for keyword in dialect.zero_points:
        value = _number(header, keyword)
        if value:
            return value
    for keywords in dialect.inverse_sensitivities:
        flam, plam = (_number(header, keyword) for keyword in keywords)
        if flam and plam and flam > 0 and plam > 0:
            return -2.5 * math.log10(flam) - 5 * math.log10(plam) - 2.408
    return None


def header_saturation(header, dialect: HeaderDialect = GENERIC) -> float | None:
    """Saturation level (``SATURATE``) in pixel units, or None; not above 0 counts as not given."""
    for keyword in dialect.saturations:
        value = _number(header, keyword)
        if value is not None and value > 0:
            return value
    return None


def header_pixel_scale(header, dialect: HeaderDialect = GENERIC) -> tuple[float, float] | None:
    """Pixel scale along both axes from the WCS, or from a keyword such as ``PIXSCALE``.

    The scale of an axis is the length of its column of the matrix from pixels to intermediate world coordinates
    (``CD``, ``PC`` × ``CDELT``, or ``CDELT`` alone; Greisen & Calabretta 2002, eq. 1), so rotation does not change it.
    Computed here, because an `astropy.wcs.WCS` takes milliseconds for each header of a survey.

    Returns
    -------
    (float, float) or None
        In arcsec; None if there is neither.
    """
    columns = _scale_columns(header)
    if columns is not None:
        return columns
    for keyword in dialect.pixel_scales:
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
    # Arcsec per unit of a world axis; None for an axis that is no angle on the sky. A CD matrix alone shows none.
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
