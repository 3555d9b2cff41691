"""Tables of numbers that take long to compute, kept in the user's cache folder."""

import contextlib
import os
from pathlib import Path

import numpy as np

from .files import write_whole

__all__ = ["cache_folder", "cached"]


def cache_folder() -> Path:
    """Folder of the tables: ``$GAMPEN_TF_CACHE``, or that of astropy's configuration for this package."""
    if os.environ.get("GAMPEN_TF_CACHE"):
        return Path(os.environ["GAMPEN_TF_CACHE"])
    from astropy.config import get_cache_dir

    return Path(get_cache_dir("gampen_tf"))


def cached(name, length, make):
    """Table from the cache; made and put there if it is not.

    Parameters
    ----------
    name : str
        With everything that the table depends on.
    length : int
        How many numbers it has; a file with another number of them, or of another kind, is made anew.
    make : callable
        Gives the table.

    Returns
    -------
    (length,) array of float64
    """
    path = None
    with contextlib.suppress(OSError, RuntimeError):  # no place for a cache, or no such table yet
        path = cache_folder() / f"{name}.f64"
        table = np.fromfile(path, dtype="<f8")
        if len(table) == length and np.isfinite(table).all():
            return table
    table = np.asarray(make(), dtype=np.float64)
    if path is not None:
        with contextlib.suppress(OSError):  # a cache that cannot be written saves no time, and does no harm
            write_whole(path, table.astype("<f8").tobytes())
    return table
