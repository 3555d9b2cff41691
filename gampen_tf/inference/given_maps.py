"""PSFs, noise and masks as they are given: numbers and arrays, files, columns of the table of images."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from ..data.fits_images import split_selector
from ..data.labelled_images import LabelledImages
from ..data.map_files import MapFiles, read_map, read_mask, read_psf
from ..data.path_tables import is_fits_table, is_table, is_table_path, read_table
from ..data.refusal import Refusal

if TYPE_CHECKING:
    from ..io.files import PathLike

__all__ = ["MapLike", "given_map"]

#: PSFs, noise or masks: an array, a file, the name of a column of the table of images, or a list of arrays and files.
MapLike: TypeAlias = "ArrayLike | PathLike | Sequence[ArrayLike | PathLike | None]"

_READ = {"psf": read_psf, "noise": read_map, "mask": read_mask}


def given_map(name: str, given: Any, images: Any):
    """What is given beside images, with what files of it are read or made ready to be.

    Parameters
    ----------
    name : {"psf", "noise", "mask"}
    given : number, array, path, name of a column, or list
        A list may hold paths, arrays and None.
    images
        As given, the table of which may have the column.

    Returns
    -------
    number, array, list or MapFiles

    Raises
    ------
    ValueError
        If a text is neither a file that can be read nor a column.
    """
    folder = None
    if isinstance(given, str | os.PathLike):
        table, folder = _table_of(images)
        columns = [] if table is None else [str(column) for column in getattr(table, "colnames", table.columns)]
        if str(given) not in columns:
            return _of_file(name, str(given), columns)
        given = _of_column(table[str(given)])
    if isinstance(given, list | tuple) and any(isinstance(item, str | os.PathLike) for item in given):
        return MapFiles(list(given), _READ[name], folder)
    return given


def _table_of(images):
    """The table that images are given by, and the folder of its relative paths; None where there is none."""
    if isinstance(images, LabelledImages):
        return images.catalogue, images.path
    if is_table(images):
        return images, None
    if isinstance(images, str | os.PathLike) and os.path.isfile(images):
        if is_table_path(images) or is_fits_table(images):
            return read_table(images), Path(images).parent
    return None, None


def _of_file(name, path, columns):
    if not os.path.exists(path) and not os.path.exists(split_selector(path)[0]):
        where = f"a column of the table: {', '.join(columns)}" if columns else "an array; the images are no table"
        raise ValueError(f"{name}: no file {path!r}; expected a FITS file, or {where}")
    try:
        return _READ[name](path)
    except Refusal as refusal:
        raise ValueError(f"{name}: {refusal.reason}") from None


def _of_column(column):
    """Numbers, NaN where masked; or a list of paths and arrays, None where there is none."""
    if column.dtype.kind in "biuf":
        if getattr(column, "ndim", 1) > 1:
            return np.asarray(column)
        return np.ma.filled(np.ma.asarray(column, float), np.nan)
    values = column.tolist() if hasattr(column, "tolist") else list(column)
    return [
        None if value is None or value is np.ma.masked or (isinstance(value, float) and np.isnan(value)) else value
        for value in (one.decode() if isinstance(one, bytes) else one for one in values)
    ]
