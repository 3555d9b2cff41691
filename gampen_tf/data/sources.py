"""The sources of images that this package has, each an :class:`~.image_source.ImageSource`."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import numpy as np

from ..core.flags import Flag
from ..io.quiet import quiet_astropy
from .dialects import HeaderDialect
from .fits_images import read_fits, split_selector
from .headers import raw_from_header
from .image_source import RawImage
from .image_spec import ImageSpec
from .refusal import Refusal
from .registry import ReadingOptions

__all__ = ["ItemSource", "StackSource", "StreamSource", "oriented", "raw_of_object"]


class ItemSource:
    """Images one by one: paths of FITS files, arrays, NDData, HDUs, ``Cutout2D``.

    Parameters
    ----------
    items : sequence
        A path may end in ``[EXT]``, the number or name of an HDU.
    spec : ImageSpec
    options : ReadingOptions
    names : sequence of str, optional
    hdus : sequence of (int, str or None), optional
        Of each item, where the options have none.
    folder : path, optional
        Where relative paths are looked for first.
    """

    def __init__(
        self,
        items,
        spec: ImageSpec,
        options: ReadingOptions,
        *,
        names=None,
        hdus=None,
        folder=None,
    ):
        self._items, self._spec, self._options, self._hdus, self._folder = items, spec, options, hdus, folder
        self.names = (
            names
            if names is not None
            else [
                str(item) if isinstance(item, str | os.PathLike) else f"image {number}"
                for number, item in enumerate(items)
            ]
        )

    def __len__(self):
        return len(self._items)

    def read(self, start, stop):
        """A list of :class:`RawImage` or :class:`Refusal`."""
        return [self._read(index) for index in range(start, stop)]

    def _read(self, index):
        item = self._items[index]
        try:
            if isinstance(item, str | os.PathLike):
                return self._read_path(str(item), index)
            return raw_of_object(item, self._spec, self._options.dialect)
        except Refusal as refusal:
            return refusal

    def _read_path(self, path, index):
        hdu = self._hdus[index] if self._options.hdu is None and self._hdus is not None else self._options.hdu
        path, selector = (path, None) if os.path.exists(path) else split_selector(path)
        if self._folder is not None and (beside := Path(self._folder) / path).exists():
            path = beside
        return read_fits(path, self._spec, hdu if selector is None else selector, self._options)


class StackSource:
    """Images in one array of which parts can be read: NumPy, HDF5, a data set.

    Parameters
    ----------
    get : callable
        ``get(start, stop)`` gives an (n, h, w, C) or (n, h, w) array.
    length : int
    names : sequence of str, optional
    masks : callable, optional
        ``masks(start, stop)`` gives (n, h, w) bool arrays.
    **known
        ``unit``, ``zero_point``, ``pixel_scale``, ``has_header`` of all images (see :class:`~.image_source.RawImage`).
    """

    def __init__(self, get, length, *, names=None, masks=None, **known):
        self._get, self._length, self._masks, self._known = get, length, masks, known
        self.names = names if names is not None else [f"image {number}" for number in range(length)]

    def __len__(self):
        return self._length

    def read(self, start, stop):
        """A list of :class:`RawImage` or :class:`Refusal`."""
        try:
            images = np.asarray(self._get(start, stop))
            masks = [None] * (stop - start) if self._masks is None else self._masks(start, stop)
        except (OSError, EOFError, ValueError, RuntimeError) as error:
            if stop - start > 1:  # one damaged chunk does not cost its neighbours
                return [found for index in range(start, stop) for found in self.read(index, index + 1)]
            return [Refusal(Flag.UNREADABLE, f"cannot be read ({' '.join(str(error).split())})")]
        images = images[..., None] if images.ndim == 3 else images
        return [RawImage(image, mask=mask, **self._known) for image, mask in zip(images, masks, strict=True)]


class StreamSource:
    """A ``tf.data.Dataset`` of images (h, w), (h, w, C) or batches of them; of tuples the first, of dicts "images".

    It can only be read from its beginning, and its length may be known only after a pass over it.
    """

    def __init__(self, dataset, spec):
        self._dataset, self._spec = dataset, spec
        self._length = None

    def __len__(self):
        if self._length is None:
            if int(self._dataset.cardinality()) == -1:
                raise ValueError("the tf.data.Dataset is infinite; use .take(n)")
            self._length = sum(1 for _ in self.images())
        return self._length

    @property
    def names(self):
        return [f"image {number}" for number in range(len(self))]

    def read(self, start, stop):
        """A list of :class:`RawImage`; those before ``start`` are read too, and dropped."""
        return list(itertools.islice(self.images(), start, stop))

    def images(self):
        """Generate the images, a :class:`RawImage` each."""
        channels = self._spec.image_shape[2]
        for element in self._dataset.as_numpy_iterator():
            while isinstance(element, tuple | list | dict):
                element = element["images"] if isinstance(element, dict) else element[0]
            one = element.ndim == 2 or (element.ndim == 3 and element.shape[-1] == channels)
            for image in element[None] if one else element:
                yield RawImage(image[..., None] if image.ndim == 2 else image, has_header=False)


def raw_of_object(item, spec: ImageSpec, dialect: HeaderDialect | None = None) -> RawImage:
    """A :class:`RawImage` of an array, NDData, ``Cutout2D`` or HDU, with the unit, mask and header that it has.

    Raises
    ------
    Refusal
        If it holds no image.
    """
    header, wcs = getattr(item, "header", None), getattr(item, "wcs", None)
    in_file = hasattr(item, "fileinfo")  # an HDU; CCDData has a header too
    header = getattr(item, "meta", None) if header is None else header
    data = item.data if header is not None or wcs is not None else item
    mask, unit = getattr(item, "mask", None), getattr(item, "unit", None)
    if isinstance(data, np.ma.MaskedArray):
        mask, data = np.ma.getmaskarray(data), data.data
    try:
        data = np.asarray(getattr(data, "value", data))
    except (ValueError, TypeError) as error:
        raise Refusal(Flag.UNREADABLE, f"no array of numbers ({error})") from None
    raw = raw_from_header(oriented(data, spec), _merged_header(header, wcs), dialect=dialect)
    # An HDU stands for a file, whose header should hold all that is needed; another object without it is like an array.
    raw.has_header = in_file
    raw.unit = str(unit or "") or raw.unit
    if mask is not None and np.ndim(mask):
        raw.mask = np.any(oriented(np.asarray(mask) != 0, spec), axis=-1)
    return raw


def oriented(data: np.ndarray, spec: ImageSpec) -> np.ndarray:
    """(h, w, C) view of an (h, w), (h, w, C) or (C, h, w) array."""
    if data.ndim == 2:
        return data[..., None]
    if data.ndim == 3:
        channels = spec.image_shape[2]
        return data if data.shape[2] == channels or data.shape[0] != channels else np.moveaxis(data, 0, -1)
    raise Refusal(Flag.WRONG_SHAPE, f"image of shape {data.shape}, expected {spec.image_shape[:2]}")


def _merged_header(header, wcs):
    from astropy.io import fits

    merged = fits.Header()
    with quiet_astropy():
        for key, value in dict(header or {}).items():
            if isinstance(key, str) and 0 < len(key) <= 8 and isinstance(value, str | int | float | bool):
                merged[key] = value
        if wcs is not None and hasattr(wcs, "to_header"):
            merged.update(wcs.to_header(relax=True))
            # to_header writes PC and CDELT; a CD matrix left from the old header would be read in their place.
            for key in ("CD1_1", "CD1_2", "CD2_1", "CD2_2"):
                merged.remove(key, ignore_missing=True)
    return merged
