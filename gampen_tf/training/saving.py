"""The directory that a changed model is written to."""

from __future__ import annotations

from pathlib import Path

from ..io import locations

__all__ = ["directory_to_save"]


def directory_to_save(model, save) -> Path | None:
    """The directory that a model is written back to after a change, or None where it is changed in memory alone.

    Parameters
    ----------
    model : str, path or Model
        As it was given; only one given by its directory is written back.
    save : bool

    Raises
    ------
    FileNotFoundError
        If there is no such model.
    ValueError
        If it ships with the package, where nothing is to be changed; if several are given, whose combination would be
        changed and lost.
    """
    if isinstance(model, list | tuple):
        raise ValueError(f"expected one model, found {len(model)} of them; give each by itself")
    if not save or not isinstance(model, str | Path):
        return None
    return locations.own_model_directory(model)
