"""The fixed front of a network: what comes before its first weight, computed once for all epochs.

A network such as ``compact`` first shrinks its 239 × 239 frame to small views with fixed sums. Their result is kept
and the rest is trained on it: an epoch neither reads the images nor shrinks them again.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ..networks.parts import split_model
from .compressed_tensors import CompressedTensors, StoredTensors
from .drawn_pipeline import DrawnPipeline

__all__ = ["compute_front", "fit_normalisation", "fit_normalisation_on_kept", "split_front", "turns_with_image"]


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
    for layer in _normalisations(network, keep):
        before = keras.Model(network.inputs, layer.input)
        run = tf.function(lambda batch, before=before: before(batch, training=False), reduce_retracing=True)
        layer.adapt(np.concatenate([np.asarray(run(batch)) for batch in inputs()]))


def fit_normalisation_on_kept(network, front, kept, rows, keep=()):
    """The same as :func:`fit_normalisation`, where the inputs of the layers are outputs of a front that was kept.

    Parameters
    ----------
    network, front : keras.Model
    kept : CompressedTensors
    rows : (n,) int array
        The sample.
    keep : sequence of str, optional

    Returns
    -------
    bool
        False, and nothing is done, where a layer stands elsewhere.
    """
    places = {id(tensor): i for i, tensor in enumerate(front.outputs)}
    normalisations = _normalisations(network, keep)
    if any(id(layer.input) not in places for layer in normalisations):
        return False
    for layer in normalisations:
        layer.adapt(kept.read(places[id(layer.input)], rows))
    return True


def _normalisations(network, keep):
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.Normalization)]
    return [layer for layer in layers if layer.name not in keep]


def compute_front(front, pipeline, *, directory=None, name="front", data="", progress=None):
    """Compute the front's output for every image of a pipeline, in its order.

    It is kept in memory, or on disk where it takes more than a third of the machine's. That of galaxies which are drawn
    anew each time they are asked for is kept under `directory` in any case, and a run that was stopped goes on there.

    Parameters
    ----------
    front : keras.Model
    pipeline : ShardPipeline, TensorPipeline or DrawnPipeline
        Neither shuffled nor augmented.
    directory : path, optional
        Where to keep what the memory does not hold; the system's own for temporary files by default.
    name : str, optional
        Of the folder in `directory` for what is drawn.
    data : str, optional
        What the images are: what another text is kept with is computed anew.
    progress : callable, optional
        Called with the number of images done after each batch, and with those that were there.

    Returns
    -------
    CompressedTensors
    """
    shapes = [tuple(tensor.shape[1:]) for tensor in front.outputs]
    done = 0
    if directory is not None and isinstance(pipeline, DrawnPipeline):
        kept = StoredTensors(pipeline.n_images, shapes, Path(directory) / name, of=f"{data} {_graph_of(front)}")
        done, batches = kept.n_written, pipeline.epoch(first=kept.n_written)
        if progress is not None:
            progress(done)
    else:
        kept, batches = CompressedTensors(pipeline.n_images, shapes, directory), pipeline.epoch()
    run = tf.function(lambda inputs: front(inputs, training=False), reduce_retracing=True)
    for inputs, _ in batches:
        outputs = [np.asarray(x) for x in tf.nest.flatten(run(inputs))]
        kept.write(slice(done, done + len(outputs[0])), outputs)
        done += len(outputs[0])
        if progress is not None:
            progress(len(outputs[0]))
    return kept


def _graph_of(front):
    # Keras numbers what has no name of its own by how much of its kind was made in the process
    return hashlib.sha256(re.sub(r"_\d+(?=\W)", "", front.to_json()).encode()).hexdigest()


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
