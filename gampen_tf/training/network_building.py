"""New networks for training, with initial weights that are a function of a seed."""

from __future__ import annotations

import contextlib
import numbers
import random
from collections.abc import Iterator
from typing import Any, Literal

import keras
import tensorflow as tf

from .. import networks
from ..networks.precision import Precision, dtype_policy
from .devices import find_precision

__all__ = ["build_network", "checked_seed", "seeded"]

# Weights are float32 in both; bfloat16 is the type of what is computed with them.
_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


def build_network(
    name: str,
    image_shape: tuple[int, int, int],
    n_parameters: int,
    options: dict,
    seed: int,
    precision: Precision,
    strategy: tf.distribute.Strategy,
) -> tuple[keras.Model, Literal["float32", "bfloat16"]]:
    """Build a network by its name; also returns its precision, "float32" or "bfloat16"."""
    precision = find_precision(precision)
    with strategy.scope(), seeded(seed), dtype_policy(_POLICIES[precision]):
        return networks.build(name, image_shape, n_parameters, **options), precision


def checked_seed(seed: Any) -> int:
    """The seed of a training run, checked, as a Python integer.

    Raises
    ------
    ValueError
        Unless it is an integer of 0 or more.
    """
    if not isinstance(seed, numbers.Integral) or seed < 0:
        raise ValueError(f"seed {seed!r}; expected an integer of 0 or more")
    return int(seed)


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """A context within which new layers draw their initial weights as a function of `seed`."""
    # Keras draws the seeds of initialisers and random layers from Python's generator
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
