"""Runs that go on, and the files that they go on from."""

import csv
import json
from dataclasses import asdict

import numpy as np
import pytest
import tensorflow as tf
from toy_training import quick, weights, without_times

from gampen_tf.training import Augmentation
from gampen_tf.training.checkpoints import Checkpoint, RunFiles, read_checkpoint, write_checkpoint

pytestmark = pytest.mark.usefixtures("registered")


@pytest.mark.parametrize("where", [pytest.param("between epochs", marks=pytest.mark.slow), "in an epoch"])
def test_a_killed_run_goes_on_to_the_same_weights(dataset, tmp_path, monkeypatch, where):
    unbroken = quick(dataset, tmp_path / "unbroken")
    write_best, write_last = RunFiles.write_best, RunFiles.write_last

    def killed_in_epoch(self, paths, arrays, epoch):
        write_best(self, paths, arrays, epoch)
        if epoch == 3:
            raise KeyboardInterrupt

    def killed_between(self, paths, arrays, history):
        write_last(self, paths, arrays, history)
        if len(history) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if where == "in an epoch":
            patch.setattr(RunFiles, "write_best", killed_in_epoch)
        else:
            patch.setattr(RunFiles, "write_last", killed_between)
        with pytest.raises(KeyboardInterrupt):
            quick(dataset, tmp_path / "killed")
    assert not (tmp_path / "killed" / "model.json").exists()
    resumed = quick(dataset, tmp_path / "killed")
    assert without_times(resumed) == without_times(unbroken)
    assert all(np.array_equal(a, b) for a, b in zip(weights(resumed), weights(unbroken), strict=True))
    table = list(csv.DictReader((tmp_path / "killed" / "log.csv").read_text().splitlines()))
    assert [row["epoch"] for row in table] == ["1", "2", "3", "4"]
    last, other = (read_checkpoint(tmp_path / run / "last.npz") for run in ("killed", "unbroken"))
    for a, b in zip(last.arrays, other.arrays, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_finished_run_is_not_repeated_and_another_is_refused(dataset, tmp_path, monkeypatch):
    first = quick(dataset, tmp_path / "run", epochs=1)
    with monkeypatch.context() as patch:
        patch.setattr(RunFiles, "write_last", None)
        again = quick(dataset, tmp_path / "run", epochs=1)
    assert all(np.array_equal(a, b) for a, b in zip(weights(first), weights(again), strict=True))
    with pytest.raises(ValueError, match="learning_rate: 0.003 then, 0.01 now"):
        quick(dataset, tmp_path / "run", epochs=1, learning_rate=0.01)
    anew = quick(dataset, tmp_path / "run", epochs=1, learning_rate=0.01, resume=False)
    assert anew.provenance["settings"]["learning_rate"] == 0.01


def test_tensorboard_gets_the_history(dataset, tmp_path):
    model = quick(dataset, tmp_path / "run", epochs=2, tensorboard=True)
    (events,) = (tmp_path / "run" / "tensorboard").iterdir()
    found = {}
    for record in tf.data.TFRecordDataset(str(events)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            found[event.step, value.tag] = float(tf.make_ndarray(value.tensor))
    for entry in model.provenance["history"]:
        assert found[entry["epoch"], "validation_loss"] == pytest.approx(entry["validation_loss"], rel=1e-6)


def test_a_checkpoint_is_replaced_in_one_step(tmp_path, monkeypatch):
    path = tmp_path / "last.npz"
    write_checkpoint(path, Checkpoint(["a"], [np.arange(3)], {"epoch": 1}))

    def full(file, **entries):
        file.write(b"half of it")
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", full)
        with pytest.raises(OSError, match="No space"):
            write_checkpoint(path, Checkpoint(["a"], [np.arange(4)], {"epoch": 2}))
    kept = read_checkpoint(path)
    np.testing.assert_array_equal(kept.arrays, [np.arange(3)])
    assert (kept.paths, kept.record) == (["a"], {"epoch": 1})
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_checkpoint_is_named(tmp_path):
    path = tmp_path / "last.npz"
    write_checkpoint(path, Checkpoint(["a"], [np.arange(1000)], {"epoch": 1}))
    content = path.read_bytes()
    path.write_bytes(content[:500])
    with pytest.raises(ValueError, match=r"last\.npz: not a readable checkpoint .* delete it"):
        read_checkpoint(path)
    rng, n_refused = np.random.default_rng(8), 0
    for _ in range(200):
        damaged = bytearray(content)
        damaged[rng.integers(len(content))] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            read_checkpoint(path)
        except ValueError:
            n_refused += 1
    assert n_refused > 100


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    files = RunFiles(tmp_path, {"seed": 1})
    history = [{"epoch": 1, "loss": 0.5}]
    files.write_last(["conv/kernel", "dense_7/kernel"], [np.ones(2), np.zeros(2)], history)
    files.write_best(["conv/kernel"], [np.ones(2)], 1)
    # Keras numbers layers without a name by those made before in the process
    arrays, kept, best = files.read(["conv/kernel", "dense/kernel"])
    assert (len(arrays), kept, len(best)) == (2, history, 1)
    for paths in (["dense/kernel", "conv/kernel"], ["conv/kernel"], ["conv/kernel", "dense/kernel", "dense/bias"]):
        with pytest.raises(ValueError, match=r"last\.npz is of another network: variable .* is in the place of"):
            files.read(paths)
    files.write_best(["norm/mean"], [np.ones(2)], 1)
    with pytest.raises(ValueError, match=r"best\.npz is of another network: variable norm/mean"):
        files.read(["conv/kernel", "dense/kernel"])


def test_a_run_without_its_best_weights_is_refused(tmp_path):
    files = RunFiles(tmp_path, {"seed": 1})
    files.write_best(["a"], [np.ones(2)], 1)
    files.write_last(["a"], [np.ones(2)], [{"epoch": 1, "loss": 0.5}])
    (tmp_path / "best.npz").unlink()
    with pytest.raises(ValueError, match=r"best\.npz: not there, beside a last\.npz of the same run"):
        files.read(["a"])


@pytest.mark.parametrize(("former", "now"), [(True, asdict(Augmentation())), (False, None)])
def test_a_generative_run_that_named_its_turns_by_true_or_false_goes_on(tmp_path, former, now):
    history = [{"epoch": 1, "loss": 0.5}]
    files = RunFiles(tmp_path, {"augment": former})
    files.write_best(["a"], [np.arange(3)], 1)
    files.write_last(["a"], [np.arange(3)], history)
    assert RunFiles(tmp_path, {"augment": now}).read(["a"])[1] == history
    with pytest.raises(ValueError, match=r"other settings \(augment: "):
        RunFiles(tmp_path, {"augment": asdict(Augmentation(max_shift=2))}).read(["a"])


def test_a_run_begun_without_paths_and_under_former_names_goes_on(dataset, tmp_path):
    whole = quick(dataset, tmp_path / "whole", epochs=2)
    quick(dataset, tmp_path / "run", epochs=2)
    for name in ("last.npz", "best.npz"):
        path = tmp_path / "run" / name
        kept = read_checkpoint(path)
        record = kept.record
        if "settings" in record:
            settings = record["settings"]
            settings["loss"], settings["labels"] = settings.pop("reduction"), settings.pop("label_scaling")
            assert settings["precision"] == "float32"
            record["history"] = record["history"][:2]
        entries = {f"{i:05d}": array for i, array in enumerate(kept.arrays)}
        np.savez(path, **entries, record=np.frombuffer(json.dumps(record).encode(), np.uint8))
    resumed = quick(dataset, tmp_path / "run", epochs=2)
    assert without_times(resumed) == without_times(whole)
    assert all(np.array_equal(a, b) for a, b in zip(weights(resumed), weights(whole), strict=True))
