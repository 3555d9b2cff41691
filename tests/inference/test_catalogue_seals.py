"""A shard that is not as it was written is found out."""

import shutil
from dataclasses import replace

import numpy as np
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gampen_tf.inference.catalogue_seals import read_shard, shard_is_whole
from gampen_tf.inference.catalogue_shards import CatalogueJob, write_shard


def rows(job, number, seed=0):
    """A shard's table of columns of all kinds."""
    first, last = job.rows(number)
    rng = np.random.default_rng([seed, number])
    lists = pa.array([rng.normal(size=n).astype(np.float32) for n in range(last - first)], pa.list_(pa.float32()))
    columns = {
        "row": pa.array(np.arange(first, last)),
        "identifier": pa.array([f"G{row}″" for row in range(first, last)]),
        "flux": pa.array(rng.normal(size=last - first)),
        "draws": lists,
    }
    fields = [pa.field(name, column.type, metadata={"unit": "nJy"}) for name, column in columns.items()]
    return pa.table(list(columns.values()), schema=pa.schema(fields))


@pytest.fixture
def job(tmp_path):
    job = CatalogueJob(str(tmp_path), 30, 12, settings_hash="abc")
    for number in range(job.n_shards):
        write_shard(job, number, rows(job, number))
    return job


def test_what_is_read_is_what_was_written_and_plain_readers_read_it_too(job):
    for number in range(job.n_shards):
        found, expected = read_shard(job, number), rows(job, number)
        assert found.to_pylist() == expected.to_pylist()
        assert [found.field(name).metadata[b"unit"] for name in found.column_names] == [b"nJy"] * 4
        assert shard_is_whole(job, number)
    assert read_shard(job, 1, ["flux", "row"]).column_names == ["flux", "row"]
    assert pandas.read_parquet(job.path(2))["row"].tolist() == list(range(24, 30))
    assert pq.read_table(job.output).num_rows == 30
    with pytest.raises(ValueError, match="no column size; there are row, identifier"):
        read_shard(job, 0, ["size"])


def test_no_flipped_bit_changes_a_value_unnoticed(job):
    path, rng = job.path(1), np.random.default_rng(4)
    content, expected = path.read_bytes(), rows(job, 1).to_pylist()
    n_refused = 0
    for place in rng.integers(len(content), size=150):
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        if shard_is_whole(job, 1):
            assert read_shard(job, 1).to_pylist() == expected
        else:
            n_refused += 1
            with pytest.raises(ValueError, match=r"^\S*shard-000001\.parquet: "):
                read_shard(job, 1)
    assert n_refused > 50


def test_shards_of_other_places_and_runs_are_refused(job):
    first, second = job.path(0).read_bytes(), job.path(1).read_bytes()
    job.path(0).write_bytes(second)
    job.path(1).write_bytes(first)
    with pytest.raises(ValueError, match=r"shard-000000\.parquet: holds rows from 12 on, where 0 to 11 belong"):
        read_shard(job, 0)
    job.path(0).write_bytes(first)
    assert [shard_is_whole(job, number) for number in range(3)] == [True, False, True]
    with pytest.raises(ValueError, match="of a run with other settings"):
        read_shard(replace(job, settings_hash="other seed"), 0)


def test_missing_short_and_foreign_shards_are_not_whole(job):
    path = job.path(2)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ValueError, match=r"shard-000002\.parquet: cannot be read"):
        read_shard(job, 2)
    path.unlink()
    assert not shard_is_whole(job, 2)
    pq.write_table(rows(job, 2), path)
    with pytest.raises(ValueError, match="without checksums"):
        read_shard(job, 2)


def test_shards_of_runs_without_checksums_hold_the_right_rows(job):
    old = replace(job, checksums=False)
    for number in range(3):
        pq.write_table(rows(job, number), job.path(number))
        assert shard_is_whole(old, number)
    shutil.copy(job.path(0), job.path(1))
    with pytest.raises(ValueError, match="does not hold rows 12 to 23"):
        read_shard(old, 1)
    shutil.copy(job.path(0), job.path(2))
    with pytest.raises(ValueError, match="12 rows, where 6 belong"):
        read_shard(old, 2)
