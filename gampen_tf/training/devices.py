"""Where a network is trained, in which arithmetic, and from which initial weights."""

from __future__ import annotations

import contextlib
import numbers
import random

import keras
import tensorflow as tf

from .. import networks
from ..networks.precision import bfloat16_is_fast

__all__ = ["build_network", "checked_seed", "find_strategy", "seeded"]


def build_network(name, image_shape, n_parameters, options, seed, precision, strategy):
    """A new network, its initial weights a function of `seed`, and the name of the dtype policy it computes in."""
    policy = _policy(precision)
    with strategy.scope(), seeded(seed), _dtype_policy(policy):
        return networks.build(name, image_shape, n_parameters, **options), policy


def checked_seed(seed):
    """The seed of a training run as Python's own integer; ValueError unless it is one of 0 or more."""
    if not isinstance(seed, numbers.Integral) or seed < 0:
        raise ValueError(f"seed {seed!r}; expected an integer of 0 or more")
    return int(seed)


def find_strategy(strategy):
    """A tf.distribute.Strategy: the one given, or for "auto" all GPUs where there are several."""
    if isinstance(strategy, tf.distribute.Strategy):
        return strategy
    if strategy not in ("auto", "none"):
        raise ValueError(f"strategy {strategy!r}; expected 'auto', 'none' or a tf.distribute.Strategy")
    if strategy == "auto" and len(tf.config.list_logical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def _policy(precision):
    if precision == "auto":
        return "mixed_bfloat16" if bfloat16_is_fast() else "float32"
    if precision not in ("float32", "mixed_bfloat16"):
        raise ValueError(f"precision {precision!r}; expected 'auto', 'float32' or 'mixed_bfloat16'")
    return precision


@contextlib.contextmanager
def seeded(seed):
    """Within it, new layers draw their initial weights as a function of `seed`."""
    # Keras draws the seeds of initialisers and random layers from Python's generator
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


@contextlib.contextmanager
def _dtype_policy(name):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
