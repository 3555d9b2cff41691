import json
import shutil
import zipfile

import keras
import numpy as np
import pytest
from toy_data import small_network

from gampen_tf.core import LabelScaler, Parameter, ParameterSet, Stretch
from gampen_tf.io import locations as resources
from gampen_tf.models import FORMAT_VERSIONS, Model, list_models, load_model, read_description

PARAMETERS = ParameterSet(
    [Parameter("bulge_to_total", "", (0, 1), "logit", 0.01), Parameter("flux", "nJy", (0, np.inf), "log")]
)


@pytest.fixture(scope="module")
def model():
    return Model(
        network=small_network(),
        scaler=LabelScaler(PARAMETERS, [0.1, 13.0], [2.0, 1.0]),
        stretch=Stretch("arcsinh", 1.6),
        image_shape=(15, 15, 1),
        pixel_scale=0.168,
        band="g",
        provenance={"recipe": {"pixels": 15}, "seed": np.int64(3), "history": [{"loss": np.float32(0.5)}]},
        calibration={"temperature": [1.0, 1.1]},
        metrics={"validation_loss": -1.25},
        name="toy",
    )


@pytest.fixture
def directory(model, tmp_path):
    return model.save(tmp_path / "toy")


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


def test_what_is_loaded_is_what_was_saved(model, directory, rng):
    loaded = load_model(directory)
    pixels = rng.normal(0, 100, (4, 15, 15, 1)).astype(np.float32)
    np.testing.assert_array_equal(loaded.network(loaded.prepare(pixels)), model.network(model.prepare(pixels)))
    values = np.array([[0.0, 1e3], [0.4, 2e5]])
    np.testing.assert_array_equal(loaded.scaler.transform(values), model.scaler.transform(values))
    assert loaded.parameters == model.parameters
    assert loaded.describe() == json.loads(json.dumps(model.describe(), default=float))
    assert loaded.metrics == model.metrics
    assert "bulge_to_total" in loaded.card


def test_dropout_survives_saving(directory, rng):
    loaded = load_model(directory)
    x = rng.normal(size=(200, 15, 15, 1)).astype(np.float32)
    assert not np.allclose(loaded.network(x, training=True), loaded.network(x))
    assert float(loaded.network.get_layer("dropout0").rate) == pytest.approx(0.05)


def test_preparing_is_the_stretch_and_checks_the_shape(model):
    pixels = np.linspace(-5, 1e4, 225, dtype=np.float32).reshape(1, 15, 15)
    np.testing.assert_allclose(model.prepare(pixels)[0, ..., 0], np.arcsinh(pixels[0] / 1.6), rtol=1e-6)
    with pytest.raises(ValueError, match=r"'toy' takes images of shape \(15, 15, 1\), found \(15, 16, 1\)"):
        model.prepare(np.zeros((2, 15, 16, 1)))


def test_saving_again_replaces_and_leaves_nothing_behind(model, directory):
    (directory / "log.csv").write_text("mine")
    model.save(directory)
    assert sorted(path.name for path in directory.iterdir()) == [
        "README.md",
        "log.csv",
        "metrics.json",
        "model.json",
        "model.keras",
    ]


@pytest.mark.parametrize("damage", ["changed", "truncated"])
def test_changed_weights_are_refused(directory, damage):
    path = directory / "model.keras"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content[:-100] if damage == "truncated" else content)
    with pytest.raises(ValueError, match=r"model\.keras: changed or truncated; model\.json expects sha256"):
        load_model(directory)


def test_missing_weights_and_damaged_descriptions_are_refused(directory):
    (directory / "model.keras").unlink()
    with pytest.raises(ValueError, match=r"model\.keras: not there"):
        load_model(directory)
    (directory / "model.json").write_text('{"format_version": 1, "sca')
    with pytest.raises(ValueError, match=r"model\.json: not valid JSON"):
        load_model(directory)
    (directory / "model.json").write_text("{}")
    with pytest.raises(ValueError, match="no format_version"):
        load_model(directory)


@pytest.mark.parametrize("lost", ["scaler", "sha256", "zero_point"])
def test_an_incomplete_description_is_refused(directory, lost):
    description = json.loads((directory / "model.json").read_text())
    del description[lost]
    (directory / "model.json").write_text(json.dumps(description))
    with pytest.raises(ValueError, match=rf"model\.json: without {lost}"):
        load_model(directory)


def test_a_newer_format_is_refused(directory):
    description = json.loads((directory / "model.json").read_text())
    description["format_version"] = FORMAT_VERSIONS["posterior"] + 1
    (directory / "model.json").write_text(json.dumps(description))
    with pytest.raises(ValueError, match="install a newer gampen_tf"):
        read_description(directory)


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
    ],
)
def test_foreign_code_is_refused_wherever_it_hides(directory, foreign):
    def change(config):
        config["config"]["layers"][2]["config"]["kernel_initializer"] = {"config": {}, **foreign}

    rewrite(directory, change)
    with pytest.raises(ValueError, match="neither gampen_tf's nor one of Keras's own"):
        load_model(directory)


def test_a_file_that_is_no_archive_is_refused(directory):
    (directory / "model.keras").write_bytes(b"\x80\x04not a zip")
    fit_hash(directory)
    with pytest.raises(ValueError, match="not a Keras model file"):
        load_model(directory)


def test_models_are_found_by_name(directory, tmp_path, monkeypatch):
    room = tmp_path / "room" / "models"
    room.mkdir(parents=True)
    shutil.copytree(directory, room / "deep")
    monkeypatch.setattr(resources, "_room", lambda kind: room.parent / kind)
    assert list_models() == ["deep"]
    assert load_model("deep").name == "deep"
    with pytest.raises(FileNotFoundError, match="no model named 'shallow'.* are: deep"):
        load_model("shallow")
    with pytest.raises(FileNotFoundError, match="holds no finished model"):
        load_model(tmp_path / "room")


def test_a_head_of_another_size_is_refused(model):
    with pytest.raises(ValueError, match=r"of 1 parameters \(flux\) has 2 outputs; the network has 5"):
        Model(
            model.network,
            LabelScaler(ParameterSet(PARAMETERS[1:]), [0.0], [1.0]),
            model.stretch,
            (15, 15, 1),
            0.168,
        )
    with pytest.raises(ValueError, match="expected one of"):
        Model(model.network, model.scaler, model.stretch, (15, 15, 1), 0.168, head="mixture")
