"""A network on one device, cut at its first dropout, with compiled functions that run either part."""

from __future__ import annotations

import os
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ..layers.monte_carlo_dropout import MonteCarloDropout, dropout_layers, monte_carlo
from ..networks.parts import feature_network, split_model
from ..networks.precision import in_bfloat16, in_float32
from .tensor_float import full_float32

__all__ = ["Replica", "network_features", "padded_length"]


def network_features(model, images, *, beside=None, batch_size=64):
    """Features of images without dropout, the same for every call.

    Parameters
    ----------
    model : Model
    images : (N, H, W, C) array
        In the model's unit.
    beside : dict of str: (N, ...) array, optional
        What the network takes beside them, by name.
    batch_size : int, optional
        Images of one call; results do not depend on it but for rounding.

    Returns
    -------
    (N, F) float32 array
    """
    kept = model.compiled.get("features")
    if kept is None or kept.network is not model.network:
        kept = model.compiled["features"] = _FeatureFunction(model.network)
    parts = [np.zeros((0, kept.n_features), np.float32)]
    for start in range(0, len(images), batch_size):
        rows = slice(start, start + batch_size)
        more = {name: np.asarray(x[rows], np.float32) for name, x in (beside or {}).items()}
        inputs = {"images": model.prepare(images[rows]), **more}
        with full_float32():
            parts.append(np.asarray(kept(inputs), np.float32))
    return np.concatenate(parts)


class _FeatureFunction:
    """Features of a network's inputs. It reads the network's own variables: weights may change."""

    def __init__(self, network):
        self.network = network
        features = feature_network(network)
        self.n_features = features.output_shape[-1]
        self._names = [tensor.name for tensor in network.inputs]

        def run(*inputs):
            return features(_one_or_all(inputs), training=False)

        self._run = _TracedOnce(run, *(tf.TensorSpec(tensor.shape, tf.float32) for tensor in network.inputs))

    def __call__(self, inputs):
        return self._run(*(tf.convert_to_tensor(inputs[name], tf.float32) for name in self._names))


class _TracedOnce:
    """A function of tensors, traced when it is first called and never again.

    `tf.function` counts the traces of a Python function over all its copies, and warns of the fifth as if one network
    were traced five times. Each network has copies of its own here, and one trace of each.
    """

    def __init__(self, function, *signature):
        self._function = tf.function(function, autograph=False, input_signature=signature)
        self._traced = None

    def __call__(self, *tensors):
        if self._traced is None:
            self._traced = self._function.get_concrete_function()
        return self._traced(*tensors)


_MAX_ROWS = {"CPU": 64, "GPU": 512}
_MAX_CHUNK = 1024


