"""The choice of one band of a cube."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..core.flags import Flag
from .dialects import HeaderDialect
from .refusal import Refusal
from .registry import ReadingOptions

__all__ = ["band_names", "one_band"]


def band_names(bands: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Names of bands in their order, of ``"grz"``, ``"F606W,F814W"`` or a list.

    Raises
    ------
    TypeError
        If it is neither text nor a list of texts.
    """
    if bands is None:
        return None
    names = bands.replace(",", " ").split() if isinstance(bands, str) else list(bands)
    if not names or not all(isinstance(name, str) for name in names):
        raise TypeError(f"bands: expected names in their order, such as 'grz' or ['F606W', 'F814W'], found {bands!r}")
    # grz is three bands, F814W is one
    return tuple(names[0]) if isinstance(bands, str) and len(names) == 1 and names[0].isalpha() else tuple(names)


def one_band(image, primary, window, dialect: HeaderDialect, options: ReadingOptions):
    """The part of an image that holds the chosen band, of a cube (C, h, w); of others all that was asked for.

    Parameters
    ----------
    image : HDU
    primary : mapping
        The primary header, asked for the bands where that of the image lists none.
    window : tuple of slice
        The part of the image that was asked for.
    dialect : HeaderDialect
    options : ReadingOptions

    Returns
    -------
    tuple of slice

    Raises
    ------
    Refusal
        If the cube has several bands and none is chosen, it lacks that band, or their order is not known.
    """
    n_bands = math.prod(image.shape[:-2])
    if n_bands == 1 or image.shape[-3] != n_bands:
        return window
    names = options.bands or _listed(image.header, dialect) or _listed(primary, dialect)
    if names is not None and len(names) != n_bands:
        if options.bands:
            raise Refusal(Flag.WRONG_SHAPE, f"a cube of {n_bands} bands, and bands names {len(names)}; name all")
        names = None
    known = f" ({', '.join(names)})" if names else ""
    if options.band is None:
        example = f"band={names[0]!r}" if names else "for example band='r' with their order, bands='grz'"
        raise Refusal(
            Flag.WRONG_SHAPE, f"a cube of {n_bands} bands{known}, and the model takes one: choose it, {example}"
        )
    if names is None:
        raise Refusal(
            Flag.WRONG_SHAPE,
            f"a cube of {n_bands} bands, whose header does not list them: give their order, for example bands='grz'",
        )
    if options.band not in names:
        raise Refusal(Flag.WRONG_SHAPE, f"no band {options.band!r} in the cube; there are {', '.join(names)}")
    index = names.index(options.band)
    return (*window[:-3], slice(index, index + 1), *window[-2:])


def _listed(header, dialect):
    """The bands that a header lists, in one keyword or in numbered ones; None where it does not."""
    for keyword in dialect.bands:
        if isinstance(header.get(keyword), str):
            return band_names(header[keyword])
        numbered = []
        while f"{keyword}{len(numbered)}" in header:
            numbered.append(str(header[f"{keyword}{len(numbered)}"]).strip())
        if numbered:
            return tuple(numbered)
    return None
