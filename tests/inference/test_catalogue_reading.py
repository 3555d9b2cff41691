"""Catalogues are read and checked. (Their content: test_catalogues.)"""

import shutil

import numpy as np
import pytest
from toy_models import toy_images, toy_model

from gampen_tf.inference import check_catalogue, predict_catalogue, read_catalogue

OPTIONS = {"passes": 2, "rows_per_shard": 4, "batch_size": 4, "progress_bar": False}


@pytest.fixture(scope="module")
def model():
    return toy_model()


@pytest.fixture(scope="module")
def made(model, tmp_path_factory):
    return predict_catalogue(toy_images(10), tmp_path_factory.mktemp("made") / "out", model=model, **OPTIONS)


@pytest.fixture
def catalogue(made, tmp_path):
    return shutil.copytree(made, tmp_path / "out")


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 4] ^= 16
    path.write_bytes(content)


def test_faults_are_found_named_and_mended(model, made, catalogue):
    assert check_catalogue(catalogue) == []
    expected = {path.name: path.read_bytes() for path in made.glob("*.parquet")}
    flip(catalogue / "shard-000001.parquet")
    shutil.copy(catalogue / "shard-000000.parquet", catalogue / "shard-000002.parquet")
    first, second = check_catalogue(catalogue)
    assert "shard-000001.parquet" in first
    assert "shard-000002.parquet: holds rows from 0 on, where 8 to 9 belong" in second
    with pytest.raises(ValueError, match=r"shard-000001\.parquet: "):
        read_catalogue(catalogue)
    before = (catalogue / "shard-000000.parquet").stat().st_mtime_ns
    predict_catalogue(toy_images(10), catalogue, model=model, **OPTIONS)
    assert {path.name: path.read_bytes() for path in catalogue.glob("*.parquet")} == expected
    assert (catalogue / "shard-000000.parquet").stat().st_mtime_ns == before
    assert check_catalogue(catalogue) == []


def test_missing_shards_and_catalogues_are_told(catalogue):
    (catalogue / "shard-000000.parquet").unlink()
    (fault,) = check_catalogue(catalogue)
    assert "shard-000000.parquet: not there; predict_catalogue with the same arguments computes it" in fault
    with pytest.raises(FileNotFoundError, match="1 of 3 shards are not there yet"):
        read_catalogue(catalogue)
    with pytest.raises(FileNotFoundError, match=r"no run\.json"):
        check_catalogue(catalogue.parent)


def test_columns_are_read_alone(made):
    table = read_catalogue(made, columns=["row", "flux"])
    assert table.colnames == ["row", "flux"]
    np.testing.assert_array_equal(table["row"], np.arange(10))


def test_a_folder_removed_in_the_middle_is_an_error(model, tmp_path, monkeypatch):
    from gampen_tf.inference import catalogue_shards

    written = catalogue_shards.write_shard

    def remove(job, number, table):
        written(job, number, table)
        shutil.rmtree(tmp_path / "out")

    monkeypatch.setattr(catalogue_shards, "write_shard", remove)
    with pytest.raises(FileNotFoundError, match="removed while the catalogue was being written"):
        predict_catalogue(toy_images(10), tmp_path / "out", model=model, **OPTIONS)
    # all of it, after the last shard
    options = OPTIONS | {"rows_per_shard": 20}
    with pytest.raises(FileNotFoundError, match="1 of 1 shards were removed"):
        predict_catalogue(toy_images(10), tmp_path / "out", model=model, **options)
