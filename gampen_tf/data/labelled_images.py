"""Images with a catalogue of true values: the common part of one data set on disk and of several joined."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from astropy.table import Table
from numpy.typing import ArrayLike

from ..core.known_parameters import KNOWN_PARAMETERS, derived_values
from .psf_stamps import with_unit_sum

if TYPE_CHECKING:
    from ..io.files import PathLike

__all__ = ["LabelledImages", "Split"]

#: A part of a data set.
Split: TypeAlias = Literal["train", "validation", "test", "all"]

_SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class LabelledImages(ABC):
    """Images with a catalogue of true values.

    Attributes
    ----------
    path : pathlib.Path
    metadata : dict
        The content of ``dataset.json``.
    catalogue : astropy.table.Table
        A row an image, in the order of the images.
    image_shape : (H, W, C)
    """

    def __init__(self, path: PathLike, metadata: dict, catalogue: Table):
        self.path, self.metadata, self.catalogue = Path(path), metadata, catalogue
        self.image_shape = tuple(metadata["image_shape"])

    def __len__(self) -> int:
        return len(self.catalogue)

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self.split(name))} {name}" for name in _SPLITS)
        return f"<{type(self).__name__} {self.recipe_name}, seed {self.seed}: {len(self)} images ({counts})>"

    # -- what the images are -----------------------------------------------------------------------------------------

    @property
    def pixel_scale(self) -> float:
        """Side of a pixel in arcsec."""
        return self.metadata["pixel_scale"]

    @property
    def pixel_unit(self) -> str:
        return self.metadata["pixel_unit"]

    @property
    def zero_point(self) -> float:
        """AB magnitude of one pixel unit."""
        return self.metadata["zero_point"]

    @property
    def band(self) -> str:
        return self.metadata["band"]

    @property
    def scale_free(self) -> bool:
        """Whether lengths are counted in pixels, and light in the noise of a pixel: see `gampen_tf.Model`."""
        return bool(self.metadata.get("scale_free", False))

    @property
    def psf_shape(self) -> tuple[int, int] | None:
        """Shape of the PSF images; None where there are none."""
        shape = self.metadata.get("psf_shape")
        return None if shape is None else tuple(shape)

    @property
    def format(self) -> str:
        """Format of the files of the images: ``"shards"`` or ``"fits"``."""
        return self.metadata["form"]

    @property
    def parameters(self) -> list[dict]:
        """Name and unit of each of the recipe's parameters; its transform too, where it is not the standard one."""
        return self.metadata["parameters"]

    # -- where they come from ----------------------------------------------------------------------------------------

    @property
    def recipe(self) -> dict | list | None:
        """The recipe as plain data (a list of them for joined data sets); None where the images are not simulated."""
        return self.metadata.get("recipe")

    @property
    def recipe_folder(self) -> str | None:
        """Where relative paths in the recipe start."""
        return self.metadata.get("recipe_folder")

    @property
    def recipe_name(self) -> str | None:
        return self.metadata.get("recipe_name")

    @property
    def seed(self) -> int | list | None:
        """Seed of the simulation (a list of them for joined data sets)."""
        return self.metadata.get("seed")

    @property
    def provenance(self) -> dict:
        """Name and hash of the recipe, seed, number of images and band, as plain data for an account of a run."""
        keys = ("recipe_name", "recipe_sha256", "seed", "n_images", "band")
        return {key: self.metadata.get(key) for key in keys}

    # -- catalogue ---------------------------------------------------------------------------------------------------

    def truth(self, names: Sequence[str] | None = None) -> np.ndarray:
        """True values, (N, P) float64, in physical units; NaN where a galaxy has none.

        Parameters
        ----------
        names : sequence of str, optional
            Columns of the catalogue, or parameters that follow from them
            (:mod:`gampen_tf.core.known_parameters`); the recipe's parameters if not given.

        Raises
        ------
        KeyError
            For a name of which there are no true values.
        """
        names = [parameter["name"] for parameter in self.parameters] if names is None else names
        columns = [self._values(name) for name in names]
        for name, column in zip(names, columns, strict=True):
            if column is None:
                derived = [one for one in KNOWN_PARAMETERS if derived_values(one, self._column) is not None]
                there = ", ".join([*self.catalogue.colnames, *derived])
                raise KeyError(f"no column {name!r} in the catalogue; there are: {there}")
        return np.stack(columns, axis=1)

    def knows(self, name: str) -> bool:
        """Whether there are true values of that name."""
        return self._values(name) is not None

    def _values(self, name):
        column = self._column(name)
        return derived_values(name, self._column) if column is None else column

    def _column(self, name):
        return np.asarray(self.catalogue[name], dtype=np.float64) if name in self.catalogue.colnames else None

    def split(self, name: Split, n_images: int | None = None) -> np.ndarray:
        """Indices of the images of a split, "train", "validation" or "test", or of "all"; increasing.

        With ``n_images``, at most so many, evenly spread over the split, so that each of joined data sets has its part.
        """
        if name not in (*_SPLITS, "all"):
            raise ValueError(f"split: expected 'train', 'validation', 'test' or 'all', found {name!r}")
        indices = np.arange(len(self))
        if name != "all":
            indices = np.flatnonzero(np.asarray(self.catalogue["split"], dtype=str) == name)
        if n_images is None or n_images >= len(indices):
            return indices
        return indices[np.arange(n_images) * len(indices) // n_images]

    # -- images ------------------------------------------------------------------------------------------------------

    @abstractmethod
    def images(self, indices: ArrayLike | None = None) -> np.ndarray:
        """Images, (n, H, W, C) float32, in the order of ``indices`` (all if not given)."""

    @abstractmethod
    def psfs(self, indices: ArrayLike | None = None) -> np.ndarray:
        """PSF images, (n, h, w) float32, with the pixel in them, in the order of ``indices``.

        They are as a survey gives them: of any sum, and with faults where the recipe asks for these.

        Raises
        ------
        ValueError
            If the data set holds none.
        """

    def noise(self, indices: ArrayLike | None = None) -> np.ndarray:
        """Standard deviations of the noise of a pixel, (n,) float64, in the unit of the images.

        They are the column ``noise_sigma`` of the catalogue.

        Raises
        ------
        ValueError
            If one is missing.
        """
        column = self.catalogue["noise_sigma"] if "noise_sigma" in self.catalogue.colnames else None
        if column is None:
            advice = (
                "its recipe takes the noise from files, whose level is not known"
                if "noise_file" in self.catalogue.colnames
                else "add one, in the unit of the images"
            )
            raise ValueError(f"{self.path}: no column 'noise_sigma' in the catalogue; {advice}")
        sigma = np.ma.filled(np.ma.asarray(column, float), np.nan)[self._places(indices)]
        wrong = np.count_nonzero(~(np.isfinite(sigma) & (sigma > 0)))
        if wrong:
            raise ValueError(
                f"{self.path}: noise_sigma of {wrong} of {len(sigma)} images is not a positive number; expected the "
                "standard deviation of a pixel's noise"
            )
        return sigma

    def beside(self, names: Sequence[str], indices: ArrayLike | None = None) -> dict[str, np.ndarray]:
        """What networks take beside images, by name, in the order of ``indices``.

        Parameters
        ----------
        names : sequence of str
            "psf": (n, h, w, 1) float32 of sum 1, zeros where there is none; "noise": (n, 1) float32.
        indices : array, optional
            All images if not given.

        Raises
        ------
        ValueError
            If the data set does not hold one of them.
        """
        inputs = {
            "psf": lambda: with_unit_sum(self.psfs(indices))[..., None],
            "noise": lambda: self.noise(indices).astype(np.float32)[:, None],
        }
        return {name: inputs[name]() for name in names}

    @property
    def holds_noise(self) -> bool:
        """Whether the noise of all images is known."""
        try:
            self.noise()
        except ValueError:
            return False
        return True

    @abstractmethod
    def shards(self, split: str | None = None) -> list[tuple[str, np.ndarray]]:
        """(path, indices of its images) of each shard of a split (of all if not given), in the order of the images."""

    def shard_paths(self, split: str | None = None) -> list[str]:
        """Paths of the shards of a split (of all if not given), in the order of the images."""
        return [path for path, _ in self.shards(split)]

    def _checked_psf_shape(self):
        if self.psf_shape is None:
            raise ValueError(
                f"{self.path}: holds no PSF images; simulate from a recipe with psf.image_size to have them"
            )
        return self.psf_shape

    def _places(self, indices):
        """The indices as numbers from 0 on: all of them if none are given, a mask and negative ones understood."""
        indices = np.arange(len(self)) if indices is None else np.atleast_1d(indices)
        if indices.dtype == bool:
            indices = np.flatnonzero(indices)
        indices = np.where(indices < 0, indices + len(self), indices)
        if indices.size and (indices.min() < 0 or indices.max() >= len(self)):
            raise IndexError(f"expected indices of {len(self)} images, found {indices.min()} to {indices.max()}")
        return indices
