"""Files that are written whole or not at all, JSON, versions of formats, and digests."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import uuid
from pathlib import Path
from typing import TypeAlias

import numpy as np

__all__ = [
    "PathLike",
    "check_format",
    "damage_named",
    "plain_data",
    "read_json",
    "sha256",
    "to_json",
    "whole_file",
    "write_whole",
]

#: What a path may be given as.
PathLike: TypeAlias = str | os.PathLike[str]


def check_format(found, known: int, path, what: str) -> None:
    """Refuse a file of a newer format, or of none.

    Parameters
    ----------
    found
        The version in the file; None if there is none.
    known : int
        The newest version that this package reads.
    path : path
        For messages.
    what : str
        What was expected, such as ``"the description of a gampen_tf model"``.

    Raises
    ------
    ValueError
    """
    if isinstance(found, bool) or not isinstance(found, int | np.integer):
        raise ValueError(f"{path}: no format_version; this is not {what}")
    if found > known:
        raise ValueError(
            f"{path}: format version {found}, this gampen_tf reads up to {known}; install a newer gampen_tf"
        )


@contextlib.contextmanager
def damage_named(path):
    """Context in which all that a damaged file makes its reader raise becomes one `ValueError`, that names the file.

    A missing file, one that may not be read, and a `ValueError` that names the file already, pass as they are.
    """
    try:
        yield
    except (FileNotFoundError, PermissionError):
        raise
    except Exception as error:
        if isinstance(error, ValueError) and str(error).startswith(str(path)):
            raise
        found = f"{type(error).__name__}: {error}"[:300]
        raise ValueError(f"{path}: cannot be read ({found}); the file is damaged, copy it again") from error


def read_json(path):
    """Content of a JSON file.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    path = Path(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: not valid JSON ({error}); the file is damaged, copy it again") from error


def to_json(entry):
    """JSON text of plain data, NumPy numbers and arrays, and paths."""
    return json.dumps(entry, indent=2, default=plain_data) + "\n"


def plain_data(value):
    """A NumPy number, array or path as plain data: the ``default`` of `json.dumps`.

    Raises
    ------
    TypeError
        For anything else.
    """
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON: {value!r}")


def sha256(path):
    """Hexadecimal digest of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_whole(path, content) -> None:
    """Write a file that appears under its name only when all of it is on disk.

    A stop leaves the old file or the new one, never a part.

    Parameters
    ----------
    path : path
        Its folder is made if it is not there.
    content : bytes, str or callable
        What to write; or ``content(file)`` writes it into a binary file.

    Raises
    ------
    OSError
        If the disk is full: what to do. No part of the file is left.
    """
    with whole_file(path) as scratch, open(scratch, "wb") as file:
        if callable(content):
            content(file)
        else:
            # a path in the text may hold bytes that are not UTF-8
            file.write(content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)


@contextlib.contextmanager
def whole_file(path):
    """Path of a scratch file beside ``path``, which takes its name at the end of the context.

    For writers that open their file themselves; :func:`write_whole` is for all others.

    Raises
    ------
    OSError
        As of :func:`write_whole`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # some writers choose the format by the ending
    scratch = path.with_name(f".{path.stem}.{uuid.uuid4().hex}.part{path.suffix}")
    try:
        yield scratch
        with open(scratch, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(scratch, path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(
                error.errno,
                f"the disk is full: {path} did not fit. Make room and run the same command again: it goes on where it "
                "stopped",
            ) from error
        raise
    finally:
        scratch.unlink(missing_ok=True)
