"""A labelled data set that is drawn when it is asked for, and never written."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from astropy.table import Table
from numpy.typing import ArrayLike

from ..data.labelled_images import LabelledImages
from ..io.files import PathLike
from ..io.workers import in_parts, n_cores
from .catalogue import draw_catalogue
from .description import describe, split_of_each
from .images import draw_image_and_psf
from .recipe import Recipe
from .recipe_file import load_recipe

__all__ = ["DrawnDataSet"]

_AT_ONCE = 32  # galaxies that a worker draws for one answer


class DrawnDataSet(LabelledImages):
    """Galaxies of a recipe as a data set without images: worker processes draw those that are asked for.

    Galaxy i of a seed is the one that `gampen_tf.simulate` writes. 300 000 images of 239 pixels take no disk, in place
    of 69 GB; to read them takes as long as to draw them.

    Parameters
    ----------
    recipe : str, path, dict or Recipe
    n_images : int
    seed : int, optional
    workers : int, optional
        Processes; as many as cores if not given. 1 draws in this process.
    progress_bar : bool, optional
        While the catalogue is drawn.
    """

    def __init__(
        self,
        recipe: PathLike | dict | Recipe,
        n_images: int,
        seed: int = 0,
        *,
        workers: int | None = None,
        progress_bar: bool = True,
    ):
        recipe, workers = load_recipe(recipe), workers or n_cores()
        metadata = describe(recipe, int(n_images), int(seed), "drawn")
        catalogue = draw_catalogue(recipe, int(seed), range(n_images), workers=workers, progress_bar=progress_bar)
        catalogue.add_column(split_of_each(metadata), name="split", index=1)
        self._begin(Path(recipe.name), metadata, catalogue, recipe, workers)

    @classmethod
    def of_catalogue(cls, path: PathLike, metadata: dict, catalogue: Table) -> DrawnDataSet:
        """One whose description and catalogue were written by ``gampen_tf.simulate(…, format="drawn")``."""
        dataset = cls.__new__(cls)
        dataset._begin(Path(path), metadata, catalogue, load_recipe(metadata["recipe"]), n_cores())
        return dataset

    def _begin(self, path, metadata, catalogue, recipe, workers):
        super().__init__(path, metadata, catalogue)
        self._recipe, self._workers = recipe, workers

    def shards(self, split: str | None = None) -> list[tuple[str, np.ndarray]]:
        raise ValueError(f"{self.path}: its images are drawn when they are asked for; simulate it to have shards")

    def images(self, indices: ArrayLike | None = None) -> np.ndarray:
        return self._joined(indices, 0, self.image_shape[:2])[..., None]

    def psfs(self, indices: ArrayLike | None = None) -> np.ndarray:
        return self._joined(indices, 1, self._checked_psf_shape())

    def _joined(self, indices, which, shape):
        parts = [part[which] for part in self.draw(indices)]
        return np.concatenate(parts) if parts else np.empty((0, *shape), np.float32)

    def draw(self, indices: ArrayLike | None = None) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """Generate images (n, H, W) and PSFs (n, h, w), some tens of galaxies at a time, in order.

        Parameters
        ----------
        indices : (N,) int array, optional
            All if not given.
        """
        draw = functools.partial(_draw, self._recipe, self.seed)
        yield from in_parts(draw, self._places(indices), _AT_ONCE, self._workers)


def _draw(recipe, seed, indices):
    drawn = [draw_image_and_psf(recipe, seed, int(index)) for index in indices]
    images, psfs = zip(*drawn, strict=True)
    return np.stack(images), np.stack(psfs) if recipe.psf_size else None
