"""Settings of a run, and its learning rate."""

import keras
import numpy as np
import pytest

from gampen_tf.layers import GaussianHead, PointHead
from gampen_tf.training import Preset, WarmupCosine


def test_warmup_and_cosine():
    rate = WarmupCosine(2.0, 110, warmup=10 / 110)
    rates = np.array([float(rate(i)) for i in range(110)])
    np.testing.assert_allclose(rates[:10], 2.0 * (np.arange(10) + 0.5) / 10, rtol=1e-5)
    np.testing.assert_allclose(rates[10:], 1 + np.cos(np.pi * (np.arange(100) + 0.5) / 100), atol=1e-5)
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(rate))
    assert float(restored(37)) == float(rate(37))


def test_the_head_is_that_of_the_objective():
    assert Preset().head == GaussianHead()
    assert [Preset(objective=one).head for one in ("huber", "mae", "mse")] == [PointHead()] * 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"objective": "likelihood"}, "objective 'likelihood'; expected one of"),
        ({"epochs": 0}, "epochs 0; expected a positive number"),
        ({"warmup": 1.0}, "warmup is a fraction of the steps"),
        ({"optimizer": "sgd", "weight_decay": 0.1}, "for 'sgd' give l2"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Preset(**settings)
