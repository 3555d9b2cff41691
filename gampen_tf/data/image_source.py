"""The contract of a source of images, and one image as a source gives it."""

from __future__ import annotations

import inspect
import numbers
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol, runtime_checkable

import numpy as np

from .refusal import Refusal

__all__ = ["ImageSource", "RawImage", "missing_members"]


@dataclass
class RawImage:
    """One image as its source gives it.

    Parameters
    ----------
    data : (h, w, C) array
        Pixels in the source's own unit.
    mask, saturated : (h, w) bool array, optional
        Bad pixels, and pixels known to be saturated.
    unit, zero_point, pixel_scale, saturation : optional
        From the header: unit string, AB magnitude of one unit, arcsec along (x, y), level in pixel units.
    has_header : bool
        False for plain arrays: what is not given is then taken to be the model's.
    origin : (int, int), optional
        Row and column of ``data[0, 0]`` in the full image, where only its centre was read.
    header : optional
        For those who write the image again.
    doubtful : (h, w) bool array, optional
        Pixels that models which fill in lost pixels fill in too, where enough of the image is left.
    variance : (h, w) array, optional
        Of each pixel, in the square of the source's unit; for models that take the noise.

    Raises
    ------
    TypeError
        If a member is of another kind.
    """

    data: np.ndarray
    mask: np.ndarray | None = None
    saturated: np.ndarray | None = None
    unit: str | None = None
    zero_point: float | None = None
    pixel_scale: tuple[float, float] | None = None
    saturation: float | None = None
    has_header: bool = True
    origin: tuple[int, int] | None = None
    header: Any = field(default=None, repr=False)
    doubtful: np.ndarray | None = None
    variance: np.ndarray | None = None

    def __post_init__(self):
        if not isinstance(self.data, np.ndarray):
            self._refuse("data", "a NumPy array (h, w, bands)", "convert it by numpy.asarray")
        if isinstance(self.data, np.ma.MaskedArray) or hasattr(self.data, "unit"):
            self._refuse("data", "a plain array", "give its mask as mask=, its unit as unit= (a string)")
        for name in ("mask", "saturated", "doubtful"):
            pixels = getattr(self, name)
            if pixels is not None and not (isinstance(pixels, np.ndarray) and pixels.dtype.kind in "biu"):
                self._refuse(
                    name, "an array (h, w) of booleans, or None", "compare the pixels with what marks bad ones"
                )
        if not (self.variance is None or (isinstance(self.variance, np.ndarray) and self.variance.dtype.kind in "fiu")):
            self._refuse("variance", "an array (h, w) of numbers, or None", "convert it by numpy.asarray")
        if not (self.unit is None or isinstance(self.unit, str)):
            self._refuse("unit", "a string such as 'nJy', or None", "give it as text, by str(unit)")
        for name in ("zero_point", "saturation"):
            if not (getattr(self, name) is None or _is_number(getattr(self, name))):
                self._refuse(name, "a number, or None", "give it as a float")
        for name, example in (("pixel_scale", "(0.168, 0.168), in arcsec along x and y"), ("origin", "(0, 0)")):
            if not (getattr(self, name) is None or _is_pair(getattr(self, name))):
                self._refuse(name, "two numbers, or None", f"give them as {example}")

    def _refuse(self, name, expected, advice) -> NoReturn:
        found = reprlib.repr(getattr(self, name))
        raise TypeError(f"{type(self).__name__}.{name}: expected {expected}, found {found}; {advice}")


def _is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _is_pair(value):
    if not isinstance(value, tuple | list) and not (isinstance(value, np.ndarray) and value.ndim == 1):
        return False
    return len(value) == 2 and all(map(_is_number, value))


@runtime_checkable
class ImageSource(Protocol):
    """Images of one survey, file or array, in order. Any object with these three members is one.

    ``read`` is called from several threads at once, for parts in any order and more than once. It keeps nothing: memory
    then depends on the size of a batch alone. One image that cannot be read is a :class:`Refusal` in its place; an
    exception that ``read`` raises ends the run. Images larger than the model's frame may be cut to their centre by
    whoever reads (then with ``RawImage.origin``); all else, shape, pixels, unit and pixel scale, is checked and
    converted afterwards, the same for all sources.

    >>> class Survey:
    ...     def __init__(self, tiles):
    ...         self.tiles, self.names = tiles, [tile.name for tile in tiles]
    ...
    ...     def __len__(self):
    ...         return len(self.tiles)
    ...
    ...     def read(self, start, stop):
    ...         return [RawImage(tile.counts[..., None], zero_point=27.0, pixel_scale=(0.168, 0.168))
    ...                 for tile in self.tiles[start:stop]]
    >>> gampen_tf.predict(Survey(tiles), model="hsc_wide_g")

    Attributes
    ----------
    names : sequence of str
        What identifies each image in tables and messages.
    """

    names: Sequence[str]

    def __len__(self) -> int:
        """Number of images."""
        ...

    def read(self, start: int, stop: int) -> Sequence[RawImage | Refusal]:
        """Images ``start`` … ``stop - 1``, one entry for each."""
        ...


def missing_members(source: object) -> list[str]:
    """Members of an `ImageSource` that an object does not have."""
    # looked up without a call: names may be a property that reads all images
    return [name for name in ("names", "__len__", "read") if inspect.getattr_static(source, name, None) is None]
