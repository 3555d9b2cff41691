"""Shards of a catalogue computed by the workers of a Dask cluster."""

import os
import threading
import uuid
from dataclasses import replace
from itertools import islice

from ..io.cluster import cluster_client
from . import catalogue_shards as shards
from .batches import open_cutouts
from .predictor import Predictor

__all__ = ["compute_on_cluster"]

# A worker may have several threads; TensorFlow uses all cores for one shard.
_ONE_AT_A_TIME = threading.Lock()
_KEPT: dict = {}


def compute_on_cluster(client, job, predicting, model_hash, images, names, opening, numbers, beside, advance):
    """Compute and write shards on a cluster.

    Tasks are independent of each other, and hold all that they need; Dask gives those of a lost worker to others. Each
    writes its own shard, in one step, so that one done twice does no harm. Shards whose workers end several times in
    turn (``distributed.scheduler.allowed-failures`` of Dask) are tried once more, each alone, when all others are
    written; those that end their workers then too are left out and named.

    Parameters
    ----------
    client : dask.distributed.Client or str
        A client, or the address of a scheduler.
    job : CatalogueJob
    predicting : dict
        Arguments of `Predictor`; the model by name or path.
    model_hash : str
        What the model must be on the workers too.
    images : path, table, list or array
        A path is opened on the workers; of anything else each task gets its own rows.
    names : list of str
    opening : dict
        Arguments of `open_cutouts`.
    numbers : list of int
        Shards to compute.
    beside : Beside
        Of what is given for each image, a task gets that of its own rows.
    advance : callable
        Called with the number of rows after each shard.

    Raises
    ------
    ValueError
        If the model was not given by name or path, or a worker sees another model or other images.
    RuntimeError
        If shards ended the workers that computed them, with their rows.
    """
    if not isinstance(images, str | os.PathLike) and not hasattr(images, "__getitem__"):
        raise ValueError(
            f"on a cluster each task gets rows of its own, which a {type(images).__name__} cannot give; "
            "give a path, a list, a table or an array"
        )
    model = predicting["model"]
    if not isinstance(model, str | os.PathLike):
        raise ValueError("on a cluster the model is given by name or path, which every worker can load")
    with cluster_client(client) as client:
        from dask.distributed import KilledWorker, as_completed

        # by value: what is scattered is lost with the workers that hold it
        common = _Common(job, predicting, model_hash, opening)
        numbers_of, suspects, deadly = {}, [], []

        def submit(number):
            start, stop = job.rows(number)
            part, first_row = (images, 0) if isinstance(images, str | os.PathLike) else (images[start:stop], start)
            own = replace(beside.rows(start, stop), first=start - first_row)
            future = client.submit(_compute_shard, common, number, part, first_row, names[start:stop], own, pure=False)
            numbers_of[future.key] = number
            return future

        # images, and what is beside them, of so many shards are under way at a time
        waiting = iter(numbers)
        under_way = as_completed([submit(number) for number in islice(waiting, _shards_at_a_time(client))])
        try:
            for future in under_way:
                number = numbers_of.pop(future.key)
                try:
                    advance(future.result())
                except KilledWorker:
                    suspects.append(number)
                future.release()
                under_way.update(submit(number) for number in islice(waiting, 1))
            # Dask blames all that waited on a worker for its end
            for number in sorted(suspects):
                try:
                    advance(submit(number).result())
                except KilledWorker:
                    deadly.append(number)
        except BaseException:
            client.cancel(list(under_way.futures))
            raise
    if deadly:
        rows = ", ".join(f"{first} to {last - 1}" for first, last in map(job.rows, deadly))
        raise RuntimeError(
            f"{job.output}: several workers ended one after the other while they measured rows {rows}; all other "
            "shards are written. Give the workers more memory, or look for an image that ends the process; run again"
        )


def _shards_at_a_time(client):
    return max(8, 4 * len(client.nthreads()))  # of all workers; scheduler_info may name a few


class _Common:
    """Settings that all shards of a run share, with the predictor and the images that a worker opened by them.

    Plain data travel; predictor and images stay on the worker that made them.
    """

    def __init__(self, job, predicting, model_hash, opening):
        self.job, self._predicting, self._model_hash, self._opening = job, predicting, model_hash, opening
        self._run = uuid.uuid4().hex
        self._predictor, self._opened = None, {}

    def __getstate__(self):
        return vars(self) | {"_predictor": None, "_opened": {}}

    def kept(self):
        """The first of a run's that came to this process: it has the predictor loaded. The last run's is kept alone."""
        if self._run not in _KEPT:
            _KEPT.clear()
        return _KEPT.setdefault(self._run, self)

    def predictor(self):
        """Predictor of the run, loaded and compiled once on each worker."""
        if self._predictor is None:
            predictor = Predictor(**self._predicting)
            if predictor.model_hash != self._model_hash:
                raise ValueError(
                    f"this worker's model {predictor.model.name!r} is another than that of the run; "
                    "install the same version, or give a path that all workers see"
                )
            self._predictor = predictor
        return self._predictor

    def cutouts(self, images):
        """Images opened for the model; a path once on each worker."""
        if not isinstance(images, str | os.PathLike):
            return self._open(images)
        if images not in self._opened:
            self._opened = {images: self._open(images)}
        return self._opened[images]

    def _open(self, images):
        # a part of a survey whose images are all wrong is flagged, row by row
        return open_cutouts(images, self.predictor().model, **self._opening, check=False)


def _compute_shard(common, number, images, first_row, names, beside):
    """Compute and write one shard, on a worker; gives its number of rows."""
    job = common.job
    with _ONE_AT_A_TIME:
        common = common.kept()
        predictor, cutouts = common.predictor(), common.cutouts(images)
        start, stop = (row - first_row for row in job.rows(number))
        if not isinstance(images, str | os.PathLike):
            cutouts.rename(names)  # rows of an array are numbered from the start of the whole
        if cutouts.names[start:stop] != names:
            raise ValueError(f"this worker sees other images under {str(images)[:200]!r} than the run was begun with")
        ((_, table),) = shards.compute_shards(job, predictor, cutouts, [number], first_row, beside)
        shards.write_shard(job, number, table)
    return len(table)
