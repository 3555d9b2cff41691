"""Shards of a catalogue."""

import pyarrow as pa
import pytest
from toy_models import toy_images, toy_model

from gampen_tf.inference import Predictor, open_cutouts
from gampen_tf.inference.catalogue_shards import (
    CatalogueJob,
    compute_shards,
    names_hash,
    write_shard,
)


@pytest.mark.parametrize("n_rows", [0, 1, 9, 10, 11])
def test_shards_hold_each_row_once(n_rows):
    job = CatalogueJob("out", n_rows, 5)
    rows = [row for number in range(job.n_shards) for row in range(*job.rows(number))]
    assert rows == list(range(n_rows))
    assert job.n_shards >= 1


def test_a_shard_is_the_same_from_a_part_of_the_images(tmp_path):
    model, images = toy_model(), toy_images(10, 1)
    job = CatalogueJob(str(tmp_path), 10, 4, n_mc=3)
    predictor = Predictor(model, passes=2)
    whole = dict(compute_shards(job, predictor, open_cutouts(images, model), range(3)))
    part = open_cutouts(images[4:8], model)
    part.rename(open_cutouts(images, model).names[4:8])
    ((number, table),) = compute_shards(job, predictor, part, [1], first_row=4)
    assert number == 1
    assert table.equals(whole[1])
    assert [len(draws) for draws in table["flux_draws"].to_pylist()] == [3] * 4


def test_a_folder_that_was_removed_is_not_made_again(tmp_path):
    job = CatalogueJob(str(tmp_path / "gone"), 6, 4)
    with pytest.raises(FileNotFoundError, match="gone: removed while the catalogue was being written"):
        write_shard(job, 0, pa.table({"row": [0, 1, 2, 3]}))
    assert not (tmp_path / "gone").exists()


def test_hashes_tell_names_apart():
    assert names_hash(["ab", "c"]) != names_hash(["a", "bc"])
    assert names_hash(["a", "b"]) == names_hash(("a", "b"))
    assert names_hash(["caf\udce9.fits"]) != names_hash(["caf\udcea.fits"])
