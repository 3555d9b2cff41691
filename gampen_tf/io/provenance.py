"""Versions of packages and the command line, for accounts of how something was made."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from .._version import __version__

__all__ = ["command", "package_versions", "versions"]

_OF_MODELS = ("tensorflow", "keras", "numpy")


def command() -> str:
    """The command line, with the name of the program in place of its path."""
    program = Path(sys.argv[0])
    is_ours = program.name == "gampen-tf" or (program.name == "__main__.py" and program.parent.name == "gampen_tf")
    return shlex.join(["gampen-tf" if is_ours else program.name, *sys.argv[1:]])


def package_versions(packages: Iterable[str]) -> dict[str, str]:
    """Version of each package; one that is not installed is left out."""
    found = {}
    for package in packages:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def versions(packages: Iterable[str] = _OF_MODELS) -> dict[str, str]:
    """Versions of Python, of gampen_tf and of other packages."""
    return {"python": platform.python_version(), "gampen_tf": __version__, **package_versions(packages)}
