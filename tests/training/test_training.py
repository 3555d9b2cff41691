import csv
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
from toy_data import blobs, small_network, write_dataset
from toy_recipes import toy_recipe

from gampen_tf import evaluate, predict, simulate
from gampen_tf.core import Parameter, ParameterSet, Stretch
from gampen_tf.layers import dropout_layers, find_head, set_dropout_rate
from gampen_tf.models import load_model
from gampen_tf.networks import registry
from gampen_tf.training import (
    PRESETS,
    GaussianNegativeLogLikelihood,
    Preset,
    Trainer,
    TrainingDiverged,
    WarmupCosine,
    find_preset,
    finetune,
    train,
)
from gampen_tf.training import fixed_front as fronts
from gampen_tf.training.checkpoints import RunFiles, read_checkpoint, write_checkpoint
from gampen_tf.training.devices import find_strategy
from gampen_tf.training.fixed_front import CompressedTensors, compute_front, split_front, turns_with_image
from gampen_tf.training.pipelines import TensorPipeline

QUICK = Preset(learning_rate=3e-3, batch_size=16, epochs=4, weight_decay=1e-4, clip_norm=5.0, averaging=0.9)
SGD = Preset(optimizer="sgd", schedule="constant", warmup=0.0, learning_rate=0.05, momentum=0.9, batch_size=8, epochs=5)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    images, labels = blobs(96)
    return write_dataset(tmp_path_factory.mktemp("toy") / "data", images, labels, n_training=70)


@pytest.fixture(autouse=True)
def networks(monkeypatch):
    monkeypatch.setattr(registry, "NETWORKS", {"small": small_network})


def quick(dataset, output=None, **options):
    options = {"preset": QUICK, "precision": "float32", "progress_bar": False, "seed": 5, **options}
    return train(dataset, output, network="small", **options)


def weights(model):
    return [variable.numpy() for variable in model.network.variables]


def without_times(model):
    return [{k: v for k, v in entry.items() if k != "seconds"} for entry in model.provenance["history"]]


# --- the arithmetic of a step -------------------------------------------------------------------------------


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


@pytest.mark.parametrize("loss", ["mean", "sum"])
def test_sgd_is_nesterovs_with_the_penalty_on_the_loss(rng, loss):
    preset = replace(SGD, loss=loss, l2=0.01, learning_rate=0.05 if loss == "mean" else 0.05 / 8)
    trainer, pipeline, x, y = linear_problem(rng, preset=preset)
    trainer.run(pipeline, None, 5)
    w, velocity = np.ones((3, 1)), np.zeros((3, 1))
    for _ in range(5):
        for first in range(0, 40, 8):
            a, b = x[first : first + 8], y[first : first + 8]
            gradient = a.T @ (a @ w - b) / (8 if loss == "mean" else 1) + 2 * 0.01 * w
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


def test_warmup_and_cosine():
    rate = WarmupCosine(2.0, 110, warmup=10 / 110)
    rates = np.array([float(rate(i)) for i in range(110)])
    np.testing.assert_allclose(rates[:10], 2.0 * (np.arange(10) + 0.5) / 10, rtol=1e-5)
    np.testing.assert_allclose(rates[10:], 1 + np.cos(np.pi * (np.arange(100) + 0.5) / 100), atol=1e-5)
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(rate))
    assert float(restored(37)) == float(rate(37))


def test_presets():
    paper = PRESETS["gampen"]
    assert (paper.optimizer, paper.momentum, paper.learning_rate) == ("sgd", 0.99, 5e-7)
    assert (paper.batch_size, paper.epochs, paper.l2, paper.loss) == (16, 40, 1e-4, "sum")
    assert find_preset(None, "gampen") == paper
    assert find_preset("modern", "gampen", epochs=7) == replace(PRESETS["modern"], epochs=7)
    with pytest.raises(ValueError, match="there are gampen, modern"):
        find_preset("adam", "compact")
    with pytest.raises(ValueError, match="expected one of"):
        Preset(schedule="linear")


# --- a run --------------------------------------------------------------------------------------------------


