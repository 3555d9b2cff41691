"""Seals of shards: a shard's rows, the hash of its settings and a checksum of each column, in its Parquet metadata.

Plain readers of Parquet pass them over. A shard that was changed, cut short, copied to another's name or taken from
another run does not fit its seal.
"""

import hashlib
import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..io.files import damage_named

__all__ = ["read_shard", "sealed", "shard_is_whole"]

_KEY = b"gampen_tf"


def sealed(job, number, table):
    """The rows of a shard with their seal."""
    first, last = job.rows(number)
    seal = {
        "first_row": first,
        "n_rows": last - first,
        "settings": job.settings_hash,
        "checksums": {name: _checksum(table, name) for name in table.column_names},
    }
    return table.replace_schema_metadata({_KEY: json.dumps(seal)})


def read_shard(job, number, columns=None):
    """Read a shard's rows, whole and as they were written.

    Parameters
    ----------
    job : CatalogueJob
    number : int
    columns : list of str, optional
        Only these.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    ValueError
        If it does not fit its seal, or cannot be read, by its file; if it has no such column.
    """
    path = job.path(number)
    with damage_named(path), pq.ParquetFile(path) as file:
        there = file.schema_arrow.names
        seal = json.loads((file.schema_arrow.metadata or {}).get(_KEY, b"null"))
        unknown = [name for name in columns or () if name not in there]
        table = file.read(None if columns is None else [name for name in columns if name in there])
        fault = _fault(job, number, table, seal, is_all=columns is None)
    if fault:
        raise ValueError(f"{path}: {fault}; predict_catalogue with the same arguments computes it anew")
    if unknown:
        raise ValueError(f"{path}: no column {', '.join(unknown)}; there are {', '.join(there)}")
    return table.replace_schema_metadata(None)


def shard_is_whole(job, number):
    """Whether a shard is there as it was written, for this job and under its own number."""
    try:
        read_shard(job, number)
    except (FileNotFoundError, ValueError):
        return False
    return True


def _fault(job, number, table, seal, is_all):
    """What is wrong with a shard, in words; None if nothing is."""
    first, last = job.rows(number)
    if seal is None:
        if job.checksums:
            return "without checksums, which all shards of this run have; it is of another"
        if table.num_rows != last - first:
            return f"{table.num_rows} rows, where {last - first} belong"
        if "row" in table.column_names and not np.array_equal(table["row"].to_numpy(), np.arange(first, last)):
            return f"does not hold rows {first} to {last - 1}"
        return None
    if seal["settings"] != job.settings_hash:
        return "of a run with other settings"
    if (seal["first_row"], seal["n_rows"]) != (first, last - first):
        return f"holds rows from {seal['first_row']} on, where {first} to {last - 1} belong"
    sums = seal["checksums"]
    changed = [name for name in table.column_names if sums.get(name) != _checksum(table, name)]
    changed += [name for name in sums if is_all and name not in table.column_names]
    return f"changed since it was written, in {', '.join(changed[:5])}" if changed else None


def _checksum(table, name):
    """Hash of a column: type, unit and values, however they are cut and packed."""
    field, column = table.schema.field(name), table[name].combine_chunks()
    unit = (field.metadata or {}).get(b"unit", b"").decode()
    is_list = pa.types.is_list(field.type)
    # Parquet gives the items of a list a name of its own
    kind = f"list of {field.type.value_type}" if is_list else field.type
    digest = hashlib.sha256(f"{name} {kind} {unit} {len(column)} {column.null_count}".encode())
    if is_list:
        digest.update(_bytes(pc.list_value_length(column)))
        column = pc.list_flatten(column)
    if pa.types.is_string(field.type):
        digest.update(_bytes(pc.binary_length(column)))
        digest.update("".join(text or "" for text in column.to_pylist()).encode())
    else:
        digest.update(_bytes(column))
    return digest.hexdigest()[:16]


def _bytes(numbers):
    return np.ascontiguousarray(numbers.to_numpy(zero_copy_only=False)).tobytes()
