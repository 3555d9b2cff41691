"""Passes and features in full float32, whatever TensorFlow does by default."""

import numpy as np
import pytest
import tensorflow as tf
from toy_inputs import galaxies, told_model

from gampen_tf.inference import Predictor, replica
from gampen_tf.inference.tensor_float import full_float32

enabled = tf.config.experimental.tensor_float_32_execution_enabled


@pytest.mark.parametrize("before", [True, False])
def test_the_setting_is_what_it_was_after_an_error_too(before):
    default = enabled()
    tf.config.experimental.enable_tensor_float_32_execution(before)
    try:
        with full_float32():
            assert not enabled()
        with pytest.raises(KeyError), full_float32():
            raise KeyError
        assert enabled() == before
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(default)


def test_passes_and_features_are_computed_without_tf32(monkeypatch):
    seen = []
    for name in ("boundary", "passes", "features"):
        method = getattr(replica.Replica, name)

        def spied(self, *args, _method=method, _name=name):
            seen.append((_name, enabled()))
            return _method(self, *args)

        monkeypatch.setattr(replica.Replica, name, spied)
    predictor = Predictor(told_model(), passes=2)
    images = galaxies(3)[..., None]
    beside = {"psf": np.zeros((3, 5, 5, 1), np.float32), "noise": np.ones((3, 1), np.float32)}
    predictor.engine.run(predictor.model.prepare(images), passes=2, beside=beside, features=True)
    assert {name for name, _ in seen} == {"boundary", "passes", "features"}
    assert not any(on for _, on in seen)
