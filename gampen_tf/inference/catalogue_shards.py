"""Shards of a catalogue of posteriors: rows of a source measured, summarised and written as Parquet.

A shard is a function of its job and its number alone. Whoever computes it, whenever and however often, writes the
same bytes.
"""

import hashlib
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..io.files import write_whole
from ..io.names import name_bytes, plain_name
from .batches import batches
from .catalogue_seals import sealed

__all__ = ["CatalogueJob", "compute_shards", "names_hash", "write_shard"]


@dataclass(frozen=True)
class CatalogueJob:
    """Settings of a run over a catalogue, as plain data.

    Parameters
    ----------
    output : str
        Folder of the shards.
    n_rows : int
        Number of images.
    rows_per_shard : int
    mixture : bool
        Keep the outputs of every pass.
    n_mc : int
        Number of draws kept for each galaxy.
    recalibrate : bool
    settings_hash : str
        Of the run, for the seal of each shard.
    checksums : bool
        Whether all shards of the run have them.
    """

    output: str
    n_rows: int
    rows_per_shard: int
    mixture: bool = False
    n_mc: int = 0
    recalibrate: bool = True
    settings_hash: str = ""
    checksums: bool = True

    @property
    def n_shards(self):
        return max(1, -(-self.n_rows // self.rows_per_shard))  # without rows there are still columns

    def rows(self, number):
        """(first row, row after the last) of a shard."""
        first = number * self.rows_per_shard
        return first, min(first + self.rows_per_shard, self.n_rows)

    def path(self, number):
        return Path(self.output) / f"shard-{number:06d}.parquet"


def compute_shards(job, predictor, cutouts, numbers, first_row=0, beside=None):
    """Measure shards, reading ahead.

    Parameters
    ----------
    job : CatalogueJob
    predictor : Predictor
    cutouts : Cutouts
        Row 0 of which is row `first_row` of the job.
    numbers : sequence of int
    first_row : int, optional
    beside : Beside, optional
        Of the rows of the cutouts.

    Yields
    ------
    number : int
    table : pyarrow.Table
    """
    numbers = list(numbers)
    ranges = [tuple(row - first_row for row in job.rows(number)) for number in numbers]
    images = batches(predictor.model, cutouts, beside, size=predictor.engine.chunk_size, ranges=ranges)
    for part, measured in groupby(predictor.measured(images), key=lambda batch: batch.part):
        tables = [_table(job, predictor, batch, cutouts.names, first_row) for batch in measured]
        yield numbers[part], pa.concat_tables(tables).combine_chunks()


def write_shard(job, number, table):
    """Write a shard with its seal, in one step: the file is whole or not there, also after a power cut.

    Raises
    ------
    FileNotFoundError
        If the folder was removed while the run was at work.
    """
    if not Path(job.output).is_dir():
        raise FileNotFoundError(f"{job.output}: removed while the catalogue was being written; begin it again")
    table = sealed(job, number, table)
    write_whole(job.path(number), lambda file: pq.write_table(table, file, compression="zstd"))


def names_hash(names):
    """sha256 of a list of names, of which some may be paths that are not UTF-8."""
    digest = hashlib.sha256()
    for name in names:
        digest.update(name_bytes(str(name)) + b"\0")
    return digest.hexdigest()


def _table(job, predictor, batch, names, first_row):
    """The rows of a measured batch as an Arrow table."""
    names = [str(name) for name in names[batch.first : batch.first + len(batch.flags)]]
    found, flags = batch.passes, batch.flags.bits
    posterior = predictor.posterior([batch], n_mc=max(job.n_mc, 1), identifiers=names, recalibrate=job.recalibrate)
    first = first_row + batch.first
    columns = {
        "row": (pa.array(np.arange(first, first + len(flags))), None),
        "identifier": (pa.array([plain_name(name) for name in names], pa.string()), None),
        "flags": (pa.array(flags), None),
        "reason": (pa.array([plain_name(text) for text in batch.flags.reasons], pa.string()), None),
        "n_passes": (pa.array(found.n_passes.astype(np.int32)), None),
        "monte_carlo_error": (pa.array(found.error.astype(np.float32)), None),
    }
    if batch.units is not None:
        columns["pixel_scale"] = pa.array(batch.units[:, 0]), "arcsec"
        columns["noise"] = pa.array(batch.units[:, 1]), predictor.model.pixel_unit
    for name, values, unit in _summary(posterior):
        if name not in columns:
            columns[name] = pa.array(values), unit
    if job.n_mc:
        samples = posterior.samples
        for index, parameter in enumerate(predictor.model.parameters):
            columns[f"{parameter.name}_draws"] = (
                _lists(samples[..., index], np.full(len(flags), job.n_mc)),
                parameter.unit,
            )
    if job.mixture:
        columns["mixture"] = _lists(found.outputs, found.n_passes), None
    fields = [
        pa.field(name, array.type, metadata={"unit": unit} if unit else None) for name, (array, unit) in columns.items()
    ]
    return pa.table([array for array, _ in columns.values()], schema=pa.schema(fields))


def _summary(posterior):
    """Name, values and unit of each column of the posterior's own table."""
    table = posterior.to_table()
    for name in table.colnames:
        column = table[name]
        unit = getattr(column, "unit", None)
        yield name, np.asarray(getattr(column, "value", column)), None if unit is None else unit.to_string()


def _lists(values, lengths):
    """A column of float32 lists: of row i the first ``lengths[i]`` along the second axis, flat."""
    values = np.asarray(values, np.float32)
    parts = [row[:length].ravel() for row, length in zip(values, lengths, strict=True)]
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.concatenate([np.zeros(0, np.float32), *parts])))
