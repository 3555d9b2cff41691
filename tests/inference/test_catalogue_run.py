"""The account of a run: what must be the same when it goes on."""

import json
import os

import numpy as np
import pytest
from astropy.table import Table

from gampen_tf.inference.catalogue_run import begin_run, has_checksums, new_run, read_run, settings_hash

SETTINGS = {"seed": 1, "model": "a/model", "rows_per_shard": 2}
SIZES = {"batch_size": 16, "chunk_size": 32}


def begin(output, images, names, settings=SETTINGS):
    run, files = new_run(settings, SIZES, images, names)
    begun = begin_run(output, run, files, read_run(output))
    assert settings_hash(begun) == settings_hash(read_run(output))
    return read_run(output)


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{name}.fits" for name in "abcde"]
    for path in paths:
        path.write_bytes(b"an image")
    return [str(path) for path in paths]


def replace(path):
    os.utime(path, ns=(0, os.stat(path).st_mtime_ns + 10**9))


def test_a_run_goes_on_with_what_it_was_begun_with(files, tmp_path):
    run = begin(tmp_path / "out", files, files)
    assert begin(tmp_path / "out", files, files) == run
    assert {"python", "gampen_tf", "tensorflow", "keras", "numpy"} <= set(run["versions"])
    assert has_checksums(run)
    # a later version knows one setting more
    assert begin(tmp_path / "out", files, files, SETTINGS | {"band": None}) == run
    with pytest.raises(ValueError, match="seed was 1, now 2"):
        begin(tmp_path / "out", files, files, SETTINGS | {"seed": 2})


@pytest.mark.parametrize("kind", ["list", "table", "file", "folder"])
def test_replaced_images_are_named(files, tmp_path, kind):
    Table({"id": list("abcde"), "path": [f"{name}.fits" for name in "abcde"]}).write(tmp_path / "table.csv")
    images, names, changed = {
        "list": (files, files, files[3]),
        "table": (tmp_path / "table.csv", list("abcde"), files[3]),
        "file": (files[0], [f"image {i}" for i in range(5)], files[0]),
        "folder": (str(tmp_path), files, files[3]),
    }[kind]
    begin(tmp_path / "out", images, names)
    replace(changed)
    with pytest.raises(ValueError, match=f"another size or time than when the run was begun, the newest is {changed};"):
        begin(tmp_path / "out", images, names)


def test_a_replaced_part_of_a_data_set_is_named(tmp_path):
    data = tmp_path / "data"
    (data / "shards").mkdir(parents=True)
    for name in ("dataset.json", "shards/shard-00000.f32", "shards/shard-00001.f32"):
        (data / name).write_text("{}")
    begin(tmp_path / "out", str(data), ["0", "1"])
    replace(data / "dataset.json")  # written again by each call of simulate
    begin(tmp_path / "out", str(data), ["0", "1"])
    replace(data / "shards" / "shard-00001.f32")
    with pytest.raises(ValueError, match=r"the newest is \S*shard-00001\.f32"):
        begin(tmp_path / "out", str(data), ["0", "1"])


def test_images_in_memory_have_no_files(tmp_path):
    assert begin(tmp_path, np.zeros((2, 3, 3)), ["image 0", "image 1"])["sources"] == []


def test_runs_of_the_version_before_go_on(files, tmp_path):
    old = {"format_version": 1, "settings": SETTINGS, "sizes": SIZES}
    (tmp_path / "run.json").write_text(json.dumps(old))
    assert begin(tmp_path, files, files) == old
    assert not has_checksums(old)
    (tmp_path / "run.json").write_text(json.dumps(old | {"format_version": 9}))
    with pytest.raises(ValueError, match="install a newer gampen_tf"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({"format_version": 2}))
    with pytest.raises(ValueError, match=r"run\.json: without settings, sizes"):
        read_run(tmp_path)


def test_other_versions_are_told(files, tmp_path):
    run = begin(tmp_path / "out", files, files)
    run["versions"]["keras"] = "0.1"
    (tmp_path / "out" / "run.json").write_text(json.dumps(run))
    with pytest.warns(UserWarning, match=r"other versions \(keras 0\.1 then"):
        begin(tmp_path / "out", files, files)


def test_the_hash_is_of_all_but_the_models_path(files):
    run, _ = new_run(SETTINGS, SIZES, files, files)
    kept = json.loads(json.dumps(run))
    assert settings_hash(kept) == settings_hash(run)
    moved = run | {"settings": SETTINGS | {"model": "b"}}
    assert settings_hash(moved) == settings_hash(run)
    assert settings_hash(run | {"settings": SETTINGS | {"seed": 2}}) != settings_hash(run)
    assert settings_hash(run | {"sizes": {"batch_size": 1}}) != settings_hash(run)
