"""From what a user gives to the source that reads it."""

import glob
import os
from pathlib import Path

import numpy as np

from . import path_tables
from .dataset import open_dataset
from .fits_images import choose_hdu, image_hdu_numbers, is_fits, split_selector
from .sources import ItemSource, StackSource, StreamSource, oriented

__all__ = ["open_source"]

_HDF5_SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5")


def open_source(source, frame, *, hdu=None, column=None, bad_bits=None):
    """The source for anything that :func:`~gampen_tf.data.read_cutouts` takes.

    Raises
    ------
    FileNotFoundError
        If one path, folder or glob was given and there is nothing.
    ValueError, TypeError
        If it is nothing that images can be read from.
    """
    options = {"hdu": hdu, "column": column, "bad_bits": bad_bits}
    if isinstance(source, str | os.PathLike):
        return _open_path(str(source), frame, **options)
    if hasattr(source, "catalogue") and hasattr(source, "images") and hasattr(source, "metadata"):
        return _open_dataset(source)
    if path_tables.is_table(source):
        return _open_table(source, None, frame, **options)
    if hasattr(source, "element_spec") and hasattr(source, "as_numpy_iterator"):
        return StreamSource(source, frame)
    if hasattr(source, "file") and hasattr(source, "chunks") and hasattr(source, "attrs"):
        return _open_hdf5_dataset(source, frame)
    if hasattr(source, "info") and isinstance(source, list):  # astropy's HDUList
        return ItemSource([choose_hdu(source, hdu)], frame, names=["image 0"])
    if isinstance(source, list | tuple) and not _is_nested_numbers(source):
        return _open_list(source, frame, hdu, bad_bits)
    if any(hasattr(source, name) for name in ("wcs", "meta", "header")):
        return ItemSource([source], frame)
    if hasattr(source, "__array__") or isinstance(source, list | tuple):
        return _open_array(source, frame)
    if hasattr(source, "__iter__"):
        return _open_list(list(source), frame, hdu, bad_bits)
    raise TypeError(
        f"images cannot be read from {type(source).__name__}; give an array, a path, a folder, a glob, a "
        "list, a table with a column of paths, NDData, an HDF5 dataset or a tf.data.Dataset"
    )


def _is_nested_numbers(items):
    while isinstance(items, list | tuple) and items:
        items = items[0]
    return isinstance(items, int | float | np.number)


def _open_path(path, frame, *, hdu, column, bad_bits):
    if os.path.isdir(path):
        return _open_folder(path, frame, hdu, bad_bits)
    base, selector = (path, None) if os.path.exists(path) else split_selector(path)
    if os.path.isfile(base):
        if base.lower().endswith(_HDF5_SUFFIXES):
            return _open_hdf5(base, selector, frame)
        if path_tables.is_table_path(base) or (selector is None and hdu is None and path_tables.is_fits_table(base)):
            return _open_table(
                path_tables.read_table(base), Path(base).parent, frame, hdu=hdu, column=column, bad_bits=bad_bits
            )
        return _open_list([path], frame, hdu, bad_bits)
    for pattern, ending in ((path, ""), (base, f"[{selector}]")):
        if glob.has_magic(pattern) and (found := sorted(glob.glob(pattern, recursive=True))):
            files = [name for name in found if os.path.isfile(name)]
            return _open_list([name + ending for name in files], frame, hdu, bad_bits)
    what = "no file matches it" if glob.has_magic(path) else "no such file or folder"
    raise FileNotFoundError(f"{path}: {what}")


def _open_folder(path, frame, hdu, bad_bits):
    if os.path.isfile(os.path.join(path, "dataset.json")):
        return _open_dataset(open_dataset(path))
    names = sorted(entry.path for entry in os.scandir(path) if entry.is_file() and is_fits(entry.name))
    if not names:
        raise FileNotFoundError(f"{path}: no FITS file in the folder, and no data set (dataset.json)")
    return _open_list(names, frame, hdu, bad_bits)


def _open_list(items, frame, hdu, bad_bits):
    if not items:
        raise ValueError("no images: the list is empty")
    expanded = []
    for item in items:
        if isinstance(item, str | os.PathLike) and str(item).endswith("[*]"):
            path = str(item)[:-3]
            expanded += [f"{path}[{number}]" for number in image_hdu_numbers(path)]
        elif isinstance(item, str | os.PathLike) and str(item).lower().endswith(_HDF5_SUFFIXES):
            raise ValueError(f"{item}: an HDF5 file in a list; give one HDF5 file by itself")
        else:
            expanded.append(item)
    return ItemSource(expanded, frame, hdus=hdu, bad_bits=bad_bits)


