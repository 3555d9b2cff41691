"""Catalogues of posteriors: one row an image, the same bytes however the run went."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from toy_inputs import galaxies, stamps, told_model
from toy_models import SIDE, toy_images, toy_model

from gampen_tf.core import Flag
from gampen_tf.inference import predict, predict_catalogue, read_catalogue
from gampen_tf.io import only_run
from gampen_tf.layers import mixture_parameters

N_ROWS = 50
SETTINGS = {"seed": 3, "passes": 8, "rows_per_shard": 16, "batch_size": 16, "progress_bar": False}


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """A folder with a model and 50 cutouts, of which number 20 is broken, 21 missing and 22 has a NaN."""
    folder = tmp_path_factory.mktemp("survey")
    toy_model().save(folder / "model")
    images = toy_images(N_ROWS)[..., 0]
    images[22, 3, 3] = np.nan
    np.save(folder / "images.npy", images)
    (folder / "cutouts").mkdir()
    paths = []
    for i, image in enumerate(images):
        path = folder / "cutouts" / f"{i:03d}.fits"
        fits.writeto(
            path,
            image,
            fits.Header(
                {
                    "BUNIT": "nJy",
                    "CDELT1": -0.168 / 3600,
                    "CDELT2": 0.168 / 3600,
                    "CTYPE1": "RA---TAN",
                    "CTYPE2": "DEC--TAN",
                    "CRPIX1": 8.0,
                    "CRPIX2": 8.0,
                    "CRVAL1": 10.0,
                    "CRVAL2": 0.0,
                }
            ),
        )
        paths.append(str(path))
    Path(paths[20]).write_bytes(b"SIMPLE  =")
    Path(paths[21]).unlink()
    table = Table({"object_id": [f"G{i:03d}" for i in range(N_ROWS)], "path": paths})
    for suffix in ("csv", "ecsv", "fits", "parquet"):
        table.write(folder / f"table.{suffix}")
    return folder


@pytest.fixture(scope="module")
def unbroken(survey):
    return predict_catalogue(survey / "table.csv", survey / "unbroken", model=str(survey / "model"), **SETTINGS)


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def test_one_row_an_image_with_flags_and_reasons(unbroken, survey):
    catalogue = read_catalogue(unbroken)
    assert catalogue["row"].tolist() == list(range(N_ROWS))
    assert catalogue["identifier"].tolist() == [f"G{i:03d}" for i in range(N_ROWS)]
    bad = np.isin(np.arange(N_ROWS), [20, 21, 22])
    np.testing.assert_array_equal(np.isnan(catalogue["flux"].value), bad)
    np.testing.assert_array_equal(catalogue["n_passes"], np.where(bad, 0, 8))
    assert catalogue["flags"][20] & Flag.UNREADABLE
    assert catalogue["flags"][21] & Flag.UNREADABLE
    assert catalogue["flags"][22] & Flag.NONFINITE_PIXELS
    assert all(bool(reason) == is_bad for reason, is_bad in zip(catalogue["reason"], bad, strict=True))
    assert str(catalogue["flux"].unit) == "nJy"
    assert catalogue.meta["seed"] == 3


def test_rows_are_what_predict_gives(unbroken, survey):
    catalogue = read_catalogue(unbroken)
    images = np.load(survey / "images.npy")
    table = predict(images, model=survey / "model", seed=3, passes=8, progress_bar=False).to_table()
    good = ~np.isin(np.arange(N_ROWS), [20, 21, 22])
    compared = [name for name in table.colnames if name in catalogue.colnames and table[name].dtype.kind == "f"]
    assert {"bulge_to_total", "effective_radius", "flux"} <= set(compared)
    for name in compared:
        found, expected = (np.asarray(getattr(t[name], "value", t[name]))[good] for t in (catalogue, table))
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("source", ["table.ecsv", "table.fits", "table.parquet"])
def test_tables_of_all_kinds(unbroken, survey, tmp_path, source):
    found = predict_catalogue(survey / source, tmp_path / "out", model=str(survey / "model"), **SETTINGS)
    assert bytes_of(found) == bytes_of(unbroken)


def test_folders_hdf5_and_lists(survey, tmp_path):
    import h5py

    with h5py.File(tmp_path / "images.h5", "w") as file:
        file["images"] = np.load(survey / "images.npy")[:20]
    sources = {
        "hdf5": (tmp_path / "images.h5", 20),
        "folder": (survey / "cutouts", N_ROWS - 1),
        "list": (sorted(str(path) for path in (survey / "cutouts").iterdir())[:20], 20),
    }
    flux = {}
    for name, (source, n_rows) in sources.items():
        output = predict_catalogue(source, tmp_path / name, model=str(survey / "model"), **SETTINGS)
        flux[name] = np.asarray(read_catalogue(output, columns=["flux"])["flux"])
        assert len(flux[name]) == n_rows
    np.testing.assert_allclose(flux["hdf5"], flux["list"], rtol=1e-4)
    np.testing.assert_allclose(flux["hdf5"], flux["folder"][:20], rtol=1e-4)


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(unbroken, survey, tmp_path):
    """SIGKILL in the middle, twice, in processes of their own; the last call finishes here."""
    script = textwrap.dedent(f"""
        import time
        from gampen_tf.inference import catalogue_shards, catalogues
        written = catalogue_shards.write_shard
        def slowly(job, number, table):
            written(job, number, table)
            print("written", flush=True)
            time.sleep(60)
        catalogue_shards.write_shard = slowly
        catalogues.predict_catalogue(r"{survey / "table.csv"}", r"{tmp_path / "out"}", model=r"{survey / "model"}",
                                     **{SETTINGS!r})
    """)
    for n_written in (1, 2):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "written\n"
        if n_written == 2:
            with pytest.raises(RuntimeError, match=f"process {process.pid}"):  # the other is still running
                predict_catalogue(survey / "table.csv", tmp_path / "out", model=str(survey / "model"), **SETTINGS)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert len(list((tmp_path / "out").glob("shard-*.parquet"))) == n_written
    (tmp_path / "out" / ".shard-000002.parquet.0.part").write_bytes(b"half a shard")
    with pytest.raises(FileNotFoundError, match="2 of 4 shards are not there yet"):
        read_catalogue(tmp_path / "out")
    finished = predict_catalogue(survey / "table.csv", tmp_path / "out", model=str(survey / "model"), **SETTINGS)
    assert bytes_of(finished) == bytes_of(unbroken)


def test_a_finished_run_is_left_alone(unbroken, survey):
    before = {path: path.stat().st_mtime_ns for path in unbroken.glob("shard-*")}
    predict_catalogue(survey / "table.csv", unbroken, model=str(survey / "model"), **SETTINGS)
    assert {path: path.stat().st_mtime_ns for path in unbroken.glob("shard-*")} == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 4}, "seed was 3, now 4"),
        ({"passes": 9}, "passes was 8, now 9"),
        ({"batch_size": 8}, "batch sizes"),
        ({"mixture": True}, "mixture was False, now True"),
        ({"unit": "uJy"}, "unit was None, now 'uJy'"),
    ],
)
def test_changed_options_are_refused_by_name(unbroken, survey, change, message):
    with pytest.raises(ValueError, match=message):
        predict_catalogue(survey / "table.csv", unbroken, model=str(survey / "model"), **SETTINGS | change)


def test_changed_models_and_images_are_refused(unbroken, survey):
    with pytest.raises(ValueError, match="model_hash"):
        predict_catalogue(survey / "table.csv", unbroken, model=toy_model(rate=0.2), **SETTINGS)
    with pytest.raises(ValueError, match="images_hash"):
        predict_catalogue(Table.read(survey / "table.csv")[::-1], unbroken, model=str(survey / "model"), **SETTINGS)


def test_two_runs_at_once_are_refused_and_a_dead_one_is_forgotten(tmp_path):
    with only_run(tmp_path):
        with pytest.raises(RuntimeError, match=f"process {os.getpid()}"), only_run(tmp_path):
            pass
    with only_run(tmp_path):
        pass


def test_whole_mixture_and_draws(survey, tmp_path):
    output = predict_catalogue(
        survey / "table.csv",
        tmp_path / "out",
        model=str(survey / "model"),
        mixture=True,
        n_mc=20,
        **SETTINGS | {"passes": "auto", "tolerance": 0.1},
    )
    catalogue = read_catalogue(output)
    images = np.load(survey / "images.npy")
    posterior = predict(images, model=survey / "model", seed=3, n_mc=20, tolerance=0.1, progress_bar=False)
    assert len(set(catalogue["n_passes"].tolist())) > 2
    for i in (0, 13, 49):
        outputs = catalogue["mixture"][i].reshape(catalogue["n_passes"][i], 9)
        means, _ = mixture_parameters(outputs)
        np.testing.assert_allclose(means, posterior.means[i, : len(means)], rtol=1e-4, atol=1e-5)
    draws = catalogue["effective_radius_draws"]
    assert draws.shape == (N_ROWS, 20)
    np.testing.assert_allclose(draws[3].value, posterior.samples[3, :, 1], rtol=1e-3)
    assert catalogue["mixture"][20].size == 0


def test_no_images_have_a_catalogue_of_no_rows(survey, tmp_path):
    output = predict_catalogue(
        np.zeros((0, SIDE, SIDE)), tmp_path / "out", model=str(survey / "model"), n_mc=2, mixture=True, **SETTINGS
    )
    catalogue, full = (
        read_catalogue(output),
        predict_catalogue(
            toy_images(2), tmp_path / "two", n_mc=2, mixture=True, model=str(survey / "model"), **SETTINGS
        ),
    )
    assert len(catalogue) == 0
    assert catalogue.colnames == read_catalogue(full).colnames
    assert str(catalogue["flux"].unit) == "nJy"


def test_joined_data_sets_are_measured_whole(survey, tmp_path):
    from toy_data import blobs, write_dataset

    from gampen_tf.data import JoinedDataSet

    parts = [
        write_dataset(tmp_path / name, *blobs(n, side=SIDE, seed=n), n_training=2) for name, n in (("a", 4), ("b", 3))
    ]
    output = predict_catalogue(JoinedDataSet(parts), tmp_path / "out", model=str(survey / "model"), **SETTINGS)
    assert len(read_catalogue(output)) == 7


def test_names_that_are_not_utf8_are_kept(survey, tmp_path):
    paths = []
    for name in (b"caf\xe9.fits", "é.fits".encode(), b"none\xff.fits"):
        path = os.fsencode(tmp_path) + b"/" + name
        if b"none" not in name:
            try:
                Path(os.fsdecode(path)).write_bytes((survey / "cutouts" / "001.fits").read_bytes())
            except OSError:
                pytest.skip("this file system takes UTF-8 alone")
        paths.append(os.fsdecode(path))
    catalogue = read_catalogue(predict_catalogue(paths, tmp_path / "out", model=str(survey / "model"), **SETTINGS))
    assert catalogue["identifier"].tolist() == paths
    assert np.isfinite(catalogue["flux"].value).tolist() == [True, True, False]


def test_psf_noise_and_masks_of_each_galaxy_go_into_the_catalogue(tmp_path):
    distributed = pytest.importorskip("distributed")
    n, folder = 20, tmp_path / "model"
    told_model().save(folder)
    mask = np.random.default_rng(5).uniform(size=(n, 15, 15)) < 0.02
    psf = np.where(np.arange(n)[:, None, None] % 3 == 0, np.nan, stamps(n))
    given = {"psf": psf, "noise": np.linspace(0.8, 1.2, n), "mask": mask}
    options = SETTINGS | given | {"rows_per_shard": 6}
    alone = predict_catalogue(galaxies(n), tmp_path / "alone", model=str(folder), **options)
    one = {name: value for name, value in SETTINGS.items() if name != "rows_per_shard"}
    posterior = predict(galaxies(n), model=folder, **one, **given)
    table = read_catalogue(alone)
    np.testing.assert_array_equal(table["flags"], posterior.flags)
    assert set(table["flags"]) >= {0, int(Flag.FILLED_PIXELS)}
    np.testing.assert_allclose(table["flux_median"].value, posterior.median()[:, 0], rtol=1e-4)
    with distributed.Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=":0") as client:
        shared = predict_catalogue(galaxies(n), tmp_path / "shared", model=str(folder), client=client, **options)
    assert bytes_of(shared) == bytes_of(alone)
    for name in given:
        changed = options | {name: given[name][::-1]}
        with pytest.raises(ValueError, match=f"{name}_hash was"):
            predict_catalogue(galaxies(n), tmp_path / "alone", model=str(folder), **changed)
    # settings of a run without them name neither, as those of earlier versions
    plain = predict_catalogue(galaxies(n), tmp_path / "plain", model=str(folder), **SETTINGS)
    settings = read_catalogue(plain).meta
    assert settings["psf_hash"] is None
    assert not {"noise_hash", "mask_hash"} & set(settings)


def test_rows_of_an_array_keep_their_names_on_a_cluster(survey, tmp_path):
    distributed = pytest.importorskip("distributed")
    images = toy_images(20)
    alone = predict_catalogue(images, tmp_path / "alone", model=str(survey / "model"), **SETTINGS)
    with distributed.Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=":0") as client:
        shared = predict_catalogue(images, tmp_path / "shared", model=str(survey / "model"), client=client, **SETTINGS)
        with pytest.raises(ValueError, match="give a path, a list, a table or an array"):
            predict_catalogue(iter(images), tmp_path / "other", model=str(survey / "model"), client=client, **SETTINGS)
    assert bytes_of(shared) == bytes_of(alone)
    assert read_catalogue(shared)["identifier"][-1] == "image 19"


def test_streams_and_foreign_folders_are_refused(survey, tmp_path):
    import tensorflow as tf

    with pytest.raises(ValueError, match="stream"):
        predict_catalogue(tf.data.Dataset.from_tensors(np.zeros((SIDE, SIDE))), tmp_path / "a", model="any")
    (tmp_path / "shard-000000.parquet").touch()
    with pytest.raises(ValueError, match=r"without a run\.json"):
        predict_catalogue(survey / "table.csv", tmp_path, model=str(survey / "model"), **SETTINGS)
    with pytest.raises(FileNotFoundError, match=r"no run\.json"):
        read_catalogue(survey)


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_writes_the_same_bytes(unbroken, survey, tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        victim = next(iter(client.run(os.getpid).values()))
        killer = subprocess.Popen(
            [
                sys.executable,
                "-c",
                textwrap.dedent(f"""
            import os, pathlib, signal, time
            while not list(pathlib.Path(r"{tmp_path}").glob("out/shard-*.parquet")):
                time.sleep(0.01)
            os.kill({victim}, signal.SIGKILL)
        """),
            ]
        )
        output = predict_catalogue(
            survey / "table.csv", tmp_path / "out", model=str(survey / "model"), client=client, **SETTINGS
        )
        assert killer.wait(10) == 0
        time.sleep(0.1)
        assert victim not in client.run(os.getpid).values()
    assert bytes_of(output) == bytes_of(unbroken)
