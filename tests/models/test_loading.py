"""A loaded model is the one that was saved."""

import contextlib
import json
from dataclasses import replace

import numpy as np
import pytest

from gampen_tf.models import DomainLimits, Novelty, PredictedRange, load_model, weights_hash
from gampen_tf.models.directory import read_description


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


@pytest.fixture(scope="module")
def limited(model, tmp_path_factory):
    """The directory of a model with domain limits."""
    rng = np.random.default_rng(2)
    novelty = Novelty.fit(rng.normal(size=(120, 3)), rng.normal(size=(120, 3)))
    limits = DomainLimits(novelty, PredictedRange.fit(rng.normal(size=(50, 2))), 0.01, weights_hash(model.network))
    return replace(model, limits=limits).save(tmp_path_factory.mktemp("limited") / "toy")


@pytest.mark.parametrize("name", ["model.json", "limits.json", "novelty.npz", "metrics.json", "model.keras"])
def test_damaged_files_are_named_by_one_kind_of_error(limited, tmp_path, name):
    """Cut short and changed by seed; a digit or a word may change unnoticed, nothing else happens but a ValueError."""
    content = (limited / name).read_bytes()
    for path in limited.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    n_refused, rng = 0, np.random.default_rng(11)
    for trial in range(12):
        damaged = bytearray(content)
        if trial % 4 == 0:
            del damaged[rng.integers(len(content)) :]
        else:
            for place in rng.integers(len(content), size=trial % 4):
                damaged[place] = rng.integers(256)
        (tmp_path / name).write_bytes(damaged)
        if name == "model.keras":  # with a digest that fits, what the archive holds is read
            trust(tmp_path)
        with contextlib.suppress(Refused), refusals_of(tmp_path):
            load_model(tmp_path)
            continue
        n_refused += 1
    assert n_refused >= 5


class Refused(Exception):
    pass


@contextlib.contextmanager
def refusals_of(directory):
    try:
        yield
    except ValueError as error:
        message = str(error)
    else:
        return
    assert message.startswith(str(directory))
    raise Refused


def trust(directory):
    from gampen_tf.io import sha256

    description = json.loads((directory / "model.json").read_text())
    description["sha256"] = sha256(directory / "model.keras")
    (directory / "model.json").write_text(json.dumps(description))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("scaler", {"mean": [0]}),
        ("stretch", "arcsinh"),
        ("image_shape", "15"),
        ("head", ["gaussian"]),
        ("pixel_scale", None),
        ("pixel_scale", -0.1),
        ("zero_point", "bright"),
        ("calibration", [1]),
        ("optional_inputs", 3),
    ],
)
def test_a_description_that_cannot_be_is_refused_by_its_file(directory, key, value):
    description = json.loads((directory / "model.json").read_text())
    (directory / "model.json").write_text(json.dumps(description | {key: value}))
    with pytest.raises(ValueError, match=r"model\.json: cannot be read"):
        load_model(directory)


def test_a_description_of_another_shape_is_refused(directory):
    for content in ("[]", "3", '{"format_version": 2, "kind": []}', "[" * 100_000):
        (directory / "model.json").write_text(content)
        with pytest.raises(ValueError, match=r"^\S*model\.json: "):
            read_description(directory)
