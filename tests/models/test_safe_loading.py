"""Networks that name foreign code are not loaded."""

import json
import zipfile

import keras
import pytest

from gampen_tf.models import Model, load_model


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
