"""Versions of packages and the command line, as a model's provenance keeps them."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import shlex
import sys
from pathlib import Path

_PACKAGES = ("gampen_tf", "tensorflow", "keras", "numpy")


def _command():
    """What was typed, without the place of the program."""
    program = Path(sys.argv[0])
    is_ours = program.name == "gampen-tf" or (program.name == "__main__.py" and program.parent.name == "gampen_tf")
    return shlex.join(["gampen-tf" if is_ours else program.name, *sys.argv[1:]])


def _versions():
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return versions
