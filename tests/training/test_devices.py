"""Devices and the arithmetic of a training."""

import pytest
import tensorflow as tf

from gampen_tf.training import devices
from gampen_tf.training.devices import find_precision, find_strategy


def test_a_strategy_is_the_one_given_or_one_device():
    given = tf.distribute.OneDeviceStrategy("CPU:0")
    assert find_strategy(given) is given
    for word in ("auto", "none"):
        assert find_strategy(word).num_replicas_in_sync == 1
    with pytest.raises(ValueError, match="expected 'auto', 'none'"):
        find_strategy("mirrored")


@pytest.mark.parametrize(("is_fast", "expected"), [(True, "bfloat16"), (False, "float32")])
def test_the_precision_is_the_one_given_or_what_the_device_is_fast_in(monkeypatch, is_fast, expected):
    monkeypatch.setattr(devices, "bfloat16_is_fast", lambda: is_fast)
    assert find_precision("auto") == expected
    assert [find_precision(one) for one in ("float32", "bfloat16")] == ["float32", "bfloat16"]
    for one in ("mixed_bfloat16", "float16"):
        with pytest.raises(ValueError, match="expected 'auto', 'float32' or 'bfloat16'"):
            find_precision(one)
