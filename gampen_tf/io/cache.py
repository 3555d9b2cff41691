"""Tables that take long to make, kept in the user's cache folder."""

import os
import sys
from pathlib import Path

import numpy as np

__all__ = ["cache_folder", "cached"]


def cache_folder():
    """Where they are: ``$GAMPEN_TF_CACHE``, or ``gampen_tf`` in the system's folder for caches."""
    if os.environ.get("GAMPEN_TF_CACHE"):
        return Path(os.environ["GAMPEN_TF_CACHE"])
    home = Path(os.path.expanduser("~"))
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "gampen_tf"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "gampen_tf"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "gampen_tf"


def cached(name, length, make):
    """A table out of the cache, or made and put there.

    Parameters
    ----------
    name : str
        Says everything that the table depends on.
    length : int
        How many numbers it has; a file with another number of them, or of another kind, is made anew.
    make : callable
        Gives the table.

    Returns
    -------
    (length,) array of float64
    """
    path = cache_folder() / f"{name}.f64"
    try:
        table = np.fromfile(path, dtype="<f8")
        if len(table) == length and np.isfinite(table).all():
            return table
    except OSError:
        pass  # not there yet
    table = np.asarray(make(), dtype=np.float64)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(table.astype("<f8").tobytes())
        os.replace(temporary, path)  # whole or not at all, whoever else writes it
    except OSError:
        pass  # a cache that cannot be written saves no time, and does no harm
    return table
