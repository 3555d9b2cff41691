"""Readers of images in memory: arrays, tables, streams, data sets, objects of astropy, lists of any of them.

They stand from the general to the special, because the one registered last is asked first.
"""

from __future__ import annotations

import os

import numpy as np

from . import path_tables
from .fits_images import image_hdu_numbers
from .hdf5_images import hdf5_stack, is_hdf5_path
from .hdus import choose_hdu
from .image_source import ImageSource
from .image_spec import ImageSpec
from .labelled_images import LabelledImages
from .registry import ReadingOptions, reader
from .sources import ItemSource, StackSource, StreamSource, oriented

__all__ = ["open_labelled", "open_list", "open_table"]


def _has(*names):
    return lambda source: all(hasattr(source, name) for name in names)


@reader(recognises=_has("__iter__"))
def _open_iterable(source, spec, options):
    return open_list(list(source), spec, options)


@reader(recognises=lambda source: hasattr(source, "__array__") or isinstance(source, list | tuple))
def _open_array(source, spec, options):
    raw = getattr(source, "value", source)
    mask = np.ma.getmaskarray(raw) if isinstance(raw, np.ma.MaskedArray) else None
    array = np.asarray(raw)
    if array.dtype.kind not in "fiu":
        raise ValueError(f"images of type {array.dtype}; expected real numbers")
    if array.ndim == 2 or array.shape == spec.image_shape:
        array = oriented(array, spec)[None]
        mask = None if mask is None else oriented(mask, spec)[None]
    if array.ndim not in (3, 4):
        raise ValueError(f"an array of shape {array.shape}; expected (H, W), (N, H, W) or (N, H, W, C)")
    if mask is not None and mask.ndim == 4:
        mask = mask.any(-1)
    return StackSource(
        lambda start, stop: array[start:stop],
        len(array),
        unit=str(getattr(source, "unit", None) or "") or None,  # of an astropy Quantity
        has_header=False,
        masks=None if mask is None else lambda start, stop: mask[start:stop],
    )


@reader(recognises=lambda source: any(hasattr(source, name) for name in ("wcs", "meta", "header")))
def _open_object(source, spec, options):
    return ItemSource([source], spec, options)


@reader(recognises=lambda source: isinstance(source, list | tuple) and not _is_nested_numbers(source))
def open_list(source, spec: ImageSpec, options: ReadingOptions) -> ItemSource:
    """Images one by one: paths (``path[*]`` for all HDUs of a file), arrays, objects of astropy.

    Raises
    ------
    ValueError
        If the list is empty, or holds an HDF5 file.
    """
    if not source:
        raise ValueError("no images: the list is empty")
    expanded = []
    for item in source:
        is_path = isinstance(item, str | os.PathLike)
        if is_path and str(item).endswith("[*]"):
            path = str(item)[:-3]
            expanded += [f"{path}[{number}]" for number in image_hdu_numbers(path, options.dialect)]
        elif is_path and is_hdf5_path(item):
            raise ValueError(f"{item}: an HDF5 file in a list; give one HDF5 file by itself")
        else:
            expanded.append(item)
    return ItemSource(expanded, spec, options)


def _is_nested_numbers(items):
    while isinstance(items, list | tuple) and items:
        items = items[0]
    return isinstance(items, int | float | np.number)


@reader(recognises=lambda source: isinstance(source, list) and hasattr(source, "info"))
def _open_hdu_list(source, spec, options):
    return ItemSource(
        [choose_hdu(source, options.hdu, options.dialect, options.band)], spec, options, names=["image 0"]
    )


@reader(recognises=_has("file", "chunks", "attrs"))
def _open_hdf5_dataset(source, spec, options):
    return hdf5_stack(source, lambda start, stop: source[start:stop], spec, source.name)


@reader(recognises=_has("element_spec", "as_numpy_iterator"))
def _open_stream(source, spec, options):
    return StreamSource(source, spec)


@reader(recognises=path_tables.is_table)
def open_table(source, spec: ImageSpec, options: ReadingOptions, folder=None) -> ItemSource:
    """Images of a table with a column of paths, which are relative to ``folder`` if they are there."""
    rows = path_tables.path_rows(source, options.column)
    return ItemSource(
        rows.paths,
        spec,
        options,
        names=rows.names,
        hdus=rows.hdus,
        folder=folder,
    )


@reader(recognises=lambda source: isinstance(source, LabelledImages))
def open_labelled(source, spec: ImageSpec, options: ReadingOptions) -> StackSource:
    """Images of a data set."""
    scale = float(source.pixel_scale)
    return StackSource(
        lambda start, stop: source.images(np.arange(start, stop)),
        len(source),
        names=[f"galaxy {number}" for number in range(len(source))],
        unit=source.pixel_unit,
        zero_point=float(source.zero_point),
        pixel_scale=(scale, scale),
    )


@reader(recognises=lambda source: isinstance(source, ImageSource))
def _open_itself(source, spec, options):
    return source
