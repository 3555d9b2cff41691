"""The state of a training run on disk: one file, written in one step, from which a run goes on bit for bit.

A checkpoint holds every variable that a step reads or writes (weights, running means, seeds of random layers, the
optimiser's moments and its count of steps) and a small JSON record (epoch, history).  It is a NumPy archive without
pickles.
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import numpy as np

__all__ = ["read_arrays", "read_checkpoint", "write_atomically", "write_checkpoint"]

_RECORD = "record"


def write_checkpoint(path, arrays, record):
    """Write arrays and a record; a stop at any time leaves the old file or the new one.

    Parameters
    ----------
    path : path
    arrays : list of arrays
    record : dict
        Plain data.
    """
    entries = {f"{i:05d}": array for i, array in enumerate(arrays)}
    entries[_RECORD] = np.frombuffer(json.dumps(record).encode(), np.uint8)
    write_atomically(path, lambda file: np.savez(file, **entries))


def read_checkpoint(path):
    """The arrays and the record of a checkpoint.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as entries:
            record = json.loads(entries[_RECORD].tobytes())
            return [entries[f"{i:05d}"] for i in range(len(entries.files) - 1)], record
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: not a readable checkpoint ({error}); delete it to begin anew") from error


def read_arrays(variables):
    """Copies of the values of Keras variables."""
    return [np.array(variable.numpy()) for variable in variables]


def write_atomically(path, write):
    """Call ``write(file)`` on a binary file beside `path`, then put it in its place."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(scratch, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
