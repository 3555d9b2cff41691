"""Devices for training, and the precision that suits them."""

from __future__ import annotations

from typing import Literal

import tensorflow as tf

from ..networks.precision import Precision, bfloat16_is_fast

__all__ = ["find_precision", "find_strategy"]


def find_strategy(strategy: str | tf.distribute.Strategy) -> tf.distribute.Strategy:
    """A distribution strategy: the one given, or for "auto" all GPUs where there are several.

    Raises
    ------
    ValueError
        For anything but a strategy, "auto" and "none".
    """
    if isinstance(strategy, tf.distribute.Strategy):
        return strategy
    if strategy not in ("auto", "none"):
        raise ValueError(f"strategy {strategy!r}; expected 'auto', 'none' or a tf.distribute.Strategy")
    if strategy == "auto" and len(tf.config.list_logical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def find_precision(precision: Precision) -> Literal["float32", "bfloat16"]:
    """The precision given, or for "auto" the one that the device is fast in: "float32" or "bfloat16".

    Raises
    ------
    ValueError
        For another precision.
    """
    if precision == "auto":
        return "bfloat16" if bfloat16_is_fast() else "float32"
    if precision not in ("float32", "bfloat16"):
        raise ValueError(f"precision {precision!r}; expected 'auto', 'float32' or 'bfloat16'")
    return precision