def test_a_linear_gaussian_problem_reaches_the_entropy_of_its_noise(tmp_path, monkeypatch):
    # ln flux = mean of the pixels + noise of 0.2: no posterior can do better than that normal distribution
    rng = np.random.default_rng(8)
    images = rng.normal(size=(4200, 3, 3, 1)).astype(np.float32)
    truth = images.mean(axis=(1, 2, 3)) * 3.0
    flux = np.exp(truth + rng.normal(0, 0.2, len(truth)))
    data = write_dataset(tmp_path / "data", images, {"flux": flux}, n_training=3000, shard_size=500)

    def linear(image_shape, n_parameters):
        inputs = keras.Input(image_shape, name="images")
        return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)))

    monkeypatch.setattr(registry, "NETWORKS", {"linear": linear})
    preset = Preset(learning_rate=0.03, batch_size=100, epochs=25, averaging=0.98)
    model = train(data, network="linear", preset=preset, stretch=Stretch("linear"), augment=None, progress_bar=False)
    outputs = np.array(model.network(images[3000:]))
    sigma = np.exp(0.5 * outputs[:, 1]) * model.scaler.scale[0]
    error = model.scaler.scale[0] * outputs[:, 0] + model.scaler.mean[0] - np.log(flux[3000:])
    assert np.median(sigma) == pytest.approx(0.2, rel=0.05)
    assert np.std(error) == pytest.approx(0.2, rel=0.08)  # its own error is 2 %
    entropy = 0.5 * np.log(2 * np.pi * np.e * (0.2 / model.scaler.scale[0]) ** 2)
    assert model.metrics["validation_loss"] == pytest.approx(entropy, abs=0.07)


def test_a_run_is_a_function_of_its_seed(dataset):
    first, again, other = (quick(dataset, seed=seed, epochs=1) for seed in (5, 5, 6))
    assert without_times(first) == without_times(again)
    assert all(np.array_equal(a, b) for a, b in zip(weights(first), weights(again), strict=True))
    assert first.provenance["history"][0]["loss"] != other.provenance["history"][0]["loss"]


