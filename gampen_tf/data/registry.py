"""The registry of readers: functions that open what a user gives as a source of images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from .dialects import HeaderDialect
from .image_source import ImageSource, missing_members
from .image_spec import ImageSpec

__all__ = ["ReadingOptions", "open_source", "reader"]


@dataclass(frozen=True)
class ReadingOptions:
    """Options of reading; each reader uses those that it needs.

    Parameters
    ----------
    hdu : int or str, optional
        The HDU to take from each FITS file.
    column : str, optional
        The column of paths in a table.
    bad_bits : int, optional
        Bits of a mask extension that make a pixel unusable.
    dialect : HeaderDialect, optional
        Of all files; that which each shows, if not given.
    band : str, optional
        The one to take from each cube, or file of several images.
    bands : sequence of str, optional
        Of each cube, in its order, where its header does not list them.
    """

    hdu: int | str | None = None
    column: str | None = None
    bad_bits: int | None = None
    dialect: HeaderDialect | None = None
    band: str | None = None
    bands: tuple[str, ...] | None = None


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
        ``recognises(source)``: whether this reader opens what a user gave. It is asked about anything that a user may
        give, must not raise, and reads no image.

    Raises
    ------
    TypeError
        If ``recognises`` cannot be called.
    """
    if not callable(recognises):
        raise TypeError(f"reader: recognises: expected a function of what a user gives, found {recognises!r}")

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
        if _recognises(recognises, function, source):
            return _opened(function, source, spec, options)
    missing = missing_members(source)
    if "read" not in missing and missing:
        raise TypeError(
            f"{type(source).__name__}: expected names, __len__ and read, the members of gampen_tf.data.ImageSource, "
            f"found no {' and no '.join(missing)}; add what is missing"
        )
    raise TypeError(
        f"images cannot be read from {type(source).__name__}; give an array, a path, a folder, a glob, a "
        "list, a table with a column of paths, NDData, an HDF5 dataset, a tf.data.Dataset or any object that follows "
        "gampen_tf.data.ImageSource"
    )


def _recognises(recognises, function, source):
    try:
        return bool(recognises(source))
    except Exception as error:
        raise TypeError(
            f"reader {_name(function)}: recognises: expected True or False about anything that a user may give, found "
            f"{type(error).__name__} about {type(source).__name__} ({error}); test the type of the source first"
        ) from error


def _opened(function, source, spec, options):
    opened = function(source, spec, options)
    missing = missing_members(opened)
    if missing:
        raise TypeError(
            f"reader {_name(function)}: expected an image source with names, __len__ and read "
            f"(gampen_tf.data.ImageSource), found {type(opened).__name__} without {', '.join(missing)}; return one"
        )
    return opened


def _name(function):
    return getattr(function, "__name__", repr(function))
