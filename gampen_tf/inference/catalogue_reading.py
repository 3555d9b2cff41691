"""Catalogues of posteriors read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..io.files import PathLike, damage_named
from ..io.names import original_name
from .catalogue_run import has_checksums, read_run, settings_hash
from .catalogue_seals import read_shard
from .catalogue_shards import CatalogueJob

if TYPE_CHECKING:
    from astropy.table import QTable

__all__ = ["check_catalogue", "read_catalogue"]


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
    ValueError
        If a shard was changed since it was written, by its file.
    """
    import pyarrow as pa
    from astropy import units
    from astropy.table import Column, QTable

    job, settings = _job_of(output)
    missing = [number for number in range(job.n_shards) if not job.path(number).is_file()]
    if missing:
        raise FileNotFoundError(
            f"{output}: {len(missing)} of {job.n_shards} shards are not there yet, the first is "
            f"{job.path(missing[0]).name}; run predict_catalogue again to finish"
        )
    table = pa.concat_tables(read_shard(job, number, columns) for number in range(job.n_shards))
    result = QTable(meta=settings)
    for field in table.schema:
        unit = (field.metadata or {}).get(b"unit")
        values = table[field.name].combine_chunks()
        if pa.types.is_list(field.type):
            values = _ragged(values)
        else:
            values = values.to_numpy(zero_copy_only=False)
            values = np.array([original_name(text) for text in values], str) if values.dtype == object else values
        if unit is None or values.dtype == object:
            result[field.name] = Column(values)
        else:
            result[field.name] = units.Quantity(values, unit.decode())
    return result


def check_catalogue(output: PathLike) -> list[str]:
    """What is wrong with a catalogue that `predict_catalogue` wrote, a sentence for each shard; empty if nothing is.

    Every shard is read whole and compared with its checksums. Those of runs begun before shards had checksums must be
    readable and hold the right rows.

    Parameters
    ----------
    output : path

    Raises
    ------
    FileNotFoundError
        If there is no catalogue.
    """
    job, _ = _job_of(output)
    faults = []
    for number in range(job.n_shards):
        try:
            read_shard(job, number)
        except FileNotFoundError:
            faults.append(f"{job.path(number)}: not there; predict_catalogue with the same arguments computes it")
        except ValueError as error:
            faults.append(str(error))
    return faults


def _job_of(output):
    """The job of a catalogue, as far as reading needs it, and its settings."""
    run = read_run(output)
    if run is None:
        raise FileNotFoundError(f"{output}: no run.json; expected a folder that predict_catalogue wrote")
    settings = run["settings"]
    with damage_named(Path(output) / "run.json"):
        rows = int(settings["n_rows"]), int(settings["rows_per_shard"])
    hashed, checksums = settings_hash(run), has_checksums(run)
    return CatalogueJob(str(output), *rows, settings_hash=hashed, checksums=checksums), settings


def _ragged(column):
    """Lists of one length as a matrix, of several lengths as an array of arrays."""
    rows = [np.asarray(row) for row in column.to_numpy(zero_copy_only=False)]
    if len({len(row) for row in rows}) == 1:
        return np.stack(rows)
    values = np.empty(len(rows), object)
    values[:] = rows
    return values
