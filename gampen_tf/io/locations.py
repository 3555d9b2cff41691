"""Places of the files that ship with the package: trained models, data recipes, sample cutouts."""

from __future__ import annotations

import importlib.resources
import os
from pathlib import Path

__all__ = ["data_recipe", "find_model_directory", "names", "own_model_directory", "sample_cutouts"]

_PACKAGE = Path(str(importlib.resources.files("gampen_tf"))).resolve()


def _shipped(kind: str) -> Path:
    # Inside an installed package; in a checkout beside it.
    installed = _PACKAGE / "_shipped" / kind
    return installed if installed.is_dir() else _PACKAGE.parent / kind


def names(kind: str) -> list[str]:
    """Names of the models or data recipes that ship: ``kind`` is ``"models"`` or ``"data_recipes"``."""
    folder = _shipped(kind)
    if kind == "models":
        return sorted(path.parent.name for path in folder.glob("*/model.json"))
    return sorted(path.stem for path in folder.glob("*.yaml"))


def find_model_directory(name_or_path) -> Path:
    """Directory of a model: a path to it, or the name of one that ships.

    Raises
    ------
    FileNotFoundError
        If the directory holds no model; or if there is neither directory nor shipped model, listing those that ship.
    TypeError
        If it is neither text nor a path.
    """
    if not isinstance(name_or_path, str | os.PathLike):
        raise TypeError(f"model: expected a model, its name or its directory, found {type(name_or_path).__name__}")
    path = Path(name_or_path)
    if (path / "model.json").is_file():
        return path
    if path.is_dir():
        raise FileNotFoundError(f"{path}: no model.json in this directory; it holds no finished model")
    shipped = _shipped("models") / path
    if (shipped / "model.json").is_file():
        return shipped
    raise FileNotFoundError(
        f"no model named {str(name_or_path)!r} ships with gampen_tf, nor is there a directory of that name with a "
        f"model; there are: {', '.join(names('models')) or 'none'}"
    )


def own_model_directory(name_or_path) -> Path:
    """Directory of a user's model, for writing into it.

    Raises
    ------
    FileNotFoundError
        If there is no such model.
    ValueError
        If it ships with the package: what is written there would be lost with the next version.
    """
    directory = find_model_directory(name_or_path)
    if directory != Path(name_or_path):
        raise ValueError(
            f"model {str(name_or_path)!r} ships with gampen_tf and is not written to; copy its directory, {directory}, "
            "and give the copy"
        )
    return directory


def data_recipe(name: str) -> Path:
    """Path of a shipped data recipe.

    Raises
    ------
    FileNotFoundError
        Listing the recipes that there are.
    """
    path = _shipped("data_recipes") / f"{name}.yaml"
    if not path.is_file():
        there = ", ".join(names("data_recipes"))
        raise FileNotFoundError(f"no data recipe named {name!r} ships with gampen_tf; there are: {there}")
    return path


def sample_cutouts() -> Path:
    """Folder of the dozen sample cutouts of the demo: a data set with the true values in its catalogue."""
    return _PACKAGE / "samples"
