"""Monte Carlo dropout with numbered passes: masks that are functions of (seed, pass), the same for every image."""

import itertools
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from .keras_graph import nested_layers

__all__ = ["MonteCarloDropout", "dropout_layers", "monte_carlo", "numbered_dropout", "set_dropout_rate"]

# PyTorch has no arithmetic for uint32: there, the low half of int64.
_WORD = "int64" if keras.backend.backend() == "torch" else "uint32"
_LOW_HALF = 0xFFFFFFFF


@keras.saving.register_keras_serializable("gampen_tf")
class MonteCarloDropout(keras.layers.Layer):
    """Element-wise inverted dropout, in training and in numbered Monte Carlo passes.

    * ``training=True``: a mask of its own for every image and step.
    * otherwise, inside `monte_carlo`: the mask of pass *t* is a function of (seed, *t*, ``index``, feature) alone, the
      same on any device and backend and, unless asked otherwise, for all images. It is one draw ω_t of the weights
      (Gal & Ghahramani 2016; Ghosh et al. 2022, eq. 7), so a galaxy's posterior does not depend on its batch.
    * otherwise: the identity.

    The masks come from a counter-based hash of 32-bit words, not from a generator with a state. A feature is kept if
    its word is at least ``rate`` · 2³²: raising the rate drops more features and brings none back.

    Parameters
    ----------
    rate : float
        Fraction of features that are dropped, in [0, 1). Afterwards the float32 variable ``rate``, saved with the
        weights; `set_dropout_rate` changes it without another trace.
    index : int
        The layer's number in its network. Layers of one network must have different ones.
    seed : int, optional
        Of the masks in training; from Keras's global seed if not given.

    Call arguments
    --------------
    inputs : (N, …) float tensor
        Inside `monte_carlo` with T passes: N = T · B, pass by pass.
    training : bool
    """

    def __init__(self, rate, index=0, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.initial_rate = _checked_rate(rate)
        self.index = int(index)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True
        self._passes = None

    def build(self, input_shape):
        self.rate = self.add_weight(
            shape=(),
            dtype="float32",
            initializer=keras.initializers.Constant(self.initial_rate),
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
            name="rate",
        )

    def call(self, inputs, training=False):
        if training:
            images = ops.arange(ops.shape(inputs)[0], dtype="int32")
            keys = _absorb(self._training_key(), images)
            return inputs * self._mask(keys, inputs)
        if self._passes is None:
            return inputs
        return self._one_mask_a_pass(inputs, self._passes)

    def _training_key(self):
        first, second = ops.unstack(ops.cast(self.seed_generator.next(), _WORD), 2)
        return _absorb(_absorb(_absorb(_absorb(_word(0), first), second), _word(self.index)), _replica())

    def _one_mask_a_pass(self, inputs, passes):
        key = _absorb(_absorb(_absorb(_word(1), passes.seed_low), passes.seed_high), _word(self.index))
        keys = _absorb(key, passes.numbers)
        if passes.images is not None:
            keys = ops.reshape(_absorb(keys[:, None], passes.images), (-1,))
        elif passes.numbers.shape[0] != 1:
            n_passes = ops.shape(passes.numbers)[0]
            by_pass = ops.reshape(inputs, (n_passes, -1, *ops.shape(inputs)[1:]))
            masked = by_pass * self._mask(keys, inputs)[:, None]
            return ops.reshape(masked, (-1, *ops.shape(inputs)[1:]))
        return inputs * self._mask(keys, inputs)

    def _mask(self, keys, inputs):
        """(len(keys), …features) mask in the compute dtype: 0, or 1 / (1 − rate)."""
        *grid, channels = ops.shape(inputs)[1:]
        positions = 1
        for side in grid:
            positions = positions * side
        # One full hash a position and one a channel; the product of two odd random words mixes them with the fewest
        # operations on whole feature maps. Its upper bits, which decide, are uniform and independent.
        row = _scramble(_wrap(keys[:, None] + _scramble(_counter(positions)))) | _word(1)
        column = _scramble(_wrap(_counter(channels) + _word(0x9E3779B9)))
        column = _scramble(_scramble(keys)[:, None] ^ column) | _word(1)
        words = _wrap(row[:, :, None] * column[:, None, :])
        threshold = ops.cast(self.rate * 4294967296.0, _WORD)
        kept = ops.cast(1.0 / (1.0 - self.rate), inputs.dtype)
        mask = ops.where(words >= threshold, kept, ops.zeros_like(kept))
        return ops.reshape(mask, (-1, *grid, channels))

    def compute_output_shape(self, input_shape):
        return input_shape

    # Keras leaves the state of a seed generator out of what it saves; with it, training goes on with the masks that an
    # unbroken run would have drawn.
    def save_own_variables(self, store):
        store["rate"] = self.rate
        store["seed_state"] = self.seed_generator.state

    def load_own_variables(self, store):
        self.rate.assign(store["rate"])
        self.seed_generator.state.assign(store["seed_state"])

    def get_config(self):
        rate = float(ops.convert_to_numpy(self.rate)) if self.built else self.initial_rate
        return {**super().get_config(), "rate": rate, "index": self.index, "seed": self.seed}


def numbered_dropout(rate, dtype=None):
    """A function that applies one dropout layer after the other: ``dropout0``, ``dropout1``, …

    A layer's number is part of what seeds its masks.

    Parameters
    ----------
    rate : float
    dtype : str, optional
        Of the layers; by default that of what each is applied to.
    """
    numbers = itertools.count()

    def dropout(x):
        index = next(numbers)
        return MonteCarloDropout(rate, index=index, dtype=dtype or x.dtype, name=f"dropout{index}")(x)

    return dropout


def dropout_layers(model):
    """The `MonteCarloDropout` layers of a model, those of nested models included, as a list."""
    return [layer for layer in nested_layers(model) if isinstance(layer, MonteCarloDropout)]


def set_dropout_rate(model, rate):
    """Set the rate of every `MonteCarloDropout` layer of a model; what was traced or compiled stays valid."""
    rate = _checked_rate(rate)
    for layer in dropout_layers(model):
        layer.rate.assign(rate)


@contextmanager
def monte_carlo(model, seed, passes, images=None):
    """A context in which `model`, called with ``training=False``, makes numbered Monte Carlo passes.

    Inside a ``tf.function`` the context belongs to the trace: enter it in the traced function, with tensors for `seed`
    and `passes`, and new values need no new trace.

    Parameters
    ----------
    model : keras.Model
    seed : int or () int32 tensor
    passes : int or (T,) array or tensor of int32
        Numbers of the passes that the batch holds one after the other: rows 0 … B−1 of the input are the images of
        the first pass, B … 2 B−1 those of the second. An integer T stands for 0 … T−1.
    images : (B,) array or tensor of int32, optional
        Numbers of the images. If given, each image has masks of its own, which depend on its number too.

    Raises
    ------
    ValueError
        If two dropout layers have the same index: their masks would be the same.
    """
    layers = dropout_layers(model)
    indices = [layer.index for layer in layers]
    if len(set(indices)) < len(indices):
        raise ValueError(f"dropout layers of one network need different indices, found {indices} in {model.name!r}")
    before = [layer._passes for layer in layers]
    described = _describe_passes(seed, passes, images)
    _forget_compiled_prediction(model)
    try:
        for layer in layers:
            layer._passes = described
        yield model
    finally:
        for layer, old in zip(layers, before, strict=True):
            layer._passes = old
        _forget_compiled_prediction(model)


@dataclass(frozen=True)
class _Passes:
    seed_low: Any
    seed_high: Any
    numbers: Any
    images: Any


def _describe_passes(seed, passes, images):
    if isinstance(seed, (int, np.integer)):
        low, high = int(seed) & _LOW_HALF, (int(seed) >> 32) & _LOW_HALF
    else:
        low, high = seed, 0
    if isinstance(passes, (int, np.integer)):
        passes = np.arange(passes)
    return _Passes(_word(low), _word(high), _word(passes), None if images is None else _word(images))


def _forget_compiled_prediction(model):
    """`model.predict` keeps what it traced, with the context it was traced in."""
    if getattr(model, "predict_function", None) is not None:
        model.predict_function = None


def _checked_rate(rate):
    if not 0 <= rate < 1:
        raise ValueError(f"a dropout rate is at least 0 and below 1, found {rate}")
    return float(rate)


def _word(value):
    """Integers as 32-bit words; negative ones as their two's complement."""
    if isinstance(value, (int, list, np.ndarray, np.integer)):
        value = np.asarray(value).astype(np.int64) & _LOW_HALF
        return ops.convert_to_tensor(value.astype(_WORD))
    return _wrap(ops.cast(value, _WORD))


def _counter(n):
    return ops.cast(ops.arange(n, dtype="int32"), _WORD)


def _wrap(words):
    return words & _LOW_HALF if _WORD == "int64" else words


def _scramble(words):
    """A bijection of 32-bit words in which every input bit flips each output bit with probability one half.

    Two rounds of multiply and xor-shift with the constants of C. Wellons' ``lowbias32`` (public domain).
    """
    words = words ^ ops.right_shift(words, _word(16))
    words = _wrap(words * _word(0x7FEB352D))
    words = words ^ ops.right_shift(words, _word(15))
    words = _wrap(words * _word(0x846CA68B))
    return words ^ ops.right_shift(words, _word(16))


def _absorb(key, word):
    """A new key from a key and one more word; broadcasts."""
    return _scramble(_wrap(_scramble(key) + _word(0x9E3779B9)) ^ _word(word))


def _replica():
    """Number of this replica under a distribution strategy: replicas draw the same seed, but see other images."""
    if keras.backend.backend() != "tensorflow":
        return _word(0)
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    return _word(0) if context is None else _word(context.replica_id_in_sync_group)
