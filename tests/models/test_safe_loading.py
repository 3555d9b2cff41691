"""Networks that name foreign code are not loaded."""

import base64
import json
import marshal
import zipfile

import keras
import numpy as np
import pytest
from toy_data import small_network

from gampen_tf.models import Model, load_model
from gampen_tf.models.safe_loading import load_network, refuse_foreign_code


def rewrite(directory, change):
    """Change the architecture and let the hash fit, as somebody with bad intentions would."""
    path = directory / "model.keras"
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(entries["config.json"])
    change(config)
    entries["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    fit_hash(directory)


def fit_hash(directory):
    from hashlib import sha256

    description = json.loads((directory / "model.json").read_text())
    description["sha256"] = sha256((directory / "model.keras").read_bytes()).hexdigest()
    (directory / "model.json").write_text(json.dumps(description))


def test_a_lambda_is_refused(model, tmp_path):
    images = keras.Input((15, 15, 1))
    x = keras.layers.Lambda(lambda x: x * 2.0)(images)
    network = keras.Model(images, keras.layers.Dense(5)(keras.layers.Flatten()(x)))
    directory = Model(network, model.scaler, model.stretch, (15, 15, 1), 0.168).save(tmp_path / "bad")
    with pytest.raises(ValueError, match=r"keras\.layers\.Lambda.*could run foreign code"):
        load_model(directory)


@pytest.mark.parametrize(
    "foreign",
    [
        {"module": "os", "class_name": "system", "registered_name": None},
        {"module": "builtins", "class_name": "function", "config": "exec", "registered_name": "function"},
        {"module": "somebody", "class_name": "Layer", "registered_name": "theirs>Layer"},
        {"module": "somebody", "class_name": "Layer", "registered_name": "gampen_tf>Unknown"},
        {"module": "keras.utils", "class_name": "get_file", "registered_name": None},
        {"module": "keras.layers", "class_name": "TFSMLayer", "registered_name": None},
        {"module": "keras.layers", "class_name": "Dense", "registered_name": "theirs>Dense"},
        {"module": "keras.layers", "class_name": "StringLookup", "registered_name": None},
        {"module": "keras.src.ops.core", "class_name": "Map", "registered_name": "Map"},
        {"module": "keras.src.ops.numpy", "class_name": "ndarray", "registered_name": None},
        {"module": "os", "class_name": "MonteCarloDropout", "registered_name": "gampen_tf>MonteCarloDropout"},
        {"module": "gampen_tf.layers", "class_name": "system", "registered_name": "gampen_tf>MonteCarloDropout"},
        {"module": "gampen_tf.layers", "class_name": "function", "registered_name": "gampen_tf>MonteCarloDropout"},
        {"module": None, "class_name": "__typespec__", "registered_name": None},
        {"module": "keras.layers", "class_name": ["Dense"], "registered_name": None},
    ],
)
def test_foreign_code_is_refused_wherever_it_hides(directory, foreign):
    def change(config):
        config["config"]["layers"][2]["config"]["kernel_initializer"] = {"config": {}, **foreign}

    rewrite(directory, change)
    with pytest.raises(ValueError, match="neither gampen_tf's nor one of Keras's own"):
        load_model(directory)


def test_bytecode_under_the_name_of_a_layer_never_runs(directory, monkeypatch):
    run = []
    monkeypatch.setattr(marshal, "loads", lambda *_: run.append("bytecode"))
    # as after keras.config.enable_unsafe_deserialization()
    monkeypatch.setattr(keras.src.saving.serialization_lib, "in_safe_mode", lambda: False)
    code = base64.b64encode(marshal.dumps((lambda *_: None).__code__)).decode()

    def change(config):
        config["config"]["layers"][2]["config"]["kernel_initializer"] = {
            "class_name": "__lambda__",
            "config": {"value": {"code": code, "defaults": None, "closure": None}},
            "registered_name": "gampen_tf>MonteCarloDropout",
            "module": "gampen_tf.layers.monte_carlo_dropout",
        }

    rewrite(directory, change)
    with pytest.raises(ValueError, match="could run foreign code"):
        load_model(directory)
    assert run == []


def test_an_archive_that_holds_more_than_a_network_is_refused(directory):
    with zipfile.ZipFile(directory / "model.keras", "a") as archive:
        archive.writestr("assets/words.txt", "a")
    with pytest.raises(ValueError, match="it holds .*words.txt"):
        refuse_foreign_code(directory / "model.keras")


def test_graphs_of_layers_and_operations_on_tensors_are_loaded(tmp_path):
    x = keras.Input((8, 8, 1))
    y = keras.layers.TimeDistributed(keras.layers.Dense(2, activation="gelu", kernel_regularizer="l2"))(x)
    y = keras.layers.Bidirectional(keras.layers.LSTM(3, return_sequences=True))(keras.layers.Reshape((8, 16))(y))
    y = keras.ops.tanh(y)[..., 0] * 2.0 + keras.ops.sum(keras.ops.einsum("bij->bi", y), axis=-1, keepdims=True)
    network = keras.Model(x, keras.Sequential([keras.layers.Dense(2)])(y))
    network.save(tmp_path / "network.keras")
    images = np.random.default_rng(1).normal(size=(3, 8, 8, 1)).astype("float32")
    np.testing.assert_array_equal(load_network(tmp_path / "network.keras")(images), network(images))


def test_every_name_on_the_list_is_a_class_of_keras():
    from gampen_tf.models import safe_loading

    for module, names in vars(safe_loading)["_ALLOWED"].items():
        if not module.startswith("keras.src"):
            where = keras
            for part in module.split(".")[1:]:
                where = getattr(where, part)
            assert [name for name in names.split() if not isinstance(getattr(where, name, None), type)] == [], module


def own_loss(labels, outputs):
    return keras.ops.square(labels - outputs)


@pytest.mark.parametrize("inner", [False, True])
def test_a_network_saved_with_its_optimiser_is_loaded_without(model, tmp_path, inner):
    network = small_network()
    if inner:
        images = keras.Input((15, 15, 1), name="images")
        network.compile("sgd", "huber")
        network = keras.Model(images, network(images))
    network.compile(keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(1e-3, 9)), own_loss)
    images, labels = np.zeros((4, 15, 15, 1), "float32"), np.zeros((4, 5), "float32")
    network.fit(images, labels, verbose=0)
    own = Model(network, model.scaler, model.stretch, (15, 15, 1), 0.168)
    loaded = load_model(own.save(tmp_path / "compiled"))
    np.testing.assert_array_equal(loaded.network(images), network(images))
    assert not loaded.network.compiled


def test_weights_that_are_not_numbers_are_refused(model, tmp_path):
    network = keras.models.clone_model(model.network)
    kernel = next(weight for weight in network.weights if weight.path.endswith("kernel"))
    kernel.assign(np.full(kernel.shape, np.nan))
    directory = Model(network, model.scaler, model.stretch, (15, 15, 1), 0.168).save(tmp_path / "failed")
    with pytest.raises(ValueError, match=r"model\.keras: weights of .*kernel are not finite"):
        load_model(directory)


def test_a_file_that_is_no_archive_is_refused(directory):
    (directory / "model.keras").write_bytes(b"\x80\x04not a zip")
    fit_hash(directory)
    with pytest.raises(ValueError, match=r"model\.keras: cannot be read \(BadZipFile"):
        load_model(directory)
