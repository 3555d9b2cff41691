"""Settings of a run, and its learning rate."""

import keras
import numpy as np

from gampen_tf.training import (
    WarmupCosine,
)


def test_warmup_and_cosine():
    rate = WarmupCosine(2.0, 110, warmup=10 / 110)
    rates = np.array([float(rate(i)) for i in range(110)])
    np.testing.assert_allclose(rates[:10], 2.0 * (np.arange(10) + 0.5) / 10, rtol=1e-5)
    np.testing.assert_allclose(rates[10:], 1 + np.cos(np.pi * (np.arange(100) + 0.5) / 100), atol=1e-5)
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(rate))
    assert float(restored(37)) == float(rate(37))