@pytest.mark.parametrize("where", ["between epochs", "in an epoch"])
def test_a_killed_run_goes_on_to_the_same_weights(dataset, tmp_path, monkeypatch, where):
    unbroken = quick(dataset, tmp_path / "unbroken")
    train_epoch, write_last = Trainer._train_epoch, RunFiles.write_last

    def killed_in_epoch(self, pipeline, epoch, n_epochs):
        result = train_epoch(self, pipeline, epoch, n_epochs)
        if epoch == 2:
            raise KeyboardInterrupt
        return result

    def killed_between(self, arrays, history):
        write_last(self, arrays, history)
        if len(history) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if where == "in an epoch":
            patch.setattr(Trainer, "_train_epoch", killed_in_epoch)
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
    last, _ = read_checkpoint(tmp_path / "killed" / "last.npz")
    for a, b in zip(last, read_checkpoint(tmp_path / "unbroken" / "last.npz")[0], strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_finished_run_is_not_repeated_and_another_is_refused(dataset, tmp_path, monkeypatch):
    first = quick(dataset, tmp_path / "run", epochs=1)
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_train_epoch", None)
        again = quick(dataset, tmp_path / "run", epochs=1)
    assert all(np.array_equal(a, b) for a, b in zip(weights(first), weights(again), strict=True))
    with pytest.raises(ValueError, match="learning_rate: 0.003 then, 0.01 now"):
        quick(dataset, tmp_path / "run", epochs=1, learning_rate=0.01)
    anew = quick(dataset, tmp_path / "run", epochs=1, learning_rate=0.01, resume=False)
    assert anew.provenance["settings"]["learning_rate"] == 0.01


def test_returned_weights_are_those_of_the_best_epoch(dataset, tmp_path):
    # a rate that is far too high at the end of the warm-up makes later epochs worse
    preset = replace(QUICK, learning_rate=0.5, warmup=0.9, epochs=5, averaging=None)
    model = quick(dataset, tmp_path / "run", preset=preset)
    losses = [entry["validation_loss"] for entry in model.provenance["history"]]
    assert model.provenance["best_epoch"] == 1 + np.argmin(losses) < 5
    saved = load_model(tmp_path / "run")
    rows = dataset.split("validation")
    labels = saved.scaler.transform(dataset.labels(saved.parameters.names)[rows]).astype(np.float32)
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


def test_settings_may_be_numpys_numbers_and_nonsense_is_refused(dataset, tmp_path):
    quick(dataset, tmp_path / "run", epochs=1, seed=np.int64(3), dropout_rate=np.float32(0.1))
    for seed in (-1, 0.5):
        with pytest.raises(ValueError, match="expected an integer of 0 or more"):
            quick(dataset, seed=seed)
    for name in ("epochs", "batch_size", "learning_rate"):
        with pytest.raises(ValueError, match=f"{name} 0; expected a positive number"):
            quick(dataset, **{name: 0})


def test_unknown_labels_do_not_stop_the_run(tmp_path):
    images, labels = blobs(64)
    labels["effective_radius"][::3] = np.nan
    data = write_dataset(tmp_path / "data", images, labels, n_training=48)
    assert np.isfinite(quick(data, epochs=1).metrics["validation_loss"])


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


def test_provenance_tells_how_to_do_it_again(dataset, tmp_path):
    quick(dataset, tmp_path / "run", epochs=1, dropout_rate=0.1)
    provenance = load_model(tmp_path / "run").provenance
    assert provenance["recipe_name"] == "toy"
    assert provenance["n_training"] == 70
    settings = provenance["settings"]
    assert (settings["network"], settings["seed"], settings["network_options"]) == (
        "small",
        5,
        {"dropout_rate": 0.1, "head": "gaussian", "units": 16},
    )
    assert {"python", "tensorflow", "keras", "numpy"} <= set(provenance["versions"])


def test_mixed_precision_trains_and_is_saved_in_float32(dataset, tmp_path):
    model = quick(dataset, tmp_path / "run", precision="mixed_bfloat16", epochs=2)
    exact = quick(dataset, precision="float32", epochs=2)
    assert {layer.dtype_policy.name for layer in load_model(tmp_path / "run").network.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    # bfloat16 rounds to 0.4 %; the loss is of order one
    assert model.metrics["validation_loss"] == pytest.approx(exact.metrics["validation_loss"], abs=0.05)


def test_data_that_is_no_data_set(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no dataset\.json"):
        train(tmp_path)
    with pytest.raises(ValueError, match="give n_images and an output"):
        train("hsc_wide_g")
    with pytest.raises(ValueError, match="expected 'auto', 'none'"):
        find_strategy("mirrored")


# --- fronts -------------------------------------------------------------------------------------------------


def test_kept_front_gives_the_outputs_of_the_whole_network(dataset):
    network = small_network()
    front, back = split_front(network)
    images = dataset.images(np.arange(20))
    kept = compute_front(front, TensorPipeline((images,), np.zeros((20, 1)), 8))
    (batch,) = [x for x, _ in TensorPipeline(kept.values, np.zeros((20, 1)), 20, scales=kept.scales).epoch()]
    np.testing.assert_allclose(back(batch), network(images), rtol=2e-3, atol=2e-3)


def test_a_front_too_large_for_the_memory_is_kept_on_disk(dataset, tmp_path, monkeypatch):
    front, _ = split_front(small_network())
    source = TensorPipeline((dataset.images(np.arange(20)),), np.zeros((20, 1)), 8)
    in_memory = compute_front(front, source)
    monkeypatch.setattr(fronts, "_memory_bytes", lambda: 1000)
    on_disk = compute_front(front, source, directory=tmp_path)
    assert isinstance(on_disk.values[0], np.memmap)
    batches = [TensorPipeline(x.values, np.zeros((20, 1)), 20, scales=x.scales).epoch() for x in (in_memory, on_disk)]
    (first, _), (second, _) = (next(iter(batch)) for batch in batches)
    np.testing.assert_array_equal(first, second)
    assert not list(tmp_path.iterdir())


def test_half_precision_keeps_eleven_bits_of_any_brightness():
    rng = np.random.default_rng(4)
    images = rng.normal(size=(6, 5, 5, 1)) * np.logspace(-3, 8, 6)[:, None, None, None]
    features = rng.normal(size=(6, 3)) * 1e9
    kept = CompressedTensors(6, [(5, 5, 1), (3,)])
    kept.write(slice(0, 6), [images, features])
    restored = kept.values[0].astype(float) * kept.scales[0][:, None, None, None]
    assert np.max(np.abs(restored / images - 1)) <= 2.0**-11
    np.testing.assert_allclose(kept.values[1], features, rtol=1e-7)


def test_a_front_that_does_not_turn_with_the_image_is_found_out():
    images = keras.Input((12, 12, 1))
    pooled = keras.layers.AveragePooling2D(2)(images)
    assert turns_with_image(keras.Model(images, [pooled, keras.layers.GlobalMaxPooling2D()(images)]))
    assert not turns_with_image(keras.Model(images, keras.layers.Cropping2D(((1, 2), (1, 2)))(images)))
    assert not turns_with_image(keras.Model(images, keras.layers.Flatten()(pooled)))
    assert not turns_with_image(keras.Model(images, keras.layers.AveragePooling2D((2, 1), padding="same")(images)))


def test_networks_that_begin_with_weights_have_no_front():
    images = keras.Input((12, 12, 1))
    assert split_front(keras.Model(images, keras.layers.Conv2D(2, 3)(images))) is None


# --- fine-tuning --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def base(dataset, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "NETWORKS", {"small": small_network})
        folder = tmp_path_factory.mktemp("base") / "run"
        quick(dataset, folder, epochs=1)
    return load_model(folder)


def tuned(base, dataset, **options):
    options = {"preset": replace(QUICK, averaging=None), "epochs": 1, "precision": "float32", **options}
    return finetune(base, dataset, progress_bar=False, **options)


def layer_weights(model, name):
    return model.network.get_layer(name).kernel.numpy()


def test_frozen_layers_stay_and_the_others_learn(base, dataset):
    model = tuned(base, dataset, trainable=["head", "hid*"])
    np.testing.assert_array_equal(layer_weights(model, "convolution"), layer_weights(base, "convolution"))
    assert not np.array_equal(layer_weights(model, "hidden"), layer_weights(base, "hidden"))
    assert model.provenance["settings"]["frozen_layers"] == ["convolution"]
    assert model.provenance["before"]["history"] == base.provenance["history"]
    np.testing.assert_array_equal(model.scaler.mean, base.scaler.mean)


def test_only_the_layers_asked_for_are_loaded(base, dataset):
    model = tuned(base, dataset, load=["conv*"], learning_rate=1e-30)
    np.testing.assert_array_equal(layer_weights(model, "convolution"), layer_weights(base, "convolution"))
    assert not np.allclose(layer_weights(model, "head"), layer_weights(base, "head"))
    assert model.provenance["settings"]["loaded_layers"] == ["convolution"]


def test_all_loaded_and_no_rate_is_the_same_model(base, dataset):
    model = tuned(base, dataset, learning_rate=1e-30, dropout_rate=0.3)
    images = base.prepare(dataset.images(np.arange(5)))
    np.testing.assert_allclose(model.network(images), base.network(images), rtol=1e-6)
    rates = [float(layer.rate) for layer in model.network.layers if "dropout" in layer.name]
    assert rates == pytest.approx([0.3, 0.3])


def test_dropout_rates_stay_those_of_the_model_unless_asked(base, dataset):
    copy = replace(base, network=keras.models.clone_model(base.network))
    copy.network.set_weights(base.network.get_weights())
    set_dropout_rate(copy.network, 0.125)  # chosen after training
    rates = [float(layer.rate) for layer in dropout_layers(tuned(copy, dataset).network)]
    assert rates == [0.125, 0.125]


def test_statistics_stay_with_the_layers_that_are_loaded(dataset, monkeypatch):
    def build(image_shape, n_parameters):
        images = keras.Input(image_shape, name="images")
        x = keras.layers.Flatten(name="flatten")(keras.layers.AveragePooling2D(5, name="shrink")(images))
        x = keras.layers.Normalization(name="standardised")(x)
        return keras.Model(images, keras.layers.Dense(5, name="head")(x))

    monkeypatch.setattr(registry, "NETWORKS", {"small": build})
    base = quick(dataset, epochs=1)
    base.network.get_layer("standardised").adapt(np.array([[7.0] * 9, [9.0] * 9]))
    for load, is_kept in (("all", True), (["head"], False)):
        network = tuned(base, dataset, load=load, learning_rate=1e-30).network
        means = np.asarray(network.get_layer("standardised").mean)
        assert np.all(np.abs(means - 8.0) < 1e-6) == is_kept
        if is_kept:
            images = base.prepare(dataset.images(np.arange(5)))
            np.testing.assert_allclose(network(images), base.network(images), rtol=1e-5)
        else:
            shrunk = base.prepare(dataset.images(dataset.split("train"))).reshape(-1, 3, 5, 3, 5).mean(axis=(2, 4))
            np.testing.assert_allclose(means.ravel(), shrunk.mean(axis=0).ravel(), rtol=1e-4)


def test_a_network_without_a_name_is_cloned_for_the_same_images_and_parameters(base, dataset, tmp_path):
    images, labels = blobs(40, side=21)
    larger = write_dataset(tmp_path / "data", images, labels, n_training=30)
    foreign = replace(base, provenance={})
    model = tuned(foreign, dataset, learning_rate=1e-30, dropout_rate=0.3)
    assert [float(layer.rate) for layer in dropout_layers(model.network)] == pytest.approx([0.3, 0.3])
    np.testing.assert_array_equal(layer_weights(model, "head"), layer_weights(base, "head"))
    with pytest.raises(ValueError, match=r"for images of \(15, 15, 1\) and 2 parameters, found \(21, 21, 1\)"):
        tuned(foreign, larger)
    with pytest.raises(ValueError, match="2 parameters, found .* and 1"):
        tuned(foreign, dataset, scaler="refit", parameters=["flux"])


def test_images_of_another_size_load_what_fits(base, tmp_path):
    images, labels = blobs(40, side=21)
    data = write_dataset(tmp_path / "data", images, labels, n_training=30)
    with pytest.raises(ValueError, match=r"layer 'hidden'.*load='matching'"):
        tuned(base, data)
    model = tuned(base, data, load="matching", scaler="refit", learning_rate=1e-30)
    assert model.image_shape == (21, 21, 1)
    assert "hidden" not in model.provenance["settings"]["loaded_layers"]
    np.testing.assert_array_equal(layer_weights(model, "head"), layer_weights(base, "head"))
    expected = np.log(labels["flux"][:30]).mean()
    assert model.scaler.mean[0] == pytest.approx(expected)


def test_the_network_is_that_of_the_model_whatever_todays_defaults(base, dataset, monkeypatch):
    def other_defaults(image_shape, n_parameters, dropout_rate=0.4, head="gaussian", units=24):
        return small_network(image_shape, n_parameters, dropout_rate, head, units)

    monkeypatch.setattr(registry, "NETWORKS", {"small": other_defaults})
    model = tuned(base, dataset, learning_rate=1e-30)
    np.testing.assert_array_equal(layer_weights(model, "hidden"), layer_weights(base, "hidden"))


def test_a_saved_network_is_known_as_the_one_that_is_built(dataset, tmp_path):
    quick(dataset, tmp_path / "run", precision="mixed_bfloat16", epochs=1)
    model = tuned(tmp_path / "run", dataset, precision="mixed_bfloat16", learning_rate=1e-30)
    assert model.provenance["settings"]["precision"] == "mixed_bfloat16"


def test_a_network_that_is_built_otherwise_today_is_copied_from_the_model(base, dataset, monkeypatch):
    def other_code(image_shape, n_parameters, dropout_rate=0.4, head="gaussian", units=24):
        network = small_network(image_shape, n_parameters, dropout_rate, head, units)
        return keras.Model(network.inputs, keras.layers.Rescaling(2.0)(network.outputs[0]), name="small")

    monkeypatch.setattr(registry, "NETWORKS", {"small": other_code})
    model = tuned(base, dataset, learning_rate=1e-30)
    images = base.prepare(dataset.images(np.arange(5)))
    np.testing.assert_allclose(model.network(images), base.network(images), rtol=1e-6)


def test_patterns_that_fit_nothing_are_refused(base, dataset):
    with pytest.raises(ValueError, match="pattern 'vgg' fits no layer; there are convolution"):
        tuned(base, dataset, trainable=["vgg"])
    with pytest.raises(ValueError, match="expected 'keep' or 'refit'"):
        tuned(base, dataset, scaler="new")
    with pytest.raises(ValueError, match="another scaler"):
        tuned(base, dataset, parameters=["flux"])


# --- checkpoints --------------------------------------------------------------------------------------------


def test_a_checkpoint_is_replaced_in_one_step(tmp_path, monkeypatch):
    path = tmp_path / "last.npz"
    write_checkpoint(path, [np.arange(3)], {"epoch": 1})

    def full(file, **entries):
        file.write(b"half of it")
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", full)
        with pytest.raises(OSError, match="No space"):
            write_checkpoint(path, [np.arange(4)], {"epoch": 2})
    (array,), record = read_checkpoint(path)
    np.testing.assert_array_equal(array, np.arange(3))
    assert record == {"epoch": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_checkpoint_is_named(tmp_path):
    path = tmp_path / "last.npz"
    write_checkpoint(path, [np.arange(1000)], {"epoch": 1})
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match=r"last\.npz: not a readable checkpoint .* delete it"):
        read_checkpoint(path)


# --- several devices ----------------------------------------------------------------------------------------


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


# --- point heads and PSFs -----------------------------------------------------------------------------------

POINT = replace(QUICK, objective="huber", epochs=40, learning_rate=0.01)


@pytest.fixture(scope="module")
def seeing(tmp_path_factory):
    """Galaxies of one shape behind PSFs of different widths, both images kept."""
    psf = {"moffat": {"beta": 3.5, "fwhm": {"uniform": [0.5, 1.5]}, "axis_ratio": 1.0, "position_angle": 0}}
    recipe = toy_recipe(psf={**psf, "image_size": 15}, parameters=["magnitude"])
    return simulate(recipe, tmp_path_factory.mktemp("seeing") / "data", n_images=150, workers=1, progress_bar=False)


def psf_network(image_shape, n_parameters, head="gaussian"):
    """Sees the image's sum and the PSF."""
    images, psf = keras.Input(image_shape, name="images"), keras.Input((15, 15, 1), name="psf")
    total = keras.layers.Rescaling(1e-4)(keras.layers.Flatten()(keras.layers.AveragePooling2D(image_shape[0])(images)))
    x = keras.layers.Flatten()(keras.layers.Rescaling(30.0, name="rescaled")(psf))
    x = keras.layers.Dense(16, activation="tanh", name="dense")(x)
    x = keras.layers.Concatenate()([total, x])
    n_outputs = find_head(head).n_outputs(n_parameters)
    return keras.Model({"images": images, "psf": psf}, keras.layers.Dense(n_outputs, name="head")(x), name="with_psf")


SEEING = ParameterSet([Parameter("psf_fwhm", "arcsec", (0, np.inf), "log")])


@pytest.mark.parametrize("objective", ["huber", "mae", "gaussian_nll"])
def test_each_objective_has_its_head_and_learns_from_the_psf(seeing, monkeypatch, objective, tmp_path):
    monkeypatch.setattr(registry, "NETWORKS", {"with_psf": psf_network})
    preset = replace(POINT, objective=objective)
    train(seeing, tmp_path, network="with_psf", preset=preset, parameters=SEEING, progress_bar=False)
    model = load_model(tmp_path)
    assert model.head.name == ("gaussian" if objective == "gaussian_nll" else "point")
    assert model.psf_shape == (15, 15)
    found = predict(seeing, model=model, progress_bar=False).median()[:, 0]
    truth = seeing.labels(["psf_fwhm"])[:, 0]
    # the image's sum says nothing of it; the spread of the truth is 0.29 arcsec
    assert np.std(found - truth) < 0.1


def test_reports_of_values_alone_say_nothing_of_coverage(seeing, tmp_path):
    model = train(seeing, network="small", preset=replace(POINT, epochs=1), progress_bar=False)
    evaluation = evaluate(model, seeing, split="all", report=tmp_path, progress_bar=False)
    page = (tmp_path / "index.html").read_text()
    assert "values alone" in page
    assert "overage" not in page + evaluation.summary()
    gaussian = train(seeing, network="small", preset=QUICK, epochs=1, progress_bar=False)
    assert "coverage" in evaluate(gaussian, seeing, split="all", progress_bar=False).summary()


def test_the_psf_of_each_galaxy_is_its_own(seeing, monkeypatch):
    monkeypatch.setattr(registry, "NETWORKS", {"with_psf": psf_network})
    model = train(seeing, network="with_psf", preset=replace(POINT, epochs=2), parameters=SEEING, progress_bar=False)
    images, psfs = seeing.images(), seeing.psfs()
    own = predict(seeing, model=model, progress_bar=False)
    np.testing.assert_array_equal(predict(seeing.path, model=model, progress_bar=False).means, own.means)
    scaled = predict(images, psf=7.0 * psfs, model=model, progress_bar=False)
    np.testing.assert_allclose(scaled.means, own.means, rtol=1e-4, atol=1e-5)
    one = predict(images[:3], psf=psfs[1], model=model, progress_bar=False)
    np.testing.assert_allclose(one.means[1], own.means[1], rtol=1e-4, atol=1e-5)
    assert not np.allclose(one.means[0], own.means[0], rtol=1e-3)
    psfs[2] = 0.0
    flags = predict(images, psf=psfs, model=model, progress_bar=False).flags
    assert np.flatnonzero(flags).tolist() == [2]
    with pytest.raises(ValueError, match="takes the PSF"):
        predict(images, model=model, progress_bar=False)
    with pytest.raises(ValueError, match="positive sum"):
        predict(images, psf=psfs[2], model=model, progress_bar=False)


def test_a_network_without_a_psf_leaves_those_of_the_data_alone(seeing):
    model = train(seeing, network="small", preset=replace(POINT, epochs=1), progress_bar=False)
    assert model.psf_shape is None
    assert len(predict(seeing, model=model, progress_bar=False)) == 150


def test_a_network_with_a_psf_needs_data_with_psfs(dataset, monkeypatch):
    monkeypatch.setattr(registry, "NETWORKS", {"with_psf": psf_network})
    with pytest.raises(ValueError, match=r"no PSF images, which network 'with_psf' takes"):
        train(dataset, network="with_psf", preset=POINT, progress_bar=False)


def test_fine_tuning_keeps_objective_and_psf_or_changes_the_head(seeing, monkeypatch):
    monkeypatch.setattr(registry, "NETWORKS", {"with_psf": psf_network})
    options = {"progress_bar": False, "epochs": 1, "precision": "float32"}
    preset = replace(POINT, objective="mae")
    base = train(seeing, network="with_psf", parameters=SEEING, preset=preset, **options)
    model = finetune(base, seeing, learning_rate=1e-30, **options)
    assert (model.head.name, model.psf_shape) == ("point", (15, 15))
    assert model.provenance["settings"]["objective"] == "mae"
    np.testing.assert_allclose(layer_weights(model, "head"), layer_weights(base, "head"), rtol=1e-6)
    with pytest.raises(ValueError, match=r"layer 'head'.*load='matching'"):
        finetune(base, seeing, preset=QUICK, **options)
    model = finetune(base, seeing, preset=QUICK, load="matching", **options)
    assert model.head.name == "gaussian"
    assert model.provenance["settings"]["loaded_layers"] == ["dense"]


def test_a_network_without_a_point_head_refuses_the_objective(dataset, monkeypatch):
    def gaussian_only(image_shape, n_parameters):
        return small_network(image_shape, n_parameters)

    monkeypatch.setattr(registry, "NETWORKS", {"old": gaussian_only, "small": small_network})
    with pytest.raises(ValueError, match="'old' has no point head; there are small"):
        train(dataset, network="old", preset=POINT, progress_bar=False)
