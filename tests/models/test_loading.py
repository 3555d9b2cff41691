"""A loaded model is the one that was saved."""

import json

import numpy as np
import pytest

from gampen_tf.models import load_model


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
