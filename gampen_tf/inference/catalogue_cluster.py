"""Shards of a catalogue computed by the workers of a Dask cluster."""

import os
import threading
from functools import lru_cache
from itertools import islice

from . import catalogue_shards as shards
from .predictor import Measurement, open_cutouts

__all__ = ["compute_on_cluster"]

# A worker may have several threads; TensorFlow uses all cores for one shard.
_ONE_AT_A_TIME = threading.Lock()


def compute_on_cluster(client, job, measuring, model_hash, images, names, opening, numbers, psf, advance):
    """Compute and write shards on a cluster.

    Tasks are independent of each other; Dask gives those of a lost worker to others. Each writes its own shard, in one
    step, so that one done twice does no harm.

    Parameters
    ----------
    client : dask.distributed.Client or str
        A client, or the address of a scheduler.
    job : CatalogueJob
    measuring : dict
        Arguments of `Measurement`; the model by name or path.
    model_hash : str
        What the model must be on the workers too.
    images : path, table, list or array
        A path is opened on the workers; of anything else each task gets its own rows.
    names : list of str
    opening : dict
        Arguments of `open_cutouts`.
    numbers : list of int
        Shards to compute.
    psf : (h, w) or (N, h, w) array, or None
        Of those of each image, a task gets those of its own rows.
    advance : callable
        Called with the number of rows after each shard.

    Raises
    ------
    ValueError
        If the model was not given by name or path, or a worker sees another model or other images.
    """
    try:
        from dask.distributed import Client, as_completed
    except ImportError:
        raise ImportError("a cluster needs Dask: pip install 'gampen_tf[dask]'") from None
    if not isinstance(images, str | os.PathLike) and not hasattr(images, "__getitem__"):
        raise ValueError(
            f"on a cluster each task gets rows of its own, which a {type(images).__name__} cannot give; "
            "give a path, a list, a table or an array"
        )
    model = measuring["model"]
    if not isinstance(model, str | os.PathLike):
        raise ValueError("on a cluster the model is given by name or path, which every worker can load")
    own = Client(client) if isinstance(client, str) else None
    client = own or client
    try:
        common = client.scatter(
            {"job": job, "measuring": measuring, "model_hash": model_hash, "opening": opening}, broadcast=True
        )

        def submit(number):
            start, stop = job.rows(number)
            part, first_row = (images, 0) if isinstance(images, str | os.PathLike) else (images[start:stop], start)
            own_psf = psf if psf is None or psf.ndim == 2 else psf[start:stop].copy()
            return client.submit(
                _compute_shard, common, number, part, first_row, names[start:stop], own_psf, pure=False
            )

        # images and PSFs of so many shards are under way at a time
        waiting = iter(numbers)
        under_way = as_completed([submit(number) for number in islice(waiting, _shards_at_a_time(client))])
        try:
            for future in under_way:
                advance(future.result())
                future.release()
                under_way.update(submit(number) for number in islice(waiting, 1))
        except BaseException:
            client.cancel(list(under_way.futures))
            raise
    finally:
        if own is not None:
            own.close()


def _shards_at_a_time(client):
    return max(8, 4 * len(client.nthreads()))  # of all workers; scheduler_info may name a few


def _compute_shard(common, number, images, first_row, names, psf):
    """On a worker: one shard, from opening the images to writing the file. Returns its number of rows."""
    job = common["job"]
    with _ONE_AT_A_TIME:
        measurement = _measurement(tuple(sorted(common["measuring"].items())))
        if measurement.model_hash != common["model_hash"]:
            raise ValueError(
                f"this worker's model {measurement.model.name!r} is another than that of the run; "
                "install the same version, or give a path that all workers see"
            )
        cutouts = _cutouts(images, measurement, common["opening"])
        start, stop = (row - first_row for row in job.rows(number))
        if not isinstance(images, str | os.PathLike):
            cutouts.rename(names)  # rows of an array are numbered from the start of the whole
        if cutouts.names[start:stop] != names:
            raise ValueError(f"this worker sees other images under {str(images)[:200]!r} than the run was begun with")
        ((_, table),) = shards.compute_shards(job, measurement, cutouts, [number], first_row, psf, start + first_row)
        shards.write_shard(job, number, table)
    return len(table)


@lru_cache(maxsize=1)
def _measurement(arguments):
    return Measurement(**dict(arguments))


def _cutouts(images, measurement, opening):
    if isinstance(images, str | os.PathLike):
        return _opened(str(images), measurement, tuple(sorted(opening.items())))
    return _open(images, measurement, opening)


@lru_cache(maxsize=1)
def _opened(path, measurement, opening):
    return _open(path, measurement, dict(opening))


def _open(images, measurement, opening):
    # a part of a survey whose images are all wrong is flagged, row by row
    return open_cutouts(images, measurement.model, **opening, check=False)
