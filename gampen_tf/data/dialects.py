"""Keywords and names of extensions by which a survey describes its images."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

__all__ = [
    "DIALECTS",
    "GENERIC",
    "HSC",
    "HST",
    "JWST",
    "KIDS",
    "LEGACY",
    "LSST",
    "SDSS",
    "HeaderDialect",
    "dialect_of",
    "find_dialect",
]


@dataclass(frozen=True)
class HeaderDialect:
    """Keywords and names of extensions of one survey.

    Of several keywords or names the first that is there counts. For a survey of your own, give `gampen_tf.predict` as
    ``dialect`` a dialect with what differs from the defaults:

    >>> MINE = HeaderDialect(
    ...     "mine",
    ...     zero_points=("ZP_AB",),
    ...     science=("COADD",),
    ...     masks=("FLAGS",),
    ...     inverse_variances=("WEIGHT",),
    ...     bad_bits=1 | 64,  # dead columns, no data
    ...     saturated_bits=2,
    ... )
    >>> gampen_tf.predict("cutouts/*.fits", dialect=MINE)

    Parameters
    ----------
    name : str
    marks : tuple of str
        Beginnings of keywords, or ``"KEYWORD=BEGINNING"`` of a value, one of which shows that a header is of this
        dialect; none: it must be chosen, or shows by its extensions.
    extensions : tuple of str
        Names of extensions, one of which shows that a file is of this dialect.
    units : tuple of str
        Keywords of the pixel unit.
    unit : str
        The pixel unit where a header has neither unit nor zero point; none if empty.
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
    variances, deviations, inverse_variances : tuple of str
        Names of the extension with the variance of each pixel, its root, or its inverse, of which zero marks a pixel
        without data.
    weights : tuple of str
        Names of the extension whose zeros mark pixels without data, where the unit of the weights is not known.
    bands : tuple of str
        Keywords of the bands of a cube in their order, such as ``"grz"``, or the beginnings of such that are numbered
        from 0, one a band.
    band : tuple of str
        Keywords of the band of an image.
    companions : tuple of str
        Beginnings of the names of other extensions that are no images of the sky: variances, weights, PSFs.
    plane_prefix : str
        Beginning of the keywords by which a mask's header numbers its bit planes; none if empty.
    bad_planes, saturated_planes : tuple of str
        Keywords of the planes that make a pixel unusable. Other planes (detected pixels, say) are information.
    doubtful_planes : tuple of str
        Keywords of the planes of pixels whose light may be wrong: models that fill in lost pixels fill these in too,
        where enough of the image is left, and others take them as they are.
    bad_bits, saturated_bits, doubtful_bits : int
        The same as sums of powers of 2, of masks without numbered planes. By default every bit marks a bad pixel.

    Raises
    ------
    TypeError
        If a member is of another kind, such as a string in place of a tuple of strings.
    """

    name: str
    marks: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    units: tuple[str, ...] = ("BUNIT",)
    unit: str = ""
    fluxes_of_zero: tuple[str, ...] = ("FLUXMAG0",)
    # PHOTZPT is not among them: in HST headers it is the zero point of the ST magnitudes.
    zero_points: tuple[str, ...] = ("MAGZERO", "MAGZPT", "MAGZP", "PHOTZP", "ZEROPNT", "ZPT")
    inverse_sensitivities: tuple[tuple[str, str], ...] = (("PHOTFLAM", "PHOTPLAM"),)
    pixel_scales: tuple[str, ...] = ("PIXSCALE", "PIXELSCL", "SECPIX", "SECPIX1", "GS_SCALE")
    saturations: tuple[str, ...] = ("SATURATE",)
    science: tuple[str, ...] = ("SCI", "IMAGE", "SCIENCE")
    masks: tuple[str, ...] = ("DQ", "MASK", "BADPIX", "BPM")
    variances: tuple[str, ...] = ("VARIANCE", "VAR")
    deviations: tuple[str, ...] = ("ERR", "ERROR", "SIGMA", "RMS")
    inverse_variances: tuple[str, ...] = ("INVVAR", "IVAR")
    weights: tuple[str, ...] = ("WHT", "WEIGHT")
    bands: tuple[str, ...] = ("BANDS", "BAND")
    band: tuple[str, ...] = ("FILTER", "BAND")
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
        "SIGMA",
        "UNC",
        "PSF",
        "SEG",
        "BKG",
        "BACKGROUND",
    )
    plane_prefix: str = ""
    bad_planes: tuple[str, ...] = ()
    saturated_planes: tuple[str, ...] = ()
    doubtful_planes: tuple[str, ...] = ()
    bad_bits: int = -1
    saturated_bits: int = 0
    doubtful_bits: int = 0

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(field.default, int):
                expected, is_right = "a sum of powers of 2", isinstance(value, int) and not isinstance(value, bool)
            elif field.name in ("name", "unit", "plane_prefix"):
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
    # a coadd has the bits of all its exposures, most of whose light is right
    doubtful_planes=("MP_CR", "MP_BRIGHT_OBJECT", "MP_CROSSTALK", "MP_STREAK", "MP_SUSPECT"),
)
"""Files of the LSST pipelines, with which HSC images are reduced too (Bosch et al. 2018, § 3.1)."""

HSC = replace(LSST, name="hsc", marks=())
"""Files of HSC, which show as those of the LSST pipelines."""

HST = replace(
    GENERIC,
    name="hst",
    marks=("TELESCOP=HST",),
    bad_bits=1 | 2 | 4 | 8 | 128 | 512 | 4096 | 8192 | 16384,
    saturated_bits=256 | 2048,
    # hot, unstable and warm pixels and charge traps, most of which are calibrated
    doubtful_bits=16 | 32 | 64 | 1024,
)
"""Images of ACS and WFC3 (ACS Data Handbook, table 3.3), single or drizzled."""

JWST = replace(GENERIC, name="jwst", marks=("TELESCOP=JWST",), bad_bits=1)
"""Images of JWST, in whose masks the bit DO_NOT_USE alone makes a pixel unusable."""

SDSS = replace(GENERIC, name="sdss", marks=("NMGY",), unit="nanomaggy")
"""Frames of SDSS since DR8, which hold no mask and no variance."""

LEGACY = replace(
    GENERIC,
    name="legacy",
    marks=("LEGPIPEV", "SURVEY=LEGACY", "SURVEY=DECALS"),
    extensions=("MASKBITS",),
    unit="nanomaggy",
    masks=("MASKBITS",),
    # ALLMASK, SATUR of the bands g, r, z, i; BRIGHT, MEDIUM
    bad_bits=1 << 5 | 1 << 6 | 1 << 7 | 1 << 15,
    saturated_bits=1 << 2 | 1 << 3 | 1 << 4 | 1 << 14,
    doubtful_bits=1 << 1 | 1 << 11,
)
"""Bricks and cutouts of the DESI Legacy Imaging Surveys (Dey et al. 2019; bits of DR10)."""

KIDS = replace(
    GENERIC,
    name="kids",
    marks=("INSTRUME=OMEGACAM", "OBJECT=KIDS", "SURVEY=KIDS"),
    masks=("MASK", "MSK", "FLAG", "FLAGS"),
    weights=("WEIGHT", "WEI", "WHT"),
    companions=(*GENERIC.companions, "WEI"),
    # read-out spikes, bad pixels; cores of saturated stars; their spikes and halos, masks set by hand
    bad_bits=1 | 64,
    saturated_bits=2,
    doubtful_bits=4 | 8 | 16 | 32 | 128,
)
"""Images of KiDS with weight and mask beside them (de Jong et al. 2015, § 3.4)."""

DIALECTS = {dialect.name: dialect for dialect in (LSST, HSC, HST, JWST, SDSS, LEGACY, KIDS, GENERIC)}
"""The dialects that can be chosen by name. Those with marks are recognised by them, the earlier ones first."""


def find_dialect(name: str | HeaderDialect | None) -> HeaderDialect | None:
    """Dialect of a name; a `HeaderDialect`, and None (each file shows its own), as they are.

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


def dialect_of(header, extensions=()) -> HeaderDialect:
    """The dialect that a header shows by its keywords, or its file by names of extensions; `GENERIC` if none.

    Parameters
    ----------
    header : mapping
        A FITS header, or another mapping with keywords.
    extensions : sequence of str, optional
        Names of the extensions of the file, in capitals.
    """
    keywords = set(header)
    for dialect in DIALECTS.values():
        if any(name in extensions for name in dialect.extensions) or any(
            _is_marked(header, keywords, mark) for mark in dialect.marks
        ):
            return dialect
    return GENERIC


def _is_marked(header, keywords, mark):
    keyword, _, value = mark.partition("=")
    if not value:
        return any(one.startswith(mark) for one in keywords)
    return keyword in keywords and str(header.get(keyword)).upper().startswith(value.upper())
