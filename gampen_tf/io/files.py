"""Files that are written whole or not at all, JSON, and digests."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import uuid
from pathlib import Path

import numpy as np

__all__ = ["read_json", "sha256", "to_json", "write_whole"]


def read_json(path):
    """The content of a JSON file; ValueError naming it if it is damaged."""
    try:
        return json.loads(path.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not valid JSON ({error}); the file is damaged, copy it again") from error


def to_json(entry):
    """JSON text of plain data, NumPy numbers and arrays, and paths."""
    return json.dumps(entry, indent=2, default=_plain) + "\n"


def _plain(value):
    if isinstance(value, (np.generic, np.ndarray)):
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


def write_whole(path, content):
    """Write a file that appears under its name only when all of it is on disk; a stop leaves the old file or the new.

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
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")  # machines that share a disk may share numbers
    try:
        with open(scratch, "wb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
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