def _open_table(table, folder, frame, *, hdu, column, bad_bits):
    rows = path_tables.path_rows(table, column)
    return ItemSource(
        rows.paths, frame, names=rows.names, hdus=rows.hdus if hdu is None else hdu, folder=folder, bad_bits=bad_bits
    )


def _open_array(source, frame):
    raw = getattr(source, "value", source)
    mask = np.ma.getmaskarray(raw) if isinstance(raw, np.ma.MaskedArray) else None
    array = np.asarray(raw)
    if array.dtype.kind not in "fiu":
        raise ValueError(f"images of type {array.dtype}; expected real numbers")
    unit = str(getattr(source, "unit", None) or "") or None  # of an astropy Quantity
    known = {"unit": unit, "has_header": False}
    if array.ndim == 2 or array.shape == tuple(frame.image_shape):
        one = oriented(array, frame)
        masks = None if mask is None else oriented(mask, frame).any(-1)[None]
        return StackSource(
            lambda start, stop: one[None][start:stop],
            1,
            **known,
            masks=None if masks is None else lambda start, stop: masks[start:stop],
        )
    if array.ndim not in (3, 4):
        raise ValueError(f"an array of shape {array.shape}; expected (H, W), (N, H, W) or (N, H, W, C)")
    if mask is not None and mask.ndim == 4:
        mask = mask.any(-1)
    return StackSource(
        lambda start, stop: array[start:stop],
        len(array),
        **known,
        masks=None if mask is None else lambda start, stop: mask[start:stop],
    )


def _open_dataset(dataset):
    metadata = dataset.metadata
    scale = float(metadata["pixel_scale"])
    return StackSource(
        lambda start, stop: dataset.images(np.arange(start, stop)),
        len(dataset),
        names=[f"galaxy {number}" for number in range(len(dataset))],
        unit=metadata["pixel_unit"],
        zero_point=float(metadata["zero_point"]),
        pixel_scale=(scale, scale),
    )


def _open_hdf5(path, name, frame):
    import h5py

    with h5py.File(path, "r") as file:
        if name is None:
            found = []
            file.visititems(lambda key, item: found.append(key) if getattr(item, "ndim", 0) in (3, 4) else None)
            name = "images" if "images" in found else found[0] if len(found) == 1 else None
            if name is None:
                raise ValueError(
                    f"{path}: expected one dataset of images (N, H, W[, C]) or one named 'images'; "
                    f"found {', '.join(found) or 'none'}. Choose one as {path}[NAME]."
                )
        elif str(name) not in file:
            raise ValueError(f"{path}: no dataset {name!r}; there are {', '.join(file)}")
    # Opened for each read: a handle kept open would not survive a fork or the removal of the file.
    name = str(name)

    def get(start, stop):
        with h5py.File(path, "r") as file:
            return file[name][start:stop]

    with h5py.File(path, "r") as file:
        return _hdf5_stack(file[name], get, frame, path)


def _open_hdf5_dataset(dataset, frame):
    return _hdf5_stack(dataset, lambda start, stop: dataset[start:stop], frame, dataset.name)


def _hdf5_stack(dataset, get, frame, where):
    if dataset.ndim not in (2, 3, 4):
        raise ValueError(f"{where}: dataset of shape {dataset.shape}; expected (N, H, W) or (N, H, W, C)")
    attributes = {}
    for holder in (dataset.file, dataset):
        attributes.update({key.lower(): value for key, value in holder.attrs.items()})
    unit = _first(attributes, "unit", "units", "pixel_unit", "bunit")
    zero_point = _first(attributes, "zero_point", "magzero")
    scale = _first(attributes, "pixel_scale", "pixscale")
    known = {
        "unit": unit.decode() if isinstance(unit, bytes) else unit if unit is None else str(unit),
        "zero_point": None if zero_point is None else float(zero_point),
        "pixel_scale": None if scale is None else (float(scale), float(scale)),
        "has_header": False,
    }
    if dataset.ndim == 2 or dataset.shape == tuple(frame.image_shape):
        return StackSource(lambda start, stop: oriented(get(None, None), frame)[None][start:stop], 1, **known)
    return StackSource(get, len(dataset), **known)


def _first(attributes, *names):
    return next((attributes[name] for name in names if name in attributes), None)