class Replica:
    """A network on one device, in two parts: what no dropout precedes, and the rest.

    Parameters
    ----------
    network : keras.Model
    precision : {"float32", "bfloat16"}
    device : str
    alone : bool
        Whether the network's own weights may be used; each of several devices needs a copy of them.
    """

    def __init__(self, network, precision, device, alone):
        self.device = device
        with tf.device(device):
            if not alone:
                original, network = network, keras.models.clone_model(network)
                network.set_weights(original.get_weights())
            if precision == "float32":
                network = in_float32(network)
            self.front, self.back = split_model(network, lambda layer: isinstance(layer, MonteCarloDropout))
            if precision == "bfloat16":
                self.back = in_bfloat16(self.back)
        self.n_outputs = self.back.outputs[0].shape[-1]
        # One trace of each, for any number of images and passes.
        boundary = _specification(keras.tree.flatten(self.back.input))
        number = tf.TensorSpec((), tf.int32)
        numbers = tf.TensorSpec((None,), tf.int32)
        self._front = _TracedOnce(lambda inputs: self.front(inputs, training=False), _specification(self.front.input))
        self._one = _TracedOnce(self._one_pass, boundary, number, number)
        self._several = _TracedOnce(self._several_passes, boundary, number, numbers)
        self._plain = _TracedOnce(self._run_back, boundary)
        self._boundary, self._features = boundary, None

    @property
    def is_deterministic(self):
        """Whether every pass is the same: no dropout, or rates of 0."""
        return not any(float(layer.rate) for layer in dropout_layers(self.back))

    def check(self, inputs):
        """Refuse inputs (arrays by name) that are not those of the network."""
        expected = {tensor.name: tuple(tensor.shape[1:]) for tensor in self.front.inputs}
        if set(inputs) != set(expected):
            raise ValueError(f"the network takes {sorted(expected)}, found {sorted(inputs)}")
        for name, array in inputs.items():
            if array.shape[1:] != expected[name]:
                raise ValueError(
                    f"{name}: expected shape (N, {', '.join(map(str, expected[name]))}), found {array.shape}"
                )

    def boundary(self, inputs, batch_size):
        """Boundary tensors of all images, the front's outputs."""
        parts = []
        types = [tensor.dtype for tensor in keras.tree.flatten(self.back.input)]
        with tf.device(self.device):
            for start in range(0, len(inputs["images"]), batch_size):
                part = {name: array[start : start + batch_size] for name, array in inputs.items()}
                n_images = len(part["images"])
                padded = {name: _pad(array, padded_length(n_images)) for name, array in part.items()}
                inputs_of_front = keras.tree.map_structure(
                    lambda x, p=padded: tf.convert_to_tensor(p[x.name], x.dtype), self.front.input
                )
                outputs = self._front(inputs_of_front)
                parts.append(
                    [
                        tf.cast(tensor[:n_images], dtype)
                        for tensor, dtype in zip(keras.tree.flatten(outputs), types, strict=True)
                    ]
                )
            return [tf.concat(tensors, 0) if len(tensors) > 1 else tensors[0] for tensors in zip(*parts, strict=True)]

    def passes(self, boundary, rows, n_together, seed, start, stop):
        """Outputs (B, stop − start, K) of passes `start` to `stop` over some rows of the boundary.

        Parameters
        ----------
        boundary : list of tensors
        rows : (B,) int array
        n_together : int
            Passes of one call.
        seed, start, stop : int
        """
        padded = _pad(rows, padded_length(len(rows)))
        seed = tf.constant(seed % 2**31, tf.int32)
        outputs = []
        with tf.device(self.device):
            tensors = [tf.gather(tensor, padded) for tensor in boundary]
            for first in range(start, stop, n_together):
                if n_together == 1:
                    outputs.append(self._one(tensors, seed, tf.constant(first, tf.int32))[None])
                else:
                    # the last pass is repeated where they do not come out even
                    numbers = np.minimum(np.arange(first, first + n_together), stop - 1)
                    outputs.append(self._several(tensors, seed, tf.constant(numbers, tf.int32)))
        outputs = np.concatenate([np.asarray(output) for output in outputs])[: stop - start, : len(rows)]
        return np.swapaxes(outputs, 0, 1)

    def without_dropout(self, boundary, rows):
        """Outputs (B, 1, K) of the network without dropout over some rows of the boundary."""
        padded = _pad(rows, padded_length(len(rows)))
        with tf.device(self.device):
            outputs = self._plain([tf.gather(tensor, padded) for tensor in boundary])
        return np.asarray(outputs)[: len(rows), None]

    def features(self, boundary, batch_size):
        """Inputs of the last layer with weights, without dropout: (N, F) float32, of all rows of the boundary."""
        if self._features is None:
            network = feature_network(self.back)

            def run(tensors):
                return tf.cast(network(_one_or_all(tensors), training=False), tf.float32)

            self._features = _TracedOnce(run, self._boundary)
        parts, n_images = [], int(boundary[0].shape[0])
        with tf.device(self.device):
            for start in range(0, n_images, batch_size):
                rows = np.arange(start, min(start + batch_size, n_images))
                tensors = [tf.gather(tensor, _pad(rows, padded_length(len(rows)))) for tensor in boundary]
                parts.append(np.asarray(self._features(tensors))[: len(rows)])
        return np.concatenate(parts)

    def _one_pass(self, boundary, seed, number):
        with monte_carlo(self.back, seed, number[None]):
            return self._run_back(boundary)

    def _several_passes(self, boundary, seed, numbers):
        n_passes, n_images = tf.shape(numbers)[0], tf.shape(boundary[0])[0]
        repeated = [
            tf.reshape(tf.repeat(tensor[None], n_passes, axis=0), (-1, *tensor.shape[1:])) for tensor in boundary
        ]
        with monte_carlo(self.back, seed, numbers):
            return tf.reshape(self._run_back(repeated), (n_passes, n_images, self.n_outputs))

    def _run_back(self, boundary):
        outputs = self.back(_one_or_all(boundary), training=False)
        return tf.cast(outputs, tf.float32)

    def largest_batch(self):
        """Rows of one call that fit easily in the free memory, a power of two."""
        if "GPU" in self.device:
            return _MAX_ROWS["GPU"]
        # a layer holds its input, its output and a mask or scratch space at a time
        tensors = [tensor for layer in self.back.layers for tensor in keras.tree.flatten(layer.output)]
        n_rows = int(0.25 * _available_memory() / (4 * max(map(_n_bytes, tensors))))
        return 1 << (min(max(n_rows, 1), _MAX_ROWS["CPU"]).bit_length() - 1)

    def largest_chunk(self, batch_size):
        """Images whose pixels and boundary take a sixteenth of the free memory, a whole number of batches."""
        per_image = sum(map(_n_bytes, [*keras.tree.flatten(self.back.input), *self.front.inputs]))
        n_images = min(int(0.0625 * _available_memory() / per_image), _MAX_CHUNK)
        return max(1, n_images // batch_size) * batch_size


def padded_length(n):
    """The next power of two: few shapes, so that the kernels prepared for a shape are met again."""
    return 1 << (n - 1).bit_length()


def _one_or_all(tensors):
    return tensors if len(tensors) > 1 else tensors[0]


def _specification(tensors):
    return keras.tree.map_structure(lambda tensor: tf.TensorSpec(tensor.shape, tensor.dtype), tensors)


def _pad(array, length):
    """The first row repeated at the end, up to a length."""
    if len(array) == length:
        return array
    return np.concatenate([array, np.broadcast_to(array[:1], (length - len(array), *array.shape[1:]))])


def _n_bytes(tensor):
    """Bytes of one row of a symbolic tensor."""
    return (2 if tensor.dtype == "bfloat16" else 4) * int(np.prod([side or 1 for side in tensor.shape[1:]]))


def _available_memory():
    """Bytes of memory that this process may still take."""
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    information = Path("/proc/meminfo")
    if information.exists():
        lines = dict(line.split(":", 1) for line in information.read_text(encoding="utf-8").splitlines())
        available = int(lines["MemAvailable"].split()[0]) * 1024
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.exists() and used.exists() and limit.read_text(encoding="utf-8").strip() != "max":
        available = min(available, int(limit.read_text(encoding="utf-8")) - int(used.read_text(encoding="utf-8")))
    return max(available, 0)
