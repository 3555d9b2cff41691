"""Runs: stopped and gone on with, spread over workers, refused, failing."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from toy_recipes import toy_recipe

import gampen_tf.io.workers as worker_processes
import gampen_tf.simulation.run as run
from gampen_tf import open_dataset
from gampen_tf.data import layout
from gampen_tf.io.files import write_whole
from gampen_tf.simulation import draw, simulate


def contents(folder):
    """Bytes of every file of a data set."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def small(output, **options):
    return simulate(toy_recipe(), output, **{"n_images": 60, "seed": 5, "workers": 1, "progress_bar": False, **options})


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference") / "data"
    small(folder)
    return contents(folder)


def test_workers_do_not_matter(reference, tmp_path):
    small(tmp_path / "data", workers=3)
    assert contents(tmp_path / "data") == reference


def test_a_galaxy_does_not_depend_on_how_many_are_drawn(reference, tmp_path):
    few = small(tmp_path / "data", n_images=20)
    images, catalogue = draw(toy_recipe(), 5, range(20))
    np.testing.assert_array_equal(few.images(), images)
    many = np.frombuffer(reference["shards/shard-00000.f32"], dtype="<f4").reshape(-1, 32, 32, 1)
    np.testing.assert_array_equal(images[: len(many)], many)
    for name in catalogue.colnames:
        np.testing.assert_array_equal(np.asarray(few.catalogue[name], catalogue[name].dtype), catalogue[name])


_PROGRAM = """
import json, sys
from gampen_tf.simulation import simulate
simulate(json.loads(sys.argv[1]), sys.argv[2], n_images=1500, seed=5, workers=2, progress_bar=False)
"""


def _n_shards(folder):
    return len(list(folder.glob("shards/shard-*.f32")))


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    recipe = toy_recipe()
    recipe["galaxies"]["sersic"]["components"]["sersic"]["sersic_index"] = {"choice": [1.0, 2.0]}
    process = subprocess.Popen([sys.executable, "-c", _PROGRAM, json.dumps(recipe), str(killed)])
    deadline = time.monotonic() + 60
    while _n_shards(killed) < 3 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.5)  # its workers notice that nobody listens, and end
    n_done = _n_shards(killed)
    assert 3 <= n_done < 20
    with pytest.raises(FileNotFoundError, match="missing or cut short.*run the same simulation again"):
        open_dataset(killed)
    # one whose digest was not yet written is drawn again
    digests = {path.stem.removeprefix("part-") for path in killed.glob("digests/part-*.json")}
    shards = [path for path in killed.glob("shards/shard-*.f32") if path.stem.removeprefix("shard-") in digests]
    assert len(shards) >= n_done - 2
    kept = {path.name: path.stat().st_mtime_ns for path in shards}
    options = {"n_images": 1500, "seed": 5, "progress_bar": False}
    simulate(recipe, killed, **options, workers=1)
    assert all((killed / "shards" / name).stat().st_mtime_ns == changed for name, changed in kept.items())
    simulate(recipe, whole, **options, workers=2)
    assert contents(killed) == contents(whole)


def test_a_shard_cut_short_and_a_leftover_are_mended(reference, tmp_path):
    small(tmp_path / "data")
    shard = tmp_path / "data" / "shards" / "shard-00001.f32"
    shard.write_bytes(shard.read_bytes()[:100])
    (tmp_path / "data" / "shards" / ".shard-00002.f32.1234.part").write_bytes(b"half")
    small(tmp_path / "data")
    assert contents(tmp_path / "data") == reference


def _flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def _cut(path):
    path.write_bytes(path.read_bytes()[:-3000])


@pytest.mark.parametrize("damage", [_flip, _cut, lambda path: path.unlink()], ids=["flipped", "cut", "removed"])
@pytest.mark.parametrize("format", ["shards", "fits"])
def test_files_that_are_not_as_they_were_written_are_drawn_again(tmp_path, format, damage):
    options = {"n_images": 20, "format": format}
    small(tmp_path, **options)
    whole = contents(tmp_path)
    part = layout.files_of_part(format, 3, 3, 4, None)[0]
    for name in (part, "catalogue.fits", "digests/part-00007.json"):
        damage(tmp_path / name)
        kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("[sc]*/*") if path != tmp_path / part}
        small(tmp_path, **options)
        assert contents(tmp_path) == whole
    assert sum(path.stat().st_mtime_ns != time for path, time in kept.items()) == 1  # of the part without digests


def test_data_sets_without_digests_are_read_and_finished(reference, tmp_path):
    small(tmp_path)
    for path in [*(tmp_path / "digests").iterdir(), tmp_path / layout.part_paths(4, None)[0]]:
        path.unlink()
    (tmp_path / "digests").rmdir()
    small(tmp_path)
    assert contents(tmp_path) == {name: found for name, found in reference.items() if not name.startswith("digests")}


