"""Data sets by their folder, whether their images were written or are drawn when they are asked for."""

from __future__ import annotations

from pathlib import Path

from ..data.dataset import DataSet, read_description
from ..data.joined import DataLike, JoinedDataSet
from ..data.labelled_images import LabelledImages
from ..io.files import PathLike
from .drawn import DrawnDataSet

__all__ = ["as_dataset", "open_dataset"]


def open_dataset(path: PathLike) -> DataSet | DrawnDataSet:
    """Open a data set that `gampen_tf.simulate` wrote.

    Parameters
    ----------
    path : path
        Its folder.

    Raises
    ------
    FileNotFoundError
        If there is none, or it is not complete.
    ValueError
        If a newer gampen_tf wrote it.
    """
    metadata, catalogue = read_description(path)
    kind = DrawnDataSet.of_catalogue if metadata["form"] == "drawn" else DataSet
    return kind(Path(path), metadata, catalogue)


def as_dataset(data: DataLike) -> LabelledImages:
    """The data set that `data` is or names: a data set, the folder of one, or a list of them to be joined.

    Raises
    ------
    FileNotFoundError
        If there is no data set.
    TypeError
        If it is none of these.
    """
    if isinstance(data, list | tuple):
        return JoinedDataSet([as_dataset(part) for part in data])
    if isinstance(data, LabelledImages):
        return data
    if not isinstance(data, str | Path):
        raise TypeError(f"data: expected a data set, its folder or a list of these, found {type(data).__name__}")
    if (Path(data) / "dataset.json").is_file():
        return open_dataset(data)
    what = "no dataset.json in this folder" if Path(data).is_dir() else "no such folder"
    raise FileNotFoundError(f"{data}: {what}; expected a data set that gampen_tf.simulate wrote")
