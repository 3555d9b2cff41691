"""A labelled data set that is drawn when it is asked for, and never written."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..data.labelled_images import LabelledImages
from ..io.files import PathLike
from ..io.workers import WorkerProcesses, n_cores
from .catalogue import draw_catalogue
from .images import draw_image_and_psf
from .recipe import Recipe
from .recipe_file import load_recipe
from .run import ONE_THREAD, describe, split_of_each

__all__ = ["DrawnDataSet"]

_AT_ONCE = 32  # galaxies that a worker draws for one answer


class DrawnDataSet(LabelledImages):
    """Galaxies of a recipe as a data set without files: worker processes draw the images that are asked for.

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
        recipe = load_recipe(recipe)
        metadata = describe(recipe, int(n_images), int(seed), "drawn")
        catalogue = draw_catalogue(recipe, int(seed), range(n_images), progress_bar=progress_bar)
        catalogue.add_column(split_of_each(metadata), name="split", index=1)
        super().__init__(Path(recipe.name), metadata, catalogue)
        self._recipe, self._workers = recipe, workers or n_cores()

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
        rows = self._places(indices)
        jobs = [rows[first : first + _AT_ONCE] for first in range(0, len(rows), _AT_ONCE)]
        if self._workers == 1 or len(jobs) < 2:
            yield from (_draw(self._recipe, self.seed, job) for job in jobs)
            return
        with WorkerProcesses(functools.partial(_draw, self._recipe, self.seed), self._workers, ONE_THREAD) as workers:
            # a few answers ahead: all of them at once would fill the memory
            waiting, left = [], iter(jobs)
            for job in left:
                waiting.append(workers.submit(job))
                if len(waiting) > 2 * self._workers:
                    yield waiting.pop(0).result()
            for future in waiting:
                yield future.result()


def _draw(recipe, seed, indices):
    drawn = [draw_image_and_psf(recipe, seed, int(index)) for index in indices]
    images, psfs = zip(*drawn, strict=True)
    return np.stack(images), np.stack(psfs) if recipe.psf_size else None
