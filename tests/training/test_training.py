"""Whole trainings: what they reach, what they depend on, what they refuse."""

import keras
import numpy as np
import pytest
from toy_data import blobs, write_dataset
from toy_training import quick, weights, without_times

from gampen_tf.core import Stretch
from gampen_tf.models import load_model
from gampen_tf.training import (
    Preset,
    train,
)

pytestmark = pytest.mark.usefixtures("registered")


def test_a_linear_gaussian_problem_reaches_the_entropy_of_its_noise(tmp_path, registered):
    # ln flux = mean of the pixels + noise of 0.2: no posterior can do better than that normal distribution
    rng = np.random.default_rng(8)
    images = rng.normal(size=(4200, 3, 3, 1)).astype(np.float32)
    truth = images.mean(axis=(1, 2, 3)) * 3.0
    flux = np.exp(truth + rng.normal(0, 0.2, len(truth)))
    data = write_dataset(tmp_path / "data", images, {"flux": flux}, n_training=3000, shard_size=500)

    def linear(image_shape, n_parameters):
        inputs = keras.Input(image_shape, name="images")
        return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)))

    registered(linear=linear)
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
    model = quick(dataset, tmp_path / "run", precision="bfloat16", epochs=2)
    exact = quick(dataset, precision="float32", epochs=2)
    assert {layer.dtype_policy.name for layer in load_model(tmp_path / "run").network.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    # bfloat16 rounds to 0.4 %; the loss is of order one
    assert model.metrics["validation_loss"] == pytest.approx(exact.metrics["validation_loss"], abs=0.05)


def test_data_that_is_no_data_set(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no dataset\.json"):
        train(tmp_path, network="small")
    with pytest.raises(ValueError, match="give n_images and an output"):
        train("hsc_wide_g", network="small")


def test_an_unknown_network_is_refused_before_anything_is_simulated(tmp_path):
    with pytest.raises(ValueError, match="no network 'tiny'; there are small"):
        train("hsc_wide_g", tmp_path / "run", network="tiny", n_images=100)
    assert not (tmp_path / "run").exists()
