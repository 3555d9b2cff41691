"""Batches of galaxies that are drawn when they are asked for: one pass, for what is kept of them."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from ..core.stretch import Stretch
from ..data.psf_stamps import with_unit_sum

__all__ = ["DrawnPipeline"]


class DrawnPipeline:
    """The galaxies of a `gampen_tf.simulation.DrawnDataSet` in order, each drawn once an epoch.

    Good for one pass: a network whose front has no weights keeps what that gives, and is trained on it.

    Parameters
    ----------
    dataset : DrawnDataSet
    indices : (N,) int array
    labels : (N, P) array
    batch_size : int
    beside : sequence of str, optional
        What the network takes beside each image, "psf" and "noise".
    stretch : Stretch, optional
    """

    def __init__(self, dataset, indices, labels, batch_size, *, beside=(), stretch=None):
        self._dataset, self._indices, self._labels = dataset, np.asarray(indices), np.asarray(labels, np.float32)
        self._batch_size, self._beside, self._stretch = batch_size, tuple(beside), stretch or Stretch("linear")
        self._noise = dataset.beside(["noise"], self._indices)["noise"] if "noise" in self._beside else None
        self.n_images = len(self._indices)

    @property
    def n_batches(self) -> int:
        return -(-self.n_images // self._batch_size)

    def epoch(self, epoch: int = 0, *, first: int = 0) -> tf.data.Dataset:
        """The batches from image `first` on: (images, labels), or ({"images": images, "psf": psfs, …}, labels)."""
        images = tf.TensorSpec((None, *self._dataset.image_shape), tf.float32)
        inputs: tf.TensorSpec | dict[str, tf.TensorSpec] = images
        if self._beside:
            shapes = {"psf": (*(self._dataset.psf_shape or ()), 1), "noise": (1,)}
            more = {name: tf.TensorSpec((None, *shapes[name]), tf.float32) for name in self._beside}
            inputs = {"images": images, **more}
        labels = tf.TensorSpec((None, self._labels.shape[1]), tf.float32)
        batches = tf.data.Dataset.from_generator(lambda: self._batches(first), output_signature=(inputs, labels))
        return batches.prefetch(2)

    def _batches(self, first):
        images, psfs = [], []
        for some_images, some_psfs in self._dataset.draw(self._indices[first:]):
            images.extend(some_images)
            psfs.extend([] if some_psfs is None else some_psfs)
            while len(images) >= self._batch_size or (images and first + len(images) == self.n_images):
                size = min(self._batch_size, len(images))
                yield self._batch(first, images[:size], psfs[:size])
                first, images, psfs = first + size, images[size:], psfs[size:]

    def _batch(self, first, images, psfs):
        rows = slice(first, first + len(images))
        inputs = {"images": self._stretch(np.stack(images)[..., None])}
        if "psf" in self._beside:
            inputs["psf"] = with_unit_sum(np.stack(psfs))[..., None]
        if "noise" in self._beside:
            inputs["noise"] = self._noise[rows]
        return (inputs if self._beside else inputs["images"]), self._labels[rows]
