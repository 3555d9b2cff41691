"""The directory that a changed model is written to."""

from __future__ import annotations

from pathlib import Path

from ..io import locations

__all__ = ["directory_to_save"]


def directory_to_save(model, save) -> Path | None:
    """The directory that a model is written back to after a change, or None where it is changed in memory alone.

    Parameters
    ----------
    model : str, path, Model or list of them
        As it was given; only one given by its directory is written back.
    save : bool

    Raises
    ------
    FileNotFoundError
        If there is no such model.
    ValueError
        If it ships with the package, where nothing is to be changed.
    """
    if not save or not isinstance(model, str | Path):
        return None
    directory = locations.find_model_directory(model)
    if directory != Path(model):
        raise ValueError(
            f"model {str(model)!r} ships with gampen_tf and is not written to; copy its directory, {directory}, and "
            "give the copy, or pass save=False"
        )
    return directory
