"""A data set on disk: images and catalogue, splits and shards."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table

from ..core.ellipticity import derived_labels

__all__ = ["DataSet", "open_dataset"]

_FORMAT_VERSION = 1


def open_dataset(path):
    """Open a data set that `gampen_tf.simulate` wrote.

    Parameters
    ----------
    path : path
        Its folder.

    Returns
    -------
    DataSet

    Raises
    ------
    FileNotFoundError
        If there is none, or it is not complete.
    ValueError
        If a newer gampen_tf wrote it.
    """
    path = Path(path)
    description = path / "dataset.json"
    if not description.is_file():
        raise FileNotFoundError(f"{path}: no dataset.json in it; expected a folder that gampen_tf.simulate wrote")
    metadata = json.loads(description.read_text())
    if metadata["format_version"] > _FORMAT_VERSION:
        raise ValueError(
            f"{description}: format version {metadata['format_version']}, but this gampen_tf reads up to "
            f"{_FORMAT_VERSION}; a newer gampen_tf is needed"
        )
    catalogue = path / "catalogue.fits"
    if not catalogue.is_file():
        raise FileNotFoundError(f"{path}: no catalogue.fits; the simulation was stopped early, run it again to finish")
    return DataSet(path, metadata, Table.read(catalogue))


class DataSet:
    """Images with their catalogue.

    Attributes
    ----------
    path : pathlib.Path
    metadata : dict
        recipe, seed, pixel_scale (arcsec), pixel_unit, zero_point, band, image_shape, psf_shape, parameters, shards.
    catalogue : astropy.table.Table
        A row an image, in the order of the images.
    image_shape : (H, W, C)
    """

    def __init__(self, path, metadata, catalogue):
        self.path, self.metadata, self.catalogue = Path(path), metadata, catalogue
        self.image_shape = tuple(metadata["image_shape"])
        self._check_complete()

    def __len__(self):
        return len(self.catalogue)

    def __repr__(self):
        counts = ", ".join(f"{len(self.split(name))} {name}" for name in ("train", "validation", "test"))
        return f"<DataSet {self.metadata['recipe_name']}, seed {self.metadata['seed']}: {len(self)} images ({counts})>"

    def _check_complete(self):
        if self.metadata["form"] == "fits":
            missing = [name for name in self.catalogue["file"] if not (self.path / name).is_file()]
        else:
            shapes = {"file": self.image_shape, "psf_file": self.metadata["psf_shape"]}
            missing = [
                shard[key]
                for shard in self.metadata["shards"]
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

    def labels(self, names=None):
        """True values, (N, P) float64, in physical units; nan where a galaxy has none.

        Parameters
        ----------
        names : sequence of str, optional
            Columns of the catalogue, or what follows from them (:mod:`gampen_tf.core.ellipticity`); the recipe's
            parameters if not given.
        """
        if names is None:
            names = [parameter["name"] for parameter in self.metadata["parameters"]]
        derived = derived_labels(self._column)
        unknown = [name for name in names if name not in self.catalogue.colnames and name not in derived]
        if unknown:
            there = ", ".join([*self.catalogue.colnames, *derived])
            raise KeyError(f"no column {unknown[0]!r} in the catalogue; there are: {there}")
        columns = [self._column(name) for name in names]
        columns = [derived[name] if column is None else column for name, column in zip(names, columns, strict=True)]
        return np.stack(columns, axis=1)

    def knows(self, name) -> bool:
        """Whether `labels` has true values of that name."""
        return name in self.catalogue.colnames or name in derived_labels(self._column)

    def _column(self, name):
        return np.asarray(self.catalogue[name], dtype=np.float64) if name in self.catalogue.colnames else None

    def split(self, name, n_images=None):
        """Indices of the images of a split, "train", "validation" or "test", or of "all"; increasing.

        With ``n_images``, at most so many, evenly spread over the split, so that each of joined data sets has its part.
        """
        if name not in ("train", "validation", "test", "all"):
            raise ValueError(f"split: expected 'train', 'validation', 'test' or 'all', found {name!r}")
        indices = np.arange(len(self))
        if name != "all":
            indices = np.flatnonzero(np.asarray(self.catalogue["split"], dtype=str) == name)
        if n_images is None or n_images >= len(indices):
            return indices
        return indices[np.arange(n_images) * len(indices) // n_images]

    def shard_paths(self, split=None):
        """Paths of the shards of a split (of all if not given), in the order of the images."""
        return [path for path, _ in self.shards(split)]

    def shards(self, split=None):
        """(path, indices of its images) of each shard of a split, in the order of the images."""
        if self.metadata["form"] != "shards":
            raise ValueError(f"{self.path}: holds FITS cutouts, no shards; simulate with format='shards' to have them")
        return [
            (str(self.path / shard["file"]), np.arange(shard["first"], shard["first"] + shard["n_images"]))
            for shard in self.metadata["shards"]
            if split in (None, "all", shard["split"])
        ]

    def images(self, indices=None):
        """Images, (n, H, W, C) float32, in the order of ``indices`` (all if not given)."""
        return self._read(indices, "file", 0, self.image_shape)

    def psfs(self, indices=None):
        """PSF images, (n, h, w) float32, of sum 1 and with the pixel in them, in the order of ``indices``.

        Raises
        ------
        ValueError
            If the data set holds none.
        """
        return self._read(indices, "psf_file", "PSF", self._psf_shape())

    def _psf_shape(self):
        if self.metadata["psf_shape"] is None:
            raise ValueError(
                f"{self.path}: holds no PSF images; simulate from a recipe with psf.image_size to have them"
            )
        return tuple(self.metadata["psf_shape"])

    def _places(self, indices):
        """The indices as numbers from 0 on: all of them if none are given, a mask and negative ones understood."""
        indices = np.arange(len(self)) if indices is None else np.atleast_1d(indices)
        if indices.dtype == bool:
            indices = np.flatnonzero(indices)
        indices = np.where(indices < 0, indices + len(self), indices)
        if indices.size and (indices.min() < 0 or indices.max() >= len(self)):
            raise IndexError(f"expected indices of {len(self)} images, found {indices.min()} to {indices.max()}")
        return indices

    def _read(self, indices, file, hdu, shape):
        """Records of the galaxies: from the shards' entry ``file``, or from that HDU of the cutouts."""
        indices = self._places(indices)
        records = np.empty((len(indices), *shape), dtype=np.float32)
        if self.metadata["form"] == "fits":
            for row, index in enumerate(indices):
                path = self.path / self.catalogue["file"][index]
                records[row] = fits.getdata(path, hdu, memmap=False).reshape(shape)
            return records
        firsts = np.array([shard["first"] for shard in self.metadata["shards"]])
        numbers = np.searchsorted(firsts, indices, side="right") - 1
        for number in np.unique(numbers):
            shard = self.metadata["shards"][number]
            there = np.memmap(self.path / shard[file], dtype="<f4", mode="r", shape=(shard["n_images"], *shape))
            rows = np.flatnonzero(numbers == number)
            records[rows] = there[indices[rows] - shard["first"]]
        return records
