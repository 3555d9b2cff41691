"""Tables with a column of paths: astropy, pandas, or files of either."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..io.quiet import quiet_astropy

__all__ = ["PathRows", "is_fits_table", "is_table", "is_table_path", "path_rows", "read_table"]

_PATH_COLUMNS = ("path", "paths", "file", "filename", "file_name", "filepath", "file_path", "cutout", "image", "fits")
_HDU_COLUMNS = ("hdu", "ext", "extension")
_NAME_COLUMNS = ("id", "name", "object_id", "identifier", "source_id", "objid")
_SUFFIXES = (".csv", ".ecsv", ".parquet", ".parq", ".pq", ".vot", ".votable", ".txt", ".dat")


class PathRows(NamedTuple):
    """Columns of a table of cutouts: paths, names, and HDUs (or None)."""

    paths: list
    names: list
    hdus: list | None


def is_table(source):
    """Whether it is an astropy Table or a pandas DataFrame."""
    return hasattr(source, "colnames") or (hasattr(source, "columns") and hasattr(source, "iloc"))


def is_table_path(path):
    """Whether a file's name is that of a table (FITS tables do not show by their name)."""
    return str(path).lower().endswith(_SUFFIXES)


def is_fits_table(path):
    """Whether a FITS file holds a table with a column of strings, and no image."""
    from astropy.io import fits

    try:
        with quiet_astropy(), fits.open(path, memmap=False) as hdus:
            if any(hdu.is_image and hdu.header.get("NAXIS", 0) for hdu in hdus):
                return False
            return any("A" in column.format for hdu in hdus[1:] for column in getattr(hdu, "columns", ()))
    except Exception:  # not a FITS file at all, which its reader reports
        return False


def read_table(path):
    """The table in a file: CSV, ECSV, Parquet, VOTable or FITS.

    Raises
    ------
    ValueError
        If it cannot be read, with the reader's reason.
    """
    suffix = Path(path).suffix.lower()
    try:
        if suffix in (".parquet", ".parq", ".pq"):
            import pandas

            return pandas.read_parquet(path)
        from astropy.table import Table

        with quiet_astropy():
            if suffix == ".csv":
                return Table.read(path, format="ascii.csv")
            if suffix in (".txt", ".dat"):
                return Table.read(path, format="ascii")
            return Table.read(path)
    except FileNotFoundError:
        raise
    except Exception as error:
        raise ValueError(f"{path}: not a readable table ({' '.join(str(error).split())})") from None


def path_rows(table, column=None):
    """Paths, names and HDUs of a table's rows.

    Parameters
    ----------
    table : astropy.table.Table or pandas.DataFrame
        The paths are in the column named ``path``, ``file``, ``filename`` …, or else in the only column of strings; the
        HDU (number or name) in one named ``hdu``, ``ext`` or ``extension``, where there is one; names in ``id``,
        ``name``, ``object_id`` …, and are the paths otherwise.
    column : str, optional
        The column of paths.

    Raises
    ------
    ValueError
        If there is no such column.
    """
    columns = list(table.colnames) if hasattr(table, "colnames") else [str(name) for name in table.columns]
    if column is None:
        column = _path_column(table, columns)
    elif column not in columns:
        raise ValueError(f"no column {column!r} in the table; there are {', '.join(columns)}")
    paths = [_text(value) for value in _values(table, column)]
    hdu_column = _named(columns, _HDU_COLUMNS)
    name_column = _named([name for name in columns if name != column], _NAME_COLUMNS)
    hdus = None if hdu_column is None else [_selector(value) for value in _values(table, hdu_column)]
    names = paths if name_column is None else [_text(value) for value in _values(table, name_column)]
    return PathRows(paths, names, hdus)


def _path_column(table, columns):
    column = _named(columns, _PATH_COLUMNS)
    if column is None:
        strings = [name for name in columns if len(table) and isinstance(_values(table, name)[0], str | bytes | Path)]
        if len(strings) != 1:
            there = f"there are {', '.join(columns)}; rename that of the paths" if columns else "it has no columns"
            raise ValueError(f"no column of paths in the table: expected one named path, file or filename; {there}")
        column = strings[0]
    return column


def _named(columns, names):
    lower = {name.lower(): name for name in reversed(columns)}
    return next((lower[name] for name in names if name in lower), None)


def _values(table, column):
    return table[column].tolist()


def _text(value):
    # A missing path (masked, None, NaN) is an empty one: the row is flagged as unreadable.
    if value is None or value is np.ma.masked or (isinstance(value, float) and np.isnan(value)):
        return ""
    return value.decode().strip() if isinstance(value, bytes) else str(value).strip()


def _selector(value):
    text = _text(value)
    if not text:
        return None
    return int(float(text)) if text.replace(".", "", 1).isdigit() else text
