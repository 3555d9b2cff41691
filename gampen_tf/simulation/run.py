"""A data set drawn from a recipe: by processes or a cluster, resumed after a stop."""

from __future__ import annotations

import concurrent.futures
import functools
import numbers
import shutil
from pathlib import Path
from typing import Any, Literal

from tqdm import tqdm

from ..data import layout
from ..data.labelled_images import LabelledImages
from ..io.cluster import cluster_client
from ..io.files import PathLike
from ..io.workers import ONE_THREAD, WorkerDied, WorkerProcesses, n_cores
from .description import check_output, describe, write_catalogue
from .opening import open_dataset
from .parts import write_part
from .recipe import Recipe
from .recipe_file import load_recipe

__all__ = ["simulate"]


def simulate(
    recipe: PathLike | dict | Recipe,
    output: PathLike,
    *,
    n_images: int,
    seed: int = 0,
    workers: int | None = None,
    format: Literal["shards", "fits", "drawn"] = "shards",
    progress_bar: bool = True,
    client: Any = None,
) -> LabelledImages:
    """Draw galaxies from a recipe and write them as a data set.

    Galaxy i of a seed is the same whatever ``n_images``, the number of workers and their order. A run that was stopped
    goes on where it was when it is called again with the same arguments, and ends with the same bytes.

    Parameters
    ----------
    recipe : str, path, dict or Recipe
        Name of a shipped recipe, or a recipe of your own (see `gampen_tf.simulation.recipe`).
    output : path
        Folder of the data set; made if it is not there.
    n_images : int
    seed : int, optional
        From 0 to 2⁶⁴ − 1.
    workers : int, optional
        Processes; as many as cores if not given. 1 draws in this process.
    format : {"shards", "fits", "drawn"}
        Raw float32 records that tf.data reads fast, or a FITS file a galaxy; or the catalogue alone, with images that
        are drawn whenever they are asked for, see `DrawnDataSet`. `open_dataset` reads all alike.
    progress_bar : bool, optional
    client : dask.distributed.Client or str, optional
        A client, or the address of a scheduler: draws on its workers, which must see ``output`` under the same path.

    Returns
    -------
    DataSet or DrawnDataSet

    Raises
    ------
    RecipeError
        If the recipe cannot be used, naming the key.
    ValueError
        If ``output`` holds a data set of another recipe, seed, number or format.
    OSError
        If the disk is full.
    """
    recipe = load_recipe(recipe)
    output = Path(output)
    if format not in ("shards", "fits", "drawn"):
        raise ValueError(f"format: expected 'shards', 'fits' or 'drawn', found {format!r}")
    if not isinstance(seed, numbers.Integral):
        raise ValueError(f"seed: expected an integer, found {seed!r}")
    if n_images < 1 or not 0 <= seed < 2**64:
        raise ValueError(f"expected n_images >= 1 and 0 <= seed < 2**64, found n_images={n_images}, seed={seed}")
    if workers is not None and workers < 1:
        raise ValueError(f"workers: expected at least 1, found {workers}")
    description = describe(recipe, int(n_images), int(seed), format)
    check_output(output, description)
    if format == "drawn":
        write_catalogue(recipe, description, output, workers=workers, progress_bar=progress_bar)
        return open_dataset(output)
    ranges = layout.part_ranges(n_images)
    image_bytes = sum(4 * h * w for h, w in layout.record_shapes(recipe))
    (output / ("cutouts" if format == "fits" else "shards")).mkdir(parents=True, exist_ok=True)
    for leftover in output.rglob(".*.part*"):
        leftover.unlink()
    missing = [
        number
        for number, (first, last) in enumerate(ranges)
        if not layout.part_is_written(output, format, number, first, last, recipe)
    ]
    n_missing = sum(ranges[number][1] - ranges[number][0] for number in missing)
    needed = n_missing * image_bytes
    free = shutil.disk_usage(output).free
    if needed > free:
        raise OSError(f"{output}: {needed / 1e9:.2f} GB are still to be written, but only {free / 1e9:.2f} GB are free")
    write_catalogue(recipe, description, output, workers=workers, progress_bar=progress_bar)
    job = {**description, "output": str(output.resolve()), "recipe_folder": str(recipe.folder)}
    done = n_images - n_missing
    with tqdm(total=n_images, initial=done, unit="galaxy", disable=not progress_bar, desc=recipe.name) as bar:
        for n_drawn in _parts(job, missing, workers, client):
            bar.update(n_drawn)
    return open_dataset(output)


def _parts(job, numbers, workers, client):
    """Write the parts, here, in processes or on a cluster; yields the number of galaxies of each as it is done."""
    write = functools.partial(write_part, job)
    workers = min(len(numbers), workers or n_cores())
    if client is not None:
        yield from _on_cluster(write, numbers, client)
    elif workers > 1:
        yield from _in_processes(write, numbers, workers)
    else:
        yield from map(write, numbers)


def _on_cluster(write, numbers, client):
    with cluster_client(client) as client:
        from dask.distributed import as_completed

        for future in as_completed([client.submit(write, number, pure=False) for number in numbers]):
            yield future.result()


def _in_processes(write, numbers, workers):
    with WorkerProcesses(write, workers, ONE_THREAD) as processes:
        for future in concurrent.futures.as_completed([processes.submit(number) for number in numbers]):
            try:
                yield future.result()
            except WorkerDied as error:
                raise WorkerDied(f"{error}; what it wrote is kept: the same command goes on from there") from None
