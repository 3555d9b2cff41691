"""The fixed front of a network: what comes before its first weight, computed once for all epochs.

A network such as ``compact`` first shrinks its 239 × 239 frame to small views with fixed sums. Their result is kept
and the rest is trained on it: an epoch neither reads the images nor shrinks them again.
"""

from __future__ import annotations

import os
import tempfile
from functools import partial

import keras
import numpy as np
import tensorflow as tf

from ..networks.parts import split_model

__all__ = ["CompressedTensors", "compute_front", "fit_normalisation", "split_front", "turns_with_image"]

# Of the machine's memory, for what is kept of one split.
_LARGEST_SHARE = 1 / 3


def split_front(network):
    """Split a network into its front, without weights or randomness, and the rest; None where the front is empty.

    Returns
    -------
    (keras.Model, keras.Model) or None
    """
    front, back = split_model(network, lambda layer: bool(layer.variables))
    boundary = {id(tensor) for tensor in front.outputs}
    return None if boundary <= {id(tensor) for tensor in front.inputs} else (front, back)


def turns_with_image(front, rtol=1e-3):
    """Whether a front commutes with turns and mirror images: the eight symmetries of the square.

    Found by trying them on asymmetric images: outputs of four dimensions must turn alike, others stay. An input that
    is no image, such as the noise, stays too.
    Where it holds, kept fronts can be augmented as images are.
    """
    rng = np.random.default_rng(20)
    shapes = [tuple(tensor.shape[1:]) for tensor in front.inputs]
    if any(len(shape) == 3 and shape[0] != shape[1] for shape in shapes):
        return False
    inputs = [
        _asymmetric_image(shape, rng) if len(shape) == 3 else rng.uniform(1.0, 2.0, shape).astype(np.float32)
        for shape in shapes
    ]
    upright = _outputs(front, [x[None] for x in inputs])
    for n_quarters in range(4):
        for mirrored in (False, True):
            turned = _outputs(front, [(_turn(x, n_quarters, mirrored) if x.ndim == 3 else x)[None] for x in inputs])
            for plain, found in zip(upright, turned, strict=True):
                expected = _turn(plain[0], n_quarters, mirrored) if plain.ndim == 4 else plain[0]
                if expected.shape != found[0].shape:
                    return False
                if np.max(np.abs(expected - found[0])) > rtol * np.max(np.abs(plain)):
                    return False
    return True


def fit_normalisation(network, inputs, keep=()):
    """Fit each ``keras.layers.Normalization`` of a network to the mean and variance of its input.

    Parameters
    ----------
    network : keras.Model
        Its normalisations stand before any weight, so that their input does not change in training.
    inputs : callable
        Gives an iterable of batches of the network's inputs, a sample of the training images.
    keep : sequence of str, optional
        Names of layers whose mean and variance were loaded, and stay.
    """
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.Normalization)]
    for layer in [layer for layer in layers if layer.name not in keep]:
        before = keras.Model(network.inputs, layer.input)
        run = tf.function(lambda batch, before=before: before(batch, training=False), reduce_retracing=True)
        layer.adapt(np.concatenate([np.asarray(run(batch)) for batch in inputs()]))


class CompressedTensors:
    """Rows of tensors, images among them in half the memory.

    Images are kept as float16, each divided by a power of two of its own that brings its pixels into float16's
    range: to 11 bits a pixel, rounded independently. Tensors of fewer than four dimensions keep float32.

    Parameters
    ----------
    n_rows : int
    shapes : list of tuple
        Of one row of each tensor.
    directory : path, optional
        Keep them in nameless files there, where they are too many for the memory: the operating system reads what is
        needed and frees the space in the end.
    """

    def __init__(self, n_rows, shapes, directory=None):
        dtypes = [np.dtype(np.float16 if len(shape) == 3 else np.float32) for shape in shapes]
        new = _aligned if directory is None else partial(_on_disk, directory)
        self.values = [new((n_rows, *shape), dtype) for shape, dtype in zip(shapes, dtypes, strict=True)]
        self.scales = [np.ones(n_rows, np.float32) for _ in shapes]

    def write(self, rows, tensors):
        """Keep `tensors` as the rows of the slice `rows`."""
        for values, scales, tensor in zip(self.values, self.scales, tensors, strict=True):
            if values.dtype == np.float16:
                peak = np.max(np.abs(tensor), axis=(1, 2, 3))
                scales[rows] = np.exp2(np.ceil(np.log2(np.maximum(peak, 1e-30) / 32768.0)).clip(-20, 100))
                tensor = tensor / scales[rows, None, None, None]
            values[rows] = tensor


def compute_front(front, pipeline, *, directory=None, progress=None):
    """Compute the front's output for every image of a pipeline, in its order.

    It is kept in memory, or on disk where it takes more than a third of the machine's.

    Parameters
    ----------
    front : keras.Model
    pipeline : ShardPipeline or TensorPipeline
        Neither shuffled nor augmented.
    directory : path, optional
        Where to keep what the memory does not hold; the system's own for temporary files by default.
    progress : callable, optional
        Called with the number of images done after each batch.

    Returns
    -------
    CompressedTensors
    """
    shapes = [tuple(tensor.shape[1:]) for tensor in front.outputs]
    n_bytes = pipeline.n_images * sum(2 * int(np.prod(shape)) for shape in shapes)
    too_large = n_bytes > _LARGEST_SHARE * _memory_bytes()
    kept = CompressedTensors(pipeline.n_images, shapes, (directory or tempfile.gettempdir()) if too_large else None)
    run = tf.function(lambda inputs: front(inputs, training=False), reduce_retracing=True)
    done = 0
    for inputs, _ in pipeline.epoch():
        outputs = [np.asarray(x) for x in tf.nest.flatten(run(inputs))]
        kept.write(slice(done, done + len(outputs[0])), outputs)
        done += len(outputs[0])
        if progress is not None:
            progress(len(outputs[0]))
    return kept


def _aligned(shape, dtype):
    # at a multiple of 64 bytes, so that TensorFlow can use it without a copy
    n_bytes = int(np.prod(shape)) * dtype.itemsize
    raw = np.empty(n_bytes + 64, np.uint8)
    first = -raw.ctypes.data % 64
    return raw[first : first + n_bytes].view(dtype).reshape(shape)


def _on_disk(directory, shape, dtype):
    n_bytes = int(np.prod(shape)) * dtype.itemsize
    with tempfile.TemporaryFile(dir=directory) as file:
        if hasattr(os, "posix_fallocate"):
            # a full disk is an error here rather than a crash when the pages are written
            os.posix_fallocate(file.fileno(), 0, n_bytes)
        return np.memmap(file, dtype, "r+", shape=shape)


def _memory_bytes():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _outputs(front, inputs):
    named = {tensor.name: x for tensor, x in zip(front.inputs, inputs, strict=True)}
    outputs = front(inputs[0] if len(inputs) == 1 else named)
    return [np.asarray(x, np.float64) for x in tf.nest.flatten(outputs)]


def _asymmetric_image(shape, rng):
    height, width, _ = shape
    y, x = np.mgrid[:height, :width]
    blob = np.exp(-(((x - 0.53 * width) / (0.2 * width)) ** 2) - ((y - 0.46 * height) / (0.1 * height)) ** 2)
    return (100.0 * blob[..., None] + rng.normal(size=shape)).astype(np.float32)


def _turn(image, n_quarters, mirrored):
    image = np.rot90(image, n_quarters)
    return np.ascontiguousarray(image[:, ::-1] if mirrored else image)
