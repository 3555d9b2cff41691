"""Tables on disk: ECSV, FITS or Parquet by the suffix, whole or not at all."""

import json
import math
from pathlib import Path

from .files import whole_file
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
    overwrite : bool, optional

    Raises
    ------
    ValueError, FileNotFoundError, FileExistsError
        As :func:`check_table_path`.
    """
    path = Path(path)
    check_table_path(path, overwrite=overwrite)
    suffix = path.suffix.lower()
    if suffix == ".fits":
        table = _for_fits(table)
    # quiet: names of more than eight letters are cards all the same
    with whole_file(path) as scratch, quiet_astropy():
        table.write(scratch, format=_FORMATS[suffix], overwrite=True)


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
    return str(text).translate(_PLAIN).encode("ascii", "replace").decode()