def test_a_damaged_catalogue_is_named(tmp_path):
    small(tmp_path)
    path = tmp_path / "catalogue.fits"
    whole = path.read_bytes()
    path.write_bytes(whole[:6000])
    with pytest.raises(ValueError, match=r"catalogue\.fits: "):
        run.open_dataset(tmp_path)
    Table({"index": [0]}).write(path, overwrite=True)
    with pytest.raises(ValueError, match=r"catalogue\.fits: 1 rows, where 60 belong; run the same simulation again"):
        run.open_dataset(tmp_path)


def test_another_data_set_in_the_folder_is_refused(tmp_path):
    small(tmp_path)
    with pytest.raises(ValueError, match=r"dataset\.json: holds a data set with seed 5, but 6 was asked for"):
        small(tmp_path, seed=6)
    with pytest.raises(ValueError, match="n_images 60, but 61"):
        small(tmp_path, n_images=61)
    with pytest.raises(ValueError, match="format 'shards', but 'fits'"):
        small(tmp_path, format="fits")
    with pytest.raises(ValueError, match="recipe_sha256"):
        simulate(toy_recipe(band="g"), tmp_path, n_images=60, seed=5, workers=1, progress_bar=False)
    (tmp_path / "dataset.json").unlink()
    with pytest.raises(ValueError, match=r"holds data without a dataset\.json"):
        small(tmp_path)


def test_other_files_for_the_recipe_are_another_recipe(tmp_path):
    fits.writeto(tmp_path / "psf.fits", np.pad([[1.0]], 3))
    document = toy_recipe(psf={"files": str(tmp_path / "psf.fits")})
    options = {"n_images": 3, "seed": 5, "workers": 1, "progress_bar": False}
    simulate(document, tmp_path / "data", **options)
    fits.writeto(tmp_path / "psf.fits", np.pad([[1.0, 1.0]], 3), overwrite=True)
    with pytest.raises(ValueError, match="recipe_sha256"):
        simulate(document, tmp_path / "data", **options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n_images": 0}, "n_images >= 1"),
        ({"seed": -1}, "0 <= seed"),
        ({"seed": 2**64}, "0 <= seed"),
        ({"seed": 1.5}, "seed: expected an integer, found 1.5"),
        ({"workers": 0}, "workers: expected at least 1, found 0"),
        ({"format": "hdf5"}, "expected 'shards', 'fits' or 'drawn', found 'hdf5'"),
    ],
)
def test_arguments_are_checked(tmp_path, options, said):
    with pytest.raises(ValueError, match=said):
        small(tmp_path / "data", **options)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("seed", [0, 2**63, 2**64 - 1])
def test_any_seed_can_be_written_and_is_its_own(tmp_path, seed):
    flux = [draw(toy_recipe(), other, [0])[1]["flux"][0] for other in (seed, seed ^ 1)]
    assert flux[0] != flux[1]
    assert small(tmp_path, n_images=2, seed=seed, format="fits").seed == seed
    assert fits.getheader(tmp_path / layout.cutout_path(1))["SEED"] == seed


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full, the disk that is always full")
def test_a_full_disk_is_said_and_leaves_no_file(tmp_path):
    def fill(file):
        with open("/dev/full", "wb", buffering=0) as full:
            full.write(bytes(100_000))

    with pytest.raises(OSError, match=r"disk is full: .*shard\.f32 did not fit.*same command") as caught:
        write_whole(tmp_path / "shard.f32", fill)
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


def test_a_disk_too_small_is_said_before_anything_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(run.shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(OSError, match=r"0\.00 GB are still to be written, but only 0\.00 GB are free"):
        small(tmp_path)
    assert not list(tmp_path.glob("shards/*"))


@pytest.mark.parametrize("workers", [1, 2])
def test_what_goes_wrong_while_drawing_names_the_file(tmp_path, workers):
    fits.writeto(tmp_path / "sky.fits", np.zeros((20, 40), dtype=np.float32))
    document = toy_recipe(noise={"files": str(tmp_path / "sky.fits")})
    with pytest.raises(ValueError, match=r"sky\.fits: expected finite sky pixels.* 32 x 32; found shape \(20, 40\)"):
        simulate(document, tmp_path / "data", n_images=40, workers=workers, progress_bar=False)


def test_a_worker_that_dies_ends_the_run_with_its_status(tmp_path, monkeypatch):
    dying = "import sys, pickle; pickle.load(sys.stdin.buffer); sys.exit(3)"
    monkeypatch.setattr(worker_processes, "_COMMAND", (sys.executable, "-c", dying))
    with pytest.raises(
        RuntimeError, match=r"worker process ended before its work was done \(status 3\); what it wrote"
    ):
        small(tmp_path, workers=2)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_dask_draws_the_same(reference, tmp_path):
    distributed = pytest.importorskip("dask.distributed")
    with distributed.Client(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0") as client:
        small(tmp_path / "data", client=client)
    assert contents(tmp_path / "data") == reference
