"""The training loop: its steps by hand, the best epoch, patience, a loss that is no number, two devices."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import toy_data
from toy_data import blobs, write_dataset
from toy_training import QUICK, SGD, quick

from gampen_tf.models import load_model
from gampen_tf.training import (
    GaussianNegativeLogLikelihood,
    Trainer,
    TrainingDiverged,
)
from gampen_tf.training.pipelines import TensorPipeline

pytestmark = pytest.mark.usefixtures("registered")


def linear_problem(rng, n=40, preset=SGD, strategy=None):
    """A linear network with squared errors: each step can be written down."""
    x, y = rng.normal(size=(n, 3)).astype(np.float32), rng.normal(size=(n, 1)).astype(np.float32)
    inputs = keras.Input((3,))
    network = keras.Model(inputs, keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")(inputs))
    trainer = Trainer(
        network,
        preset,
        lambda labels, outputs: 0.5 * tf.reduce_sum(tf.square(labels - outputs), axis=1),
        strategy or tf.distribute.get_strategy(),
        5 * (n // preset.batch_size),
        progress_bar=False,
    )
    return trainer, TensorPipeline((x,), y, preset.batch_size), x.astype(float), y.astype(float)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_sgd_is_nesterovs_with_the_penalty_on_the_loss(rng, reduction):
    preset = replace(SGD, reduction=reduction, l2=0.01, learning_rate=0.05 if reduction == "mean" else 0.05 / 8)
    trainer, pipeline, x, y = linear_problem(rng, preset=preset)
    trainer.run(pipeline, None, 5)
    w, velocity = np.ones((3, 1)), np.zeros((3, 1))
    for _ in range(5):
        for first in range(0, 40, 8):
            a, b = x[first : first + 8], y[first : first + 8]
            gradient = a.T @ (a @ w - b) / (8 if reduction == "mean" else 1) + 2 * 0.01 * w
            velocity = 0.9 * velocity - preset.learning_rate * gradient
            w = w + 0.9 * velocity - preset.learning_rate * gradient
    np.testing.assert_allclose(trainer.network.trainable_variables[0].numpy(), w, rtol=2e-5)


def test_clipping_bounds_the_step_and_keeps_its_direction(rng):
    preset = replace(SGD, momentum=0.0, clip_norm=1e-3, batch_size=40, learning_rate=1.0, epochs=1)
    trainer, pipeline, x, y = linear_problem(rng, preset=preset)
    trainer.run(pipeline, None, 1)
    gradient = x.T @ (x @ np.ones((3, 1)) - y) / 40
    step = trainer.network.trainable_variables[0].numpy() - 1.0
    np.testing.assert_allclose(step, -1e-3 * gradient / np.linalg.norm(gradient), rtol=1e-3)


def test_running_mean_of_the_weights(rng):
    preset = replace(SGD, averaging=0.7, batch_size=40)
    trainer, pipeline, _, _ = linear_problem(rng, preset=preset)
    plain, _, _, _ = linear_problem(np.random.default_rng(20260101), preset=replace(preset, averaging=None))
    mean = np.ones((3, 1))
    for epoch in range(1, 6):
        plain.run(pipeline, None, epoch)
        decay = min(0.7, (1 + epoch) / (10 + epoch))
        mean = decay * mean + (1 - decay) * plain.network.trainable_variables[0].numpy()
    trainer.run(pipeline, None, 5)
    np.testing.assert_allclose(trainer.network.trainable_variables[0].numpy(), mean, rtol=1e-5)


def test_recorded_loss_is_the_mean_over_images(rng):
    preset = replace(SGD, learning_rate=1e-30)
    trainer, pipeline, x, y = linear_problem(rng, n=43, preset=preset)
    (entry,) = trainer.run(pipeline, pipeline, 1)
    expected = np.mean(0.5 * (x @ np.ones((3, 1)) - y) ** 2)
    assert entry["loss"] == pytest.approx(expected, rel=1e-5)
    assert entry["validation_loss"] == pytest.approx(expected, rel=1e-5)


def test_returned_weights_are_those_of_the_best_epoch(dataset, tmp_path):
    # a rate that is far too high at the end of the warm-up makes later epochs worse
    preset = replace(QUICK, learning_rate=0.5, warmup=0.9, epochs=5, averaging=None)
    model = quick(dataset, tmp_path / "run", preset=preset)
    losses = [entry["validation_loss"] for entry in model.provenance["history"]]
    assert model.provenance["best_epoch"] == 1 + np.argmin(losses) < 5
    saved = load_model(tmp_path / "run")
    rows = dataset.split("validation")
    labels = saved.scaler.transform(dataset.truth(saved.parameters.names)[rows]).astype(np.float32)
    loss = GaussianNegativeLogLikelihood()(labels, saved.network(saved.prepare(dataset.images(rows))))
    assert float(loss) == pytest.approx(min(losses), abs=2e-3)  # fronts are kept in half precision


def test_patience_stops_a_run_that_gets_no_better(dataset):
    preset = replace(QUICK, learning_rate=0.5, warmup=0.9, epochs=12, averaging=None, patience=2)
    history = quick(dataset, preset=preset).provenance["history"]
    losses = [entry["validation_loss"] for entry in history]
    assert len(history) == 3 + np.argmin(losses) < 12


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_loss_that_is_no_number_stops_the_run_and_says_what_to_try(tmp_path):
    images, labels = blobs(64)
    images[30] = np.nan
    data = write_dataset(tmp_path / "data", images, labels, n_training=48)
    with pytest.raises(TrainingDiverged, match=r"epoch 1, batches \d+ to \d+.*learning rate ten times smaller.*NaN"):
        quick(data, tmp_path / "run")
    assert not (tmp_path / "run" / "model.json").exists()


def test_a_validation_loss_that_is_no_number_is_not_the_best(rng):
    trainer, pipeline, x, y = linear_problem(rng)
    y[7] = np.nan
    with pytest.raises(TrainingDiverged, match="epoch 1, on the validation images"):
        trainer.run(pipeline, TensorPipeline((x.astype(np.float32),), y, 8), 2)
    assert trainer.best_epoch is None


def test_two_devices_give_the_losses_of_one():
    script = Path(toy_data.__file__).with_name("two_devices.py")
    path = os.pathsep.join([str(script.parent.parent), *sys.path])
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
