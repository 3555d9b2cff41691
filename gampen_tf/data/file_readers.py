"""The reader of paths: a file, a folder, a glob."""

from __future__ import annotations

import glob
import os
from pathlib import Path

from . import path_tables
from .dataset import DataSet, read_description
from .fits_images import is_fits, split_selector
from .hdf5_images import is_hdf5_path, open_hdf5
from .image_source import ImageSource
from .image_spec import ImageSpec
from .object_readers import open_labelled, open_list, open_table
from .registry import ReadingOptions, reader

__all__ = ["open_path"]


@reader(recognises=lambda source: isinstance(source, str | os.PathLike))
def open_path(source, spec: ImageSpec, options: ReadingOptions) -> ImageSource:
    """Images of a FITS or HDF5 file, a table of paths, a folder, or of the files that a glob matches.

    Raises
    ------
    FileNotFoundError
        If there is nothing.
    """
    path = str(source)
    if os.path.isdir(path):
        return _open_folder(path, spec, options)
    base, selector = (path, None) if os.path.exists(path) else split_selector(path)
    if os.path.isfile(base):
        if is_hdf5_path(base):
            return open_hdf5(base, selector, spec)
        if path_tables.is_table_path(base) or (
            selector is None and options.hdu is None and path_tables.is_fits_table(base)
        ):
            return open_table(path_tables.read_table(base), spec, options, folder=Path(base).parent)
        return open_list([path], spec, options)
    for pattern, ending in ((path, ""), (base, f"[{selector}]")):
        if glob.has_magic(pattern) and (found := sorted(glob.glob(pattern, recursive=True))):
            return open_list([name + ending for name in found if os.path.isfile(name)], spec, options)
    what = "no file matches it" if glob.has_magic(path) else "no such file or folder"
    raise FileNotFoundError(f"{path}: {what}")


def _open_folder(path, spec, options):
    if os.path.isfile(os.path.join(path, "dataset.json")):
        return open_labelled(DataSet(path, *read_description(path)), spec, options)
    names = sorted(entry.path for entry in os.scandir(path) if entry.is_file() and is_fits(entry.name))
    if not names:
        raise FileNotFoundError(f"{path}: no FITS file in the folder, and no data set (dataset.json)")
    return open_list(names, spec, options)
