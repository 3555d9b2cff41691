"""Posteriors of a whole survey: many images in, shards of a Parquet catalogue out, resumed after a stop.

>>> gampen_tf.predict_catalogue("survey.parquet", "posteriors/", model="hsc_wide_g")
>>> gampen_tf.read_catalogue("posteriors/")

The output folder holds ``run.json`` (settings), ``shard-000000.parquet`` … and ``lock``. A run that was killed,
however, goes on when it is called again with the same arguments, and ends with the same bytes as an unbroken one. A
shard that is not as it was written is computed anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from tqdm import tqdm

from ..data.dataset import DataSet
from ..data.dialects import HeaderDialect
from ..io.lock import only_run
from . import catalogue_shards as shards
from .batches import open_with_beside
from .catalogue_cluster import compute_on_cluster
from .catalogue_run import begin_run, has_checksums, new_run, read_run, settings_hash
from .catalogue_seals import shard_is_whole
from .monte_carlo import DEFAULT_TOLERANCE
from .predictor import Predictor

if TYPE_CHECKING:
    from astropy.units import UnitBase

    from ..io.files import PathLike
    from ..models.combination import ModelLike
    from ..networks.precision import Precision
    from .given_maps import MapLike

__all__ = ["predict_catalogue"]


def predict_catalogue(
    images: Any,
    output: PathLike,
    *,
    model: ModelLike = "hsc_wide_g",
    passes: int | Literal["auto"] = "auto",
    tolerance: float = DEFAULT_TOLERANCE,
    seed: int = 0,
    n_mc: int = 0,
    mixture: bool = False,
    rows_per_shard: int = 8192,
    batch_size: int | None = None,
    precision: Precision = "auto",
    psf: MapLike | None = None,
    noise: MapLike | None = None,
    mask: MapLike | None = None,
    pixel_scale: float | None = None,
    unit: str | UnitBase | None = None,
    zero_point: float | None = None,
    pad: bool = False,
    dialect: str | HeaderDialect | None = None,
    band: str | None = None,
    bands: str | Sequence[str] | None = None,
    recalibrate: bool = True,
    client: Any = None,
    progress_bar: bool = True,
) -> Path:
    """Summaries of the posteriors of many galaxies, in a folder of Parquet files.

    Memory does not grow with the number of galaxies but for their names. Images are read while others are measured.
    Every image has exactly one row; one that could not be measured has NaN, flags and the reason.

    Parameters
    ----------
    images : path, table, list, DataSet, ...
        Anything that `gampen_tf.predict` takes, but streams: a table of paths (FITS, CSV, Parquet, ECSV), a folder, a
        glob, an HDF5 file, a simulated data set, arrays.
    output : path
        Folder of the catalogue; made if it is not there.
    n_mc : int, optional
        Number of draws of each parameter that are kept too, in columns ``…_draws``; none if not given.
    mixture : bool, optional
        Keep the outputs of every pass too, the whole posterior: T · K numbers a galaxy in the column ``mixture``.
        Of a scale-free model they count lengths in pixels and light in the noise: columns ``pixel_scale``, ``noise``.
    rows_per_shard : int, optional
        Rows of one file; a run that is killed does at most one of them again.
    psf, noise, mask : optional
        See `gampen_tf.predict`. Arrays of one for each image may be mapped from a file (`numpy.load` with
        ``mmap_mode``); of lists and columns of paths each file is read when its image is.
    client : dask.distributed.Client or str, optional
        Shards are computed on its workers, or on those of the scheduler at that address. They must see the model, the
        images and `output` under the same paths. A lost worker's shards are done again by others.
    model, passes, tolerance, seed, batch_size, precision, recalibrate, progress_bar
        See `gampen_tf.predict`.
    pixel_scale, unit, zero_point, pad, dialect, band, bands
        Of the images, see `gampen_tf.predict`.

    Returns
    -------
    pathlib.Path
        The folder, for `read_catalogue`.

    Raises
    ------
    RuntimeError
        If another run is writing into the folder.
    ValueError
        If the folder holds a run of another model, seed, images or option, naming what differs; or if files of the
        images were replaced since it was begun.
    FileNotFoundError
        If the folder is removed while the run is at work.
    """
    if rows_per_shard < 1 or n_mc < 0:
        raise ValueError(f"expected rows_per_shard >= 1 and n_mc >= 0, found {rows_per_shard} and {n_mc}")
    if hasattr(images, "element_spec"):
        raise ValueError(
            "a stream (tf.data.Dataset) cannot be read from the middle, as a run that goes on must; "
            "give files or arrays"
        )
    if isinstance(images, DataSet):
        images = str(images.path)  # a DataSet (not several joined): every worker opens it for itself
    output = Path(output)
    opening = {
        "pixel_scale": pixel_scale,
        "unit": None if unit is None else str(unit),
        "zero_point": zero_point,
        "pad": pad,
        "dialect": dialect,
        "band": band,
        "bands": bands,
    }
    predicting: dict[str, Any] = {
        "model": model,
        "seed": seed,
        "passes": passes,
        "tolerance": tolerance,
        "precision": precision,
    }
    with only_run(output):
        kept = read_run(output)
        # Other shapes of batches round otherwise: a run goes on with those that it began with.
        sizes = (
            kept["sizes"]
            if kept and batch_size in (None, kept["sizes"]["batch_size"])
            else {"batch_size": batch_size, "chunk_size": None}
        )
        predictor = Predictor(**predicting, **sizes)
        cutouts, beside = open_with_beside(images, predictor.model, psf=psf, noise=noise, mask=mask, **opening)
        sizes = {"batch_size": predictor.engine.batch_size, "chunk_size": predictor.engine.chunk_size}
        job = shards.CatalogueJob(
            str(output.resolve()), len(cutouts), int(rows_per_shard), bool(mixture), int(n_mc), bool(recalibrate)
        )
        settings = (
            predictor.settings()
            | opening
            | {
                "dialect": asdict(dialect) if isinstance(dialect, HeaderDialect) else dialect,
                "n_rows": job.n_rows,
                "rows_per_shard": job.rows_per_shard,
                "mixture": job.mixture,
                "draws": job.n_mc,
                "recalibrate": job.recalibrate,
                "images_hash": shards.names_hash(cutouts.names),
            }
            | beside.hashes()
        )
        run, files = new_run(settings, sizes, images, cutouts.names)
        run = begin_run(output, run, files, kept)
        job = replace(job, settings_hash=settings_hash(run), checksums=has_checksums(run))
        missing = [number for number in range(job.n_shards) if not shard_is_whole(job, number)]
        n_missing = sum(np.diff(job.rows(number))[0] for number in missing)
        with tqdm(
            total=job.n_rows, initial=job.n_rows - n_missing, unit="galaxy", disable=not progress_bar, smoothing=0.1
        ) as bar:
            if client is None:
                for number, table in shards.compute_shards(job, predictor, cutouts, missing, beside=beside):
                    shards.write_shard(job, number, table)
                    bar.update(len(table))
            else:
                predicting |= sizes | {"precision": predictor.precision}
                compute_on_cluster(
                    client,
                    job,
                    predicting,
                    predictor.model_hash,
                    images,
                    cutouts.names,
                    opening,
                    missing,
                    beside,
                    advance=bar.update,
                )
        lost = [number for number in range(job.n_shards) if not job.path(number).is_file()]
        if lost or read_run(output) is None:
            raise FileNotFoundError(
                f"{output}: {len(lost)} of {job.n_shards} shards were removed while the catalogue was being written; "
                "run predict_catalogue again"
            )
    return output
