"""New networks: weights by seed, arithmetic by precision."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from gampen_tf.training.network_building import build_network, checked_seed

pytestmark = pytest.mark.usefixtures("registered")


def built(seed, precision="float32"):
    strategy = tf.distribute.get_strategy()
    return build_network("small", (15, 15, 1), 2, {}, seed, precision, strategy)


def test_initial_weights_are_a_function_of_the_seed():
    state = random.getstate()
    kernels = [built(seed)[0].get_layer("hidden").kernel.numpy() for seed in (3, 3, 4)]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])
    assert random.getstate() == state


def test_bfloat16_is_for_what_is_computed_and_not_for_weights():
    network, precision = built(3, "bfloat16")
    assert precision == "bfloat16"
    assert network.get_layer("convolution").compute_dtype == "bfloat16"
    assert {weight.dtype for weight in network.trainable_weights} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("seed", [-1, 0.5, "1", None])
def test_seeds_are_integers_of_zero_or_more(seed):
    with pytest.raises(ValueError, match="expected an integer of 0 or more"):
        checked_seed(seed)


def test_numpys_seeds_become_pythons():
    assert type(checked_seed(np.int64(3))) is int
