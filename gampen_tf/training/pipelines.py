"""Batches for training from a data set: tf.data pipelines without Python in the loop.

An epoch is a function of (data, seed, epoch) alone: the order of the galaxies and every random flip, turn and shift
come from counter-based seeds, so that a resumed run gets the same batches in epoch 7 as an unbroken one.

Two sources give the same batches.  *Arrays* in memory are shuffled perfectly, by a permutation.  *Shards* on disk (raw
little-endian float32 records) are read in parallel, in a shuffled order of shards, and mixed in a buffer; they are read
as fast as the disk gives them and need no more memory than the buffer.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from ..core.stretch import Stretch
from ..simulation.drawn import DrawnDataSet
from .drawn_pipeline import DrawnPipeline

__all__ = ["ShardPipeline", "TensorPipeline", "make_pipeline"]

_SHUFFLE_BUFFER_BYTES = 256 * 2**20
_N_SHARDS_AT_ONCE = 8


class TensorPipeline:
    """Batches of arrays in memory, such as images or the output of a network's front.

    Parameters
    ----------
    tensors : sequence of (N, …) arrays
        Of any floating type; batches are float32.
    labels : (N, P) array
    batch_size : int
        Of all devices together.
    shuffle : bool
        Another order each epoch, a function of (seed, epoch).
    seed : int
    stretch : callable, optional
        Applied to the first tensor of a batch.
    scales : sequence of (N,) arrays, optional
        Each row of a tensor is multiplied by its scale, see
        :class:`gampen_tf.training.compressed_tensors.CompressedTensors`.
    augment : gampen_tf.training.Augmentation, optional
    drop_remainder : bool
        Leave out the last batch where it is not full, so that all have one shape.
    names : sequence of str, optional
        Of the tensors: batches hold a dict then, as a network with several inputs takes them.
    """

    def __init__(
        self,
        tensors,
        labels,
        batch_size,
        *,
        shuffle=False,
        seed=0,
        stretch=None,
        scales=None,
        augment=None,
        drop_remainder=False,
        names=None,
    ):
        with tf.device("CPU"):
            # a float16 tensor makes TensorFlow print an error on CPUs without such arithmetic; its bits do not
            self._tensors = tuple(_tensor_of(x.view(np.int16) if x.dtype == np.float16 else x) for x in tensors)
            self._scales = scales and tuple(tf.convert_to_tensor(x, tf.float32) for x in scales)
            self._labels = tf.convert_to_tensor(labels, tf.float32)
        self._shuffle, self._seed, self._augment = shuffle, seed, augment
        self._stretch = stretch or Stretch("linear")
        self._batch_size, self._drop_remainder, self._names = batch_size, drop_remainder, names
        self.n_images = len(labels)

    @property
    def n_batches(self) -> int:
        return _n_batches(self.n_images, self._batch_size, self._drop_remainder)

    def epoch(self, epoch=0) -> tf.data.Dataset:
        """The batches of an epoch: (tensors, labels), where a single tensor comes without its tuple."""
        rows = tf.data.Dataset.from_tensor_slices(_order(self.n_images, self._shuffle, self._seed, epoch))
        rows = rows.batch(self._batch_size, drop_remainder=self._drop_remainder)
        rows = rows.map(self._gather, num_parallel_calls=tf.data.AUTOTUNE)
        return _finished(rows, self._augment, self._seed, epoch, self._names)

    def _gather(self, row):
        batch = [tf.gather(x, row) for x in self._tensors]
        batch = [tf.cast(tf.bitcast(x, tf.float16) if x.dtype == tf.int16 else x, tf.float32) for x in batch]
        if self._scales:
            scales = [tf.gather(x, row) for x in self._scales]
            batch = [x * tf.reshape(s, (-1, *[1] * (x.shape.rank - 1))) for x, s in zip(batch, scales, strict=True)]
        first, *others = batch
        return (self._stretch(first), *others), tf.gather(self._labels, row)


class ShardPipeline:
    """Batches of images read from shards on disk, in each epoch again.

    Parameters
    ----------
    paths : sequence of paths
        Files of raw little-endian float32 records, one image each.
    image_shape : (H, W, C)
    labels : (N, P) array
        In the order of the records of all the files.
    batch_size : int
    beside : dict of str: (N, …) array, optional
        More inputs of the network by name, held in memory (PSFs, noise).
    shuffle, seed, stretch, augment, drop_remainder
        As in :class:`TensorPipeline`; the order is mixed within a buffer of some hundred megabytes.

    Raises
    ------
    ValueError
        If the files do not hold as many whole records as there are labels.
    """

    def __init__(
        self,
        paths,
        image_shape,
        labels,
        batch_size,
        *,
        beside=None,
        shuffle=False,
        seed=0,
        stretch=None,
        augment=None,
        drop_remainder=False,
    ):
        self._shape, self._paths = tuple(image_shape), [Path(path) for path in paths]
        self._record_bytes = 4 * int(np.prod(self._shape))
        self._records = _record_counts(self._paths, self._record_bytes, len(labels))
        with tf.device("CPU"):
            self._beside = {name: tf.convert_to_tensor(x, tf.float32) for name, x in (beside or {}).items()}
            self._labels = tf.convert_to_tensor(labels, tf.float32)
        self._shuffle, self._seed, self._augment = shuffle, seed, augment
        self._stretch = stretch or Stretch("linear")
        self._batch_size, self._drop_remainder = batch_size, drop_remainder
        self.n_images = len(labels)

    @property
    def n_batches(self) -> int:
        return _n_batches(self.n_images, self._batch_size, self._drop_remainder)

    def epoch(self, epoch=0) -> tf.data.Dataset:
        """The batches of an epoch: (images, labels), or with more inputs ({"images": images, …}, labels)."""
        rows = self._rows(epoch).batch(self._batch_size, drop_remainder=self._drop_remainder)
        rows = rows.map(self._decode, num_parallel_calls=tf.data.AUTOTUNE)
        names = ("images", *self._beside) if self._beside else None
        return _finished(rows, self._augment, self._seed, epoch, names)

    def _rows(self, epoch):
        # (raw record, its row among the labels)
        starts = np.concatenate([[0], np.cumsum(self._records)[:-1]])
        order = _order(len(self._paths), self._shuffle, self._seed, epoch)
        shards = tf.data.Dataset.from_tensor_slices(
            ([str(self._paths[i]) for i in order], starts[order], np.asarray(self._records)[order])
        )

        def read(path, start, n_records):
            images = tf.data.FixedLengthRecordDataset(path, self._record_bytes, buffer_size=8 * 2**20)
            return tf.data.Dataset.zip((images, tf.data.Dataset.range(start, start + n_records)))

        rows = shards.interleave(
            read,
            cycle_length=_N_SHARDS_AT_ONCE if self._shuffle else 1,
            block_length=4,
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )
        if not self._shuffle:
            return rows
        buffer_size = min(max(64, _SHUFFLE_BUFFER_BYTES // self._record_bytes), self.n_images)
        return rows.shuffle(buffer_size, seed=_stream(self._seed, 2, epoch))

    def _decode(self, raw, row):
        images = tf.reshape(tf.io.decode_raw(raw, tf.float32), (-1, *self._shape))
        beside = [tf.gather(x, row) for x in self._beside.values()]
        return (self._stretch(images), *beside), tf.gather(self._labels, row)


def make_pipeline(dataset, split, scaler, stretch, batch_size, *, beside=(), **options):
    """The pipeline of a split of a data set.

    Parameters
    ----------
    dataset : DataSet
        What :func:`gampen_tf.open_dataset` returns. One with shards is read from them; FITS files and tables are read
        into memory; a `DrawnDataSet` is drawn, for one pass in order.
    split : {"train", "validation", "test"}
    scaler : LabelScaler
        Labels are its standardised ones; NaN where a parameter is not known.
    stretch : Stretch
    batch_size : int
    beside : sequence of str
        What the network takes beside each image, "psf" and "noise": see `LabelledImages.beside`.
    **options
        `shuffle`, `seed`, `augment`, `drop_remainder`, as in :class:`TensorPipeline`.

    Returns
    -------
    ShardPipeline, TensorPipeline or DrawnPipeline
        Its ``epoch(i)`` is a tf.data.Dataset of (images, labels): (B, H, W, C) and (B, P) float32; with inputs beside
        the images, of ({"images": images, "psf": psfs, …}, labels).

    Raises
    ------
    ValueError
        If the split is empty, the data set does not hold an input that is asked for, or its images are drawn and wanted
        more than once.
    """
    indices = np.asarray(dataset.split(split))
    if len(indices) == 0:
        raise ValueError(f"the data set has no images in its split {split!r}")
    labels = scaler.transform(dataset.truth(scaler.parameters.names)[indices])
    if isinstance(dataset, DrawnDataSet):
        if options.get("shuffle") or options.get("augment"):
            raise ValueError(
                f"{dataset.path}: its galaxies are drawn anew each time they are read, which is for networks that keep "
                "what no weight precedes; simulate the data set to train on its images"
            )
        return DrawnPipeline(dataset, indices, labels, batch_size, beside=beside, stretch=stretch)
    more = dataset.beside(beside, indices)
    if dataset.format == "shards":
        options["beside"] = more
        paths = dataset.shard_paths(split)
        return ShardPipeline(paths, dataset.image_shape, labels, batch_size, stretch=stretch, **options)
    names = ("images", *more) if more else None
    tensors = (dataset.images(indices), *more.values())
    return TensorPipeline(tensors, labels, batch_size, stretch=stretch, names=names, **options)


def _n_batches(n_images, batch_size, drop_remainder):
    return n_images // batch_size if drop_remainder else -(-n_images // batch_size)


def _finished(batches, augment, seed, epoch, names):
    if augment is not None:
        stream = tf.constant(_stream(seed, 1, epoch), tf.int64)

        def augmented(i, batch):
            tensors, labels = batch
            return augment(tensors, tf.stack([stream, i])), augment.labels(labels, tf.stack([stream, i]))

        batches = batches.enumerate().map(augmented, num_parallel_calls=tf.data.AUTOTUNE)
    if names is not None:
        batches = batches.map(lambda tensors, labels: (dict(zip(names, tensors, strict=True)), labels))
    else:
        batches = batches.map(lambda tensors, labels: (tensors[0] if len(tensors) == 1 else tensors, labels))
    return batches.prefetch(tf.data.AUTOTUNE)


def _stream(seed, *counters):
    # 64 bits that differ for every (seed, counters); the order of an epoch and its augmentation are independent
    return int(np.random.SeedSequence([seed, *counters]).generate_state(1, np.uint64)[0] >> 2)


def _order(n_rows, shuffle, seed, epoch):
    if not shuffle:
        return np.arange(n_rows)
    return np.random.Generator(np.random.Philox(_stream(seed, 0, epoch))).permutation(n_rows)


def _record_counts(paths, record_bytes, n_expected):
    counts = []
    for path in paths:
        n_records, rest = divmod(path.stat().st_size, record_bytes)
        if rest:
            raise ValueError(
                f"{path}: {path.stat().st_size} bytes are not a whole number of records of {record_bytes} bytes: the "
                "file is truncated or of another data set; simulate it again"
            )
        counts.append(n_records)
    if sum(counts) != n_expected:
        raise ValueError(
            f"{paths[0].parent}: the shards hold {sum(counts)} images, the catalogue's split {n_expected}; "
            "finish or repeat the simulation"
        )
    return counts


def _tensor_of(array):
    # tf.constant holds two more copies of a large array; one that TensorFlow can use as it lies is shared
    if array.flags.c_contiguous and array.flags.writeable and array.ctypes.data % 64 == 0:
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    return tf.convert_to_tensor(array)
