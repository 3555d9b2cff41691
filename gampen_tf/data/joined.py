"""Several labelled data sets as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from astropy.table import Table, vstack
from numpy.typing import ArrayLike

from .labelled_images import LabelledImages

if TYPE_CHECKING:
    from ..io.files import PathLike

__all__ = ["DataLike", "JoinedDataSet"]

#: What `gampen_tf.train` and others take: a data set, its folder, or several of them.
DataLike: TypeAlias = "LabelledImages | PathLike | Sequence[LabelledImages | PathLike]"

_SHARED = ("image_shape", "psf_shape", "pixel_scale", "pixel_unit", "zero_point", "band", "scale_free", "parameters")


class JoinedDataSet(LabelledImages):
    """Several data sets of one kind as one, their images one after the other.

    Parameters
    ----------
    parts : sequence of LabelledImages
        Their images, units and parameters must agree; their recipes need not.

    Raises
    ------
    ValueError
        Naming what differs; if there are none.
    """

    def __init__(self, parts: Iterable[LabelledImages]):
        self.parts = list(parts)
        if not self.parts:
            raise ValueError("no data sets to join; expected one or more, or the folders of them")
        first = self.parts[0]
        for name in _SHARED:
            for part in self.parts[1:]:
                one, other = getattr(first, name), getattr(part, name)
                if one != other:
                    raise ValueError(
                        f"data sets that differ in {name} cannot be joined: {one} in {first.path}, "
                        f"{other} in {part.path}"
                    )
        formats = {part.format for part in self.parts}
        metadata = {
            **first.metadata,
            "form": formats.pop() if len(formats) == 1 else "fits",
            "n_images": sum(len(part) for part in self.parts),
            "recipe_name": " + ".join(str(part.recipe_name) for part in self.parts),
            "recipe_sha256": [part.metadata.get("recipe_sha256") for part in self.parts],
            "recipe": [part.recipe for part in self.parts],
            "seed": [part.seed for part in self.parts],
        }
        self._firsts = np.cumsum([0, *(len(part) for part in self.parts)])[:-1]
        tables = [Table(part.catalogue, meta=None) for part in self.parts]
        super().__init__(first.path, metadata, vstack(tables, metadata_conflicts="silent"))

    def shards(self, split: str | None = None) -> list[tuple[str, np.ndarray]]:
        return [
            (path, indices + first)
            for part, first in zip(self.parts, self._firsts, strict=True)
            for path, indices in part.shards(split)
        ]

    def images(self, indices: ArrayLike | None = None) -> np.ndarray:
        return self._from_parts("images", indices, self.image_shape)

    def psfs(self, indices: ArrayLike | None = None) -> np.ndarray:
        return self._from_parts("psfs", indices, self._checked_psf_shape())

    def _from_parts(self, method, indices, shape):
        indices = self._places(indices)
        found = np.empty((len(indices), *shape), np.float32)
        for part, first in zip(self.parts, self._firsts, strict=True):
            rows = np.flatnonzero((indices >= first) & (indices < first + len(part)))
            if rows.size:
                found[rows] = getattr(part, method)(indices[rows] - first)
        return found
