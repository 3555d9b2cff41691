"""Several labelled data sets as one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.table import Table, vstack

from .dataset import DataSet, open_dataset

__all__ = ["JoinedDataSet", "as_dataset"]


class JoinedDataSet(DataSet):
    """Several data sets of one kind as one, their images one after the other.

    Parameters
    ----------
    parts : sequence of DataSet
        Their images, units and parameters must agree; their recipes need not.

    Raises
    ------
    ValueError
        Naming what differs.
    """

    def __init__(self, parts):
        self.parts = list(parts)
        first = self.parts[0]
        for key in ("image_shape", "psf_shape", "pixel_scale", "pixel_unit", "zero_point", "band", "parameters"):
            for part in self.parts[1:]:
                if part.metadata.get(key) != first.metadata.get(key):
                    raise ValueError(
                        f"data sets that differ in {key} cannot be joined: {first.metadata.get(key)} in {first.path}, "
                        f"{part.metadata.get(key)} in {part.path}"
                    )
        forms = {part.metadata["form"] for part in self.parts}
        metadata = {
            **first.metadata,
            "form": forms.pop() if len(forms) == 1 else "fits",
            "recipe_name": " + ".join(part.metadata["recipe_name"] for part in self.parts),
            "recipe": [part.metadata["recipe"] for part in self.parts],
            "seed": [part.metadata["seed"] for part in self.parts],
        }
        self._firsts = np.cumsum([0, *(len(part) for part in self.parts)])
        tables = [Table(part.catalogue, meta=None) for part in self.parts]
        super().__init__(first.path, metadata, vstack(tables, metadata_conflicts="silent"))

    def _check_complete(self):
        """Each part was checked when it was opened."""

    def shards(self, split=None):
        return [
            (path, indices + first)
            for part, first in zip(self.parts, self._firsts, strict=False)
            for path, indices in part.shards(split)
        ]

    def images(self, indices=None):
        return self._from_parts("images", indices, self.image_shape)

    def psfs(self, indices=None):
        return self._from_parts("psfs", indices, self._psf_shape())

    def _from_parts(self, method, indices, shape):
        indices = self._places(indices)
        found = np.empty((len(indices), *shape), np.float32)
        for part, first in zip(self.parts, self._firsts, strict=False):
            rows = np.flatnonzero((indices >= first) & (indices < first + len(part)))
            if rows.size:
                found[rows] = getattr(part, method)(indices[rows] - first)
        return found


def as_dataset(data):
    """The data set that `data` is or names: a DataSet, the folder of one, or a list of them to be joined.

    Raises
    ------
    FileNotFoundError
        If there is no data set.
    """
    if isinstance(data, list | tuple):
        return JoinedDataSet([as_dataset(part) for part in data])
    if not isinstance(data, str | Path):
        return data
    if (Path(data) / "dataset.json").is_file():
        return open_dataset(data)
    what = "no dataset.json in this folder" if Path(data).is_dir() else "no such folder"
    raise FileNotFoundError(f"{data}: {what}; expected a data set that gampen_tf.simulate wrote")
