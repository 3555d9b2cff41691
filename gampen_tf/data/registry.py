"""The registry of readers: functions that open what a user gives as a source of images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from .dialects import HeaderDialect
from .image_source import ImageSource
from .image_spec import ImageSpec

__all__ = ["ReadingOptions", "open_source", "reader"]


@dataclass(frozen=True)
class ReadingOptions:
    """How files are read; each reader takes what concerns it.

    Parameters
    ----------
    hdu : int or str, optional
        The HDU to take from each FITS file.
    column : str, optional
        The column of paths in a table.
    bad_bits : int, optional
        Bits of a mask extension that make a pixel unusable.
    dialect : HeaderDialect, optional
        Of all headers; that which each shows, if not given.
    """

    hdu: int | str | None = None
    column: str | None = None
    bad_bits: int | None = None
    dialect: HeaderDialect | None = None


Reader = Callable[..., ImageSource]
AnyReader = TypeVar("AnyReader", bound=Reader)

# Asked from the first to the last.
_READERS: list[tuple[Callable[[object], bool], Reader]] = []


def reader(*, recognises: Callable[[object], bool]) -> Callable[[AnyReader], AnyReader]:
    """Register a function ``open(source, spec, options)`` that gives an `ImageSource`.

    The reader that was registered last is asked first, so that one for a survey's own files comes before the general
    ones of this package:

    >>> @reader(recognises=lambda source: str(source).endswith(".asdf"))
    ... def open_asdf(source, spec, options):
    ...     return AsdfSource(source)
    >>> gampen_tf.predict("tile.asdf", model="hsc_wide_g")

    Parameters
    ----------
    recognises : callable
        ``recognises(source)``: whether this reader opens what a user gave. It must bear anything and read no image.
    """

    def register(function):
        _READERS.insert(0, (recognises, function))
        return function

    return register


def open_source(source, spec: ImageSpec, options: ReadingOptions) -> ImageSource:
    """The source of images for anything that a reader recognises.

    Raises
    ------
    FileNotFoundError
        If one path, folder or glob was given and there is nothing.
    ValueError, TypeError
        If no images can be read from it.
    """
    for recognises, function in _READERS:
        if recognises(source):
            return function(source, spec, options)
    raise TypeError(
        f"images cannot be read from {type(source).__name__}; give an array, a path, a folder, a glob, a "
        "list, a table with a column of paths, NDData, an HDF5 dataset, a tf.data.Dataset or any object that follows "
        "gampen_tf.data.ImageSource"
    )
