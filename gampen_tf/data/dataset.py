"""Labelled data sets on disk: images and their catalogue, read alike from cutouts and shards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table
from numpy.typing import ArrayLike

from ..io.files import PathLike, check_format, damage_named, read_json
from .labelled_images import LabelledImages
from .layout import CATALOGUE, FORMAT_VERSION

__all__ = ["DataSet", "read_description"]


def read_description(path: PathLike) -> tuple[dict, Table]:
    """Description and catalogue of a data set that `gampen_tf.simulate` wrote.

    Parameters
    ----------
    path : path
        Its folder.

    Raises
    ------
    FileNotFoundError
        If there is none, or its catalogue was not written.
    ValueError
        If a newer gampen_tf wrote it, or its catalogue is damaged.
    """
    path = Path(path)
    description = path / "dataset.json"
    if not description.is_file():
        raise FileNotFoundError(f"{path}: no dataset.json in it; expected a folder that gampen_tf.simulate wrote")
    metadata = read_json(description)
    check_format(metadata.get("format_version"), FORMAT_VERSION, description, "the description of a data set")
    catalogue = path / CATALOGUE
    if not catalogue.is_file():
        raise FileNotFoundError(f"{path}: no catalogue.fits; the simulation was stopped early, run it again to finish")
    with damage_named(catalogue):
        table = Table.read(catalogue)
    if len(table) != metadata["n_images"]:
        raise ValueError(
            f"{catalogue}: {len(table)} rows, where {metadata['n_images']} belong; run the same simulation again, "
            "which draws a catalogue again that is not as it was written"
        )
    return metadata, table


class DataSet(LabelledImages):
    """A folder of images with their catalogue, as `gampen_tf.simulate` writes it.

    Raises
    ------
    FileNotFoundError
        If files are missing or cut short.
    ValueError
        If no images were written.
    """

    def __init__(self, path: PathLike, metadata: dict, catalogue: Table):
        super().__init__(path, metadata, catalogue)
        self._check_complete()

    def _check_complete(self):
        if self.format == "drawn":
            raise ValueError(
                f"{self.path}: holds a catalogue whose images are drawn when they are asked for; give "
                "gampen_tf.open_dataset of it"
            )
        if self.format == "fits":
            missing = [name for name in self.catalogue["file"] if not (self.path / name).is_file()]
        else:
            shapes = {"file": self.image_shape, "psf_file": self.psf_shape}
            missing = [
                shard[key]
                for shard in self._shards
                for key, shape in shapes.items()
                if key in shard and not self._is_whole(shard[key], 4 * shard["n_images"] * int(np.prod(shape)))
            ]
        if missing:
            raise FileNotFoundError(
                f"{self.path}: {len(missing)} files are missing or cut short, the first is {missing[0]}; "
                "run the same simulation again to finish it"
            )

    def _is_whole(self, name, n_bytes):
        path = self.path / name
        return path.is_file() and path.stat().st_size == n_bytes

    @property
    def _shards(self):
        return self.metadata["shards"]

    def shards(self, split: str | None = None) -> list[tuple[str, np.ndarray]]:
        if self.format != "shards":
            raise ValueError(f"{self.path}: holds FITS cutouts, no shards; simulate with format='shards' to have them")
        return [
            (str(self.path / shard["file"]), np.arange(shard["first"], shard["first"] + shard["n_images"]))
            for shard in self._shards
            if split in (None, "all", shard["split"])
        ]

    def images(self, indices: ArrayLike | None = None) -> np.ndarray:
        return self._read(indices, "file", 0, self.image_shape)

    def psfs(self, indices: ArrayLike | None = None) -> np.ndarray:
        return self._read(indices, "psf_file", "PSF", self._checked_psf_shape())

    def _read(self, indices, file, hdu, shape):
        """Records of the galaxies: from the shards' entry ``file``, or from that HDU of the cutouts."""
        indices = self._places(indices)
        records = np.empty((len(indices), *shape), dtype=np.float32)
        if self.format == "fits":
            for row, index in enumerate(indices):
                path = self.path / self.catalogue["file"][index]
                records[row] = fits.getdata(path, hdu, memmap=False).reshape(shape)
            return records
        firsts = np.array([shard["first"] for shard in self._shards])
        numbers = np.searchsorted(firsts, indices, side="right") - 1
        for number in np.unique(numbers):
            shard = self._shards[number]
            there = np.memmap(self.path / shard[file], dtype="<f4", mode="r", shape=(shard["n_images"], *shape))
            rows = np.flatnonzero(numbers == number)
            records[rows] = there[indices[rows] - shard["first"]]
        return records
