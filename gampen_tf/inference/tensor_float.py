"""Products in full float32 on GPUs, which TensorFlow leaves to TF32 unasked."""

from contextlib import contextmanager

import tensorflow as tf

__all__ = ["full_float32"]


@contextmanager
def full_float32():
    """A context within which products of float32 numbers keep all their bits.

    TF32 rounds the factors to 11 bits. A flux is measured to a thousandth: dense layers of rounded features would move
    posteriors by more than they are wide.
    """
    was_enabled = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(was_enabled)
