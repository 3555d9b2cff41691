"""Going on with a trained model: what is loaded, what learns, what is refused."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from toy_data import blobs, small_network, write_dataset
from toy_training import POINT, QUICK, SEEING, layer_weights, psf_network, quick, tuned

from gampen_tf.layers import dropout_layers, set_dropout_rate
from gampen_tf.models import load_model
from gampen_tf.networks import registry
from gampen_tf.training import (
    finetune,
    train,
)

pytestmark = pytest.mark.usefixtures("registered")


@pytest.fixture(scope="module")
def base(dataset, tmp_path_factory):
    with registry.temporarily({"small": small_network}):
        folder = tmp_path_factory.mktemp("base") / "run"
        quick(dataset, folder, epochs=1)
    return load_model(folder)


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


def test_statistics_stay_with_the_layers_that_are_loaded(dataset, registered):
    def build(image_shape, n_parameters):
        images = keras.Input(image_shape, name="images")
        x = keras.layers.Flatten(name="flatten")(keras.layers.AveragePooling2D(5, name="shrink")(images))
        x = keras.layers.Normalization(name="standardised")(x)
        return keras.Model(images, keras.layers.Dense(5, name="head")(x))

    registered(small=build)
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
    foreign = replace(base, network_name=None)
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


def test_the_network_is_that_of_the_model_whatever_todays_defaults(base, dataset, registered):
    def other_defaults(image_shape, n_parameters, dropout_rate=0.4, head="gaussian", units=24):
        return small_network(image_shape, n_parameters, dropout_rate, head, units)

    registered(small=other_defaults)
    model = tuned(base, dataset, learning_rate=1e-30)
    np.testing.assert_array_equal(layer_weights(model, "hidden"), layer_weights(base, "hidden"))


def test_a_saved_network_is_known_as_the_one_that_is_built(dataset, tmp_path):
    quick(dataset, tmp_path / "run", precision="bfloat16", epochs=1)
    model = tuned(tmp_path / "run", dataset, precision="bfloat16", learning_rate=1e-30)
    assert model.provenance["settings"]["precision"] == "bfloat16"


def test_a_network_that_is_built_otherwise_today_is_copied_from_the_model(base, dataset, registered):
    def other_code(image_shape, n_parameters, dropout_rate=0.4, head="gaussian", units=24):
        network = small_network(image_shape, n_parameters, dropout_rate, head, units)
        return keras.Model(network.inputs, keras.layers.Rescaling(2.0)(network.outputs[0]), name="small")

    registered(small=other_code)
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


def test_fine_tuning_keeps_objective_and_psf_or_changes_the_head(seeing, registered):
    registered(with_psf=psf_network)
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
