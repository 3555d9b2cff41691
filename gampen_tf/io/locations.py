"""Where the files that travel with the package are: trained models, data recipes, sample cutouts."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

__all__ = ["data_recipe", "model_directory", "names", "sample_cutouts"]

_PACKAGE = Path(str(importlib.resources.files("gampen_tf"))).resolve()


def _room(kind: str) -> Path:
    # An installed package carries the rooms inside itself; a checkout has them beside it.
    installed = _PACKAGE / "_shipped" / kind
    return installed if installed.is_dir() else _PACKAGE.parent / kind


def names(kind: str) -> list[str]:
    """Names of what ships: ``kind`` is ``"models"`` or ``"data_recipes"``."""
    room = _room(kind)
    if kind == "models":
        return sorted(path.parent.name for path in room.glob("*/model.json"))
    return sorted(path.stem for path in room.glob("*.yaml"))


def model_directory(name: str) -> Path:
    """Directory of a shipped model.

    Raises
    ------
    FileNotFoundError
        Listing the models that there are.
    """
    path = _room("models") / name
    if not (path / "model.json").is_file():
        raise FileNotFoundError(
            f"no model named {name!r} ships with gampen_tf, nor is there a directory of that name with a model; there "
            f"are: {', '.join(names('models')) or 'none'}"
        )
    return path


def data_recipe(name: str) -> Path:
    """Path of a shipped data recipe.

    Raises
    ------
    FileNotFoundError
        Listing the recipes that there are.
    """
    path = _room("data_recipes") / f"{name}.yaml"
    if not path.is_file():
        there = ", ".join(names("data_recipes"))
        raise FileNotFoundError(f"no data recipe named {name!r} ships with gampen_tf; there are: {there}")
    return path


def sample_cutouts() -> Path:
    """Folder of the dozen sample cutouts of the demo: a data set whose catalogue tells the truth."""
    return _PACKAGE / "samples"
