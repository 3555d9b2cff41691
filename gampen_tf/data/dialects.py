"""Keywords and names of extensions by which a survey describes its images."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

__all__ = ["DIALECTS", "GENERIC", "LSST", "HeaderDialect", "dialect_of", "find_dialect"]


@dataclass(frozen=True)
class HeaderDialect:
    """Keywords and names of extensions of one survey.

    Of several keywords or names the first that is there counts.

    Parameters
    ----------
    name : str
    marks : tuple of str
        Beginnings of keywords, one of which shows that a header is of this dialect; none: it must be chosen.
    units : tuple of str
        Keywords of the pixel unit.
    fluxes_of_zero : tuple of str
        Keywords of the pixel value of AB magnitude 0.
    zero_points : tuple of str
        Keywords of the AB magnitude of one pixel unit, asked next; an exact 0 is a placeholder.
    inverse_sensitivities : tuple of (str, str)
        Pairs of keywords of the inverse sensitivity (erg/s/cm²/Å) and pivot wavelength (Å), asked last (Sirianni et al.
        2005, § 3.1).
    pixel_scales : tuple of str
        Keywords of the pixel scale in arcsec, asked where there is no WCS.
    saturations : tuple of str
        Keywords of the saturation level in pixel units.
    science : tuple of str
        Names of the extension that holds the image.
    masks : tuple of str
        Names of the extension that marks bad pixels.
    companions : tuple of str
        Beginnings of the names of other extensions that are no images of the sky: variances, weights, PSFs.
    plane_prefix : str
        Beginning of the keywords by which a mask's header numbers its bit planes; none if empty.
    bad_planes, saturated_planes : tuple of str
        Keywords of the planes that make a pixel unusable. Other planes (detected pixels, say) are information. Of a
        mask without numbered planes every bit marks a bad pixel.

    Raises
    ------
    TypeError
        If a member is of another kind, such as a string in place of a tuple of strings.
    """

    name: str
    marks: tuple[str, ...] = ()
    units: tuple[str, ...] = ("BUNIT",)
    fluxes_of_zero: tuple[str, ...] = ("FLUXMAG0",)
    # PHOTZPT is not among them: in HST headers it is the zero point of the ST magnitudes.
    zero_points: tuple[str, ...] = ("MAGZERO", "MAGZPT", "MAGZP", "PHOTZP", "ZEROPNT", "ZPT")
    inverse_sensitivities: tuple[tuple[str, str], ...] = (("PHOTFLAM", "PHOTPLAM"),)
    pixel_scales: tuple[str, ...] = ("PIXSCALE", "PIXELSCL", "SECPIX", "SECPIX1", "GS_SCALE")
    saturations: tuple[str, ...] = ("SATURATE",)
    science: tuple[str, ...] = ("SCI", "IMAGE", "SCIENCE")
    masks: tuple[str, ...] = ("DQ", "MASK", "BADPIX", "BPM")
    companions: tuple[str, ...] = (
        "ERR",
        "VAR",
        "WHT",
        "WEIGHT",
        "IVAR",
        "INVVAR",
        "EXP",
        "CTX",
        "CON",
        "RMS",
        "UNC",
        "PSF",
        "SEG",
        "BKG",
        "BACKGROUND",
    )
    plane_prefix: str = ""
    bad_planes: tuple[str, ...] = ()
    saturated_planes: tuple[str, ...] = ()

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("name", "plane_prefix"):
                expected, is_right = "a string", isinstance(value, str)
            elif field.name == "inverse_sensitivities":
                expected = "a tuple of pairs of strings, such as (('PHOTFLAM', 'PHOTPLAM'),)"
                is_right = isinstance(value, tuple) and all(_are_strings(pair) and len(pair) == 2 for pair in value)
            else:
                expected, is_right = "a tuple of strings, such as ('KEYWORD',)", _are_strings(value)
            if not is_right:
                raise TypeError(f"HeaderDialect.{field.name}: expected {expected}, found {value!r}")


def _are_strings(value):
    return isinstance(value, tuple) and all(isinstance(one, str) for one in value)


GENERIC = HeaderDialect("generic")
"""The keywords of most surveys, for headers that show no other dialect."""

LSST = replace(
    GENERIC,
    name="lsst",
    marks=("MP_",),
    plane_prefix="MP_",
    bad_planes=("MP_BAD", "MP_NO_DATA", "MP_UNMASKEDNAN"),
    saturated_planes=("MP_SAT",),
)
"""Files of the LSST pipelines, with which HSC images are reduced too."""

DIALECTS = {dialect.name: dialect for dialect in (LSST, GENERIC)}
"""The dialects that can be chosen by name. Those with marks are recognised by them, the earlier ones first."""


def find_dialect(name: str | HeaderDialect | None) -> HeaderDialect | None:
    """Dialect of a name; a `HeaderDialect`, and None (each header shows its own), as they are.

    Raises
    ------
    ValueError
        Listing the names that there are.
    """
    if name is None or isinstance(name, HeaderDialect):
        return name
    if name not in DIALECTS:
        raise ValueError(f"no dialect {name!r} of headers; there are {', '.join(DIALECTS)}, or give a HeaderDialect")
    return DIALECTS[name]


def dialect_of(header) -> HeaderDialect:
    """The dialect that a header shows by its keywords, `GENERIC` if none.

    Parameters
    ----------
    header : iterable of str
        A FITS header, or another mapping with keywords.
    """
    keywords = tuple(header)
    for dialect in DIALECTS.values():
        if dialect.marks and any(keyword.startswith(dialect.marks) for keyword in keywords):
            return dialect
    return GENERIC
