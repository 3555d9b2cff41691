"""Posteriors of a whole survey: many images in, shards of a Parquet catalogue out, resumed after a stop.

>>> gampen_tf.predict_catalogue("survey.parquet", "posteriors/", model="hsc_wide_g")
>>> gampen_tf.read_catalogue("posteriors/")

The output folder holds ``run.json`` (settings), ``shard-000000.parquet`` … and ``lock``. A run that was killed,
however, goes on when it is called again with the same arguments, and ends with the same bytes as an unbroken one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from tqdm import tqdm

from ..data.dataset import DataSet
from ..data.dialects import HeaderDialect
from ..io.files import check_format, read_json, to_json, write_whole
from ..io.lock import only_run
from . import catalogue_shards as shards
from .batches import open_with_beside
from .catalogue_cluster import compute_on_cluster
from .monte_carlo import DEFAULT_TOLERANCE
from .predictor import Predictor

if TYPE_CHECKING:
    from astropy.table import QTable
    from astropy.units import UnitBase

    from ..io.files import PathLike
    from ..models.combination import ModelLike
    from ..networks.precision import Precision

__all__ = ["predict_catalogue", "read_catalogue"]

_FORMAT_VERSION = 1


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
    psf: ArrayLike | Sequence[ArrayLike | None] | None = None,
    noise: ArrayLike | str | None = None,
    mask: ArrayLike | None = None,
    pixel_scale: float | None = None,
    unit: str | UnitBase | None = None,
    zero_point: float | None = None,
    pad: bool = False,
    dialect: str | HeaderDialect | None = None,
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
    rows_per_shard : int, optional
        Rows of one file; a run that is killed does at most one of them again.
    psf : (h, w) or (N, h, w) array, optional
        For models that take the PSF: one for all images, or one for each, which may be mapped from a file
        (`numpy.load` with ``mmap_mode``), as `noise` and `mask` may. A simulated data set brings its own.
    noise, mask : optional
        See `gampen_tf.predict`.
    client : dask.distributed.Client or str, optional
        Shards are computed on its workers, or on those of the scheduler at that address. They must see the model, the
        images and `output` under the same paths. A lost worker's shards are done again by others.
    model, passes, tolerance, seed, batch_size, precision, recalibrate, progress_bar
        See `gampen_tf.predict`.
    pixel_scale, unit, zero_point, pad, dialect
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
        If the folder holds a run of another model, seed, images or option, naming what differs.
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
    }
    predicting: dict[str, Any] = {
        "model": model,
        "seed": seed,
        "passes": passes,
        "tolerance": tolerance,
        "precision": precision,
    }
    with only_run(output):
        kept = _read_run(output)
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
        run = {"format_version": _FORMAT_VERSION, "settings": settings, "sizes": sizes}
        _begin(output, run, kept)
        missing = [number for number in range(job.n_shards) if not shards.shard_is_written(job, number)]
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
    return output


def read_catalogue(output: PathLike, columns: Sequence[str] | None = None) -> QTable:
    """The catalogue that `predict_catalogue` wrote, as one table in the order of the images.

    For more galaxies than fit into memory, read the Parquet files with a library for that (`pyarrow.dataset`,
    Dask, Polars, …): they are one data set.

    Parameters
    ----------
    output : path
    columns : list of str, optional
        Only these.

    Returns
    -------
    astropy.table.QTable
        With units; the settings of the run are in ``meta``.

    Raises
    ------
    FileNotFoundError
        If there is no catalogue, or its run did not finish.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    from astropy import units
    from astropy.table import Column, QTable

    output = Path(output)
    run = _read_run(output)
    if run is None:
        raise FileNotFoundError(f"{output}: no run.json; expected a folder that predict_catalogue wrote")
    settings = run["settings"]
    job = shards.CatalogueJob(str(output), settings["n_rows"], settings["rows_per_shard"])
    missing = [number for number in range(job.n_shards) if not shards.shard_is_written(job, number)]
    if missing:
        raise FileNotFoundError(
            f"{output}: {len(missing)} of {job.n_shards} shards are not there yet, the first is "
            f"{job.path(missing[0]).name}; run predict_catalogue again to finish"
        )
    table = pa.concat_tables(pq.read_table(job.path(number), columns=columns) for number in range(job.n_shards))
    result = QTable(meta=settings)
    for field in table.schema:
        unit = (field.metadata or {}).get(b"unit")
        values = table[field.name].combine_chunks()
        if pa.types.is_list(field.type):
            values = _ragged(values)
        else:
            values = values.to_numpy(zero_copy_only=False)
            values = values.astype(str) if values.dtype == object else values
        if unit is None or values.dtype == object:
            result[field.name] = Column(values)
        else:
            result[field.name] = units.Quantity(values, unit.decode())
    return result


def _ragged(column):
    """Lists of one length as a matrix, of several lengths as an array of arrays."""
    rows = [np.asarray(row) for row in column.to_numpy(zero_copy_only=False)]
    if len({len(row) for row in rows}) == 1:
        return np.stack(rows)
    values = np.empty(len(rows), object)
    values[:] = rows
    return values


def _read_run(output):
    path = Path(output) / "run.json"
    if not path.is_file():
        return None
    run = read_json(path)
    check_format(run.get("format_version"), _FORMAT_VERSION, path, "the settings of a catalogue")
    return run


def _begin(output, run, kept):
    """Check against what is there, or write the settings; remove what a killed run left half done."""
    if kept is not None:
        old, new = kept["settings"], json.loads(json.dumps(run["settings"]))
        differing = [
            f"{key} was {old.get(key)!r}, now {new.get(key)!r}"
            for key in old | new
            if old.get(key) != new.get(key) and key != "model"
        ]  # its hash is compared, not its path
        if kept["sizes"] != run["sizes"]:
            differing.append(f"batch sizes were {kept['sizes']}, now {run['sizes']}")
        if differing:
            raise ValueError(
                f"{output}: holds a run with other settings: {'; '.join(differing)}. "
                "Repeat those, or choose another folder"
            )
    else:
        if any(output.glob("shard-*.parquet")):
            raise ValueError(f"{output}: holds shards without a run.json; choose another folder or empty this one")
        write_whole(output / "run.json", to_json(run))
    for leftover in output.glob(".shard-*.part"):
        leftover.unlink()
