"""Tables on disk: ECSV, FITS or Parquet by the suffix, whole or not at all."""

import json
import math
from pathlib import Path

from .files import whole_file
from .names import plain_name
from .quiet import quiet_astropy

__all__ = ["check_table_path", "write_table"]

_FORMATS = {".ecsv": "ascii.ecsv", ".fits": "fits", ".parquet": "parquet"}
# FITS strings are ASCII.
_PLAIN = str.maketrans({"″": '"', "×": "x", "·": "*", "…": "...", "’": "'", "–": "-", "±": "+-"})


def check_table_path(path, *, overwrite=False):
    """Refuse a path at which no table can be written, before the work that fills it.

    Raises
    ------
    ValueError
        For a suffix other than ``.ecsv``, ``.fits`` or ``.parquet``.
    FileNotFoundError, FileExistsError
        If its folder is not there, or the file is, and ``overwrite`` is not set.
    """
    path = Path(path)
    if path.suffix.lower() not in _FORMATS:
        raise ValueError(f"{path}: expected a name that ends in {', '.join(_FORMATS)}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {path.parent}")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path}: is there already; choose another name, or overwrite it")


def write_table(table, path, *, overwrite=False):
    """Write an astropy table with its units and metadata; a reader sees the old file or the whole new one.

    Parameters
    ----------
    table : astropy.table.Table or QTable
    path : path
        ``.ecsv``, ``.fits`` (strings are made ASCII; metadata that no FITS card holds become JSON) or ``.parquet``.
        Names that are not UTF-8 are written as `plain_name` gives them.
    overwrite : bool, optional

    Raises
    ------
    ValueError, FileNotFoundError, FileExistsError
        As :func:`check_table_path`.
    """
    path = Path(path)
    check_table_path(path, overwrite=overwrite)
    suffix = path.suffix.lower()
    table = _for_fits(table) if suffix == ".fits" else _with_text(table, plain_name)
    # quiet: names of more than eight letters are cards all the same
    with whole_file(path) as scratch, quiet_astropy():
        if suffix == ".ecsv":  # whatever the locale
            with open(scratch, "w", encoding="utf-8", newline="") as file:
                table.write(file, format=_FORMATS[suffix])
        else:
            table.write(scratch, format=_FORMATS[suffix], overwrite=True)


def _with_text(table, convert):
    """A copy of a table with its columns of text converted."""
    table = table.copy()
    for name in table.colnames:
        if getattr(getattr(table[name], "dtype", None), "kind", "") == "U":
            table[name] = [convert(str(value)) for value in table[name]]
    return table


def _for_fits(table):
    table = table.copy()
    for name in table.colnames:
        if getattr(table[name], "dtype", None) is not None and table[name].dtype.kind in "UO":
            table[name] = [_plain(value) for value in table[name]]
    for key, value in table.meta.items():
        is_card = isinstance(value, bool | int) or isinstance(value, float) and math.isfinite(value)
        if not is_card:
            table.meta[key] = _plain(value if isinstance(value, str) else json.dumps(value, default=str))
    return table


def _plain(text):
    return str(text).translate(_PLAIN).encode("ascii", "backslashreplace").decode()
