"""Cutouts read in batches by threads, the next batch while one is used."""

from __future__ import annotations

import itertools
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..core.flags import Flag
from .conversion import ImageConversion
from .image_source import ImageSource, RawImage
from .lost_pixels import words_of_loss
from .refusal import Refusal
from .sources import StreamSource

__all__ = ["Cutouts"]

_BLOCK = 32  # images that one thread reads at a time
_PROBES = 16  # images that are looked at before a run starts
_SYSTEMATIC = Flag.WRONG_PIXEL_SCALE | Flag.WRONG_UNIT | Flag.WRONG_SHAPE


class Cutouts:
    """Images of one source, checked and in a model's unit. Made by :func:`gampen_tf.data.read_cutouts`.

    Nothing is read before it is asked for, and nothing is kept: memory depends on the batch size alone.

    Attributes
    ----------
    names : list of str
        Path, table identifier or number of each image.
    conversion : ImageConversion
        What the images are checked against, and how they are converted.
    """

    def __init__(self, source: ImageSource, conversion: ImageConversion):
        self._source = source
        self._names = None
        self.conversion = conversion

    def __len__(self):
        return len(self._source)

    @property
    def names(self):
        if self._names is None:
            self._names = self._checked_names()
        return self._names

    def rename(self, names):
        """Give the images the names that they have in a larger source, of which this one is a part."""
        if len(names) != len(self):
            raise ValueError(f"{len(names)} names for {len(self)} images")
        self._names = list(names)

    @property
    def images(self):
        """All images, (N, H, W, C) float32; NaN where one cannot be measured."""
        return self.read(0, None)[0]

    def read(self, start, stop):
        """Images ``start`` … ``stop`` (None: the end) at once; what :meth:`batches` gives, in one batch."""
        size = max(len(range(*slice(start, stop).indices(len(self)))), 1)
        for batch in self.batches(size, start=start, stop=stop):
            return batch
        return np.empty((0, *self.conversion.spec.image_shape), np.float32), np.empty(0, np.int64), []

    def batches(self, batch_size, *, start=0, stop=None, workers=2, with_raws=False, mask=None):
        """Generate images in order, the next batch being read by threads while one is used.

        Parameters
        ----------
        batch_size : int
            The last batch may be smaller.
        start, stop : int, optional
            Only these images.
        workers : int, optional
            Number of threads.
        with_raws : bool, optional
            Give the images as they are in the source too.
        mask : (H, W) or (n, H, W) bool array, or MapFiles, optional
            True where a pixel is bad, in place of the images' own masks: of all images, or of each from `start` on.

        Yields
        ------
        images : (b, H, W, C) float32 array
            In the model's unit; all NaN for an image that cannot be measured, else NaN where a pixel is lost.
        flags : (b,) int64 array
            Bits of :class:`gampen_tf.core.Flag`.
        reasons : list of str
            What is wrong, or how much is lost, for reading; empty where nothing is.
        raws : list of RawImage or Refusal
            With `with_raws` alone.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        if isinstance(self._source, StreamSource):
            yield from self._stream_batches(batch_size, start, stop, with_raws, mask)
            return
        stop = len(self) if stop is None else min(stop, len(self))
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="cutouts") as pool:
            try:
                waiting = None
                for first in range(start, stop, batch_size):
                    own = mask if mask is None or mask.ndim == 2 else mask[first - start :]
                    submitted = self._submit(pool, first, min(first + batch_size, stop), workers, with_raws, own)
                    if waiting is not None:
                        yield self._finished(waiting, with_raws)
                    waiting = submitted
                if waiting is not None:
                    yield self._finished(waiting, with_raws)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def check(self):
        """Refuse a source whose images are wrong all in the same way: pixel scale or unit.

        Looks at all images of a small source and at some, evenly spread, of a large one.

        Raises
        ------
        ValueError
            Naming the first of them.
        """
        if isinstance(self._source, StreamSource) or not len(self):
            return
        spread = np.unique(np.linspace(0, len(self) - 1, min(len(self), _PROBES)).round().astype(int))
        wrong = None
        for index in spread.tolist():
            _, flag, reason = self._one(self._raws_of(index, index + 1)[0])
            if flag & _SYSTEMATIC and wrong is None:
                wrong = f"{self.names[index]}: {reason}"
            if not flag & (_SYSTEMATIC | Flag.UNREADABLE):
                return
        if wrong is not None:
            many = "" if len(self) == 1 else f" (So are all {len(spread)} images looked at, of {len(self)}.)"
            raise ValueError(wrong + many)

    # ---------------------------------------------------------------------------------------------------------------

    def _checked_names(self):
        names = self._source.names
        names = names if isinstance(names, list) else list(names)
        where = f"{type(self._source).__name__}.names"
        if len(names) != len(self):
            raise ValueError(f"{where}: expected {len(self)} names, one for each image, found {len(names)}")
        for name in names:
            if not isinstance(name, str):
                raise TypeError(f"{where}: expected strings, found {name!r}; give them as text, by str(name)")
        return names

    def _one(self, raw, mask=None, row=0):
        try:
            if isinstance(raw, Refusal):
                raise raw
            image, flag = self.conversion.accept(raw, mask if mask is None or mask.ndim == 2 else mask[row])
        except Refusal as refusal:
            return np.float32(np.nan), int(refusal.flag), refusal.reason
        return image, flag, words_of_loss(np.isnan(image).any(axis=2)) if flag & Flag.FILLED_PIXELS else ""

    def _submit(self, pool, start, stop, workers, with_raws, mask):
        batch = (
            np.empty((stop - start, *self.conversion.spec.image_shape), np.float32),
            np.zeros(stop - start, np.int64),
            [""] * (stop - start),
            [None] * (stop - start) if with_raws else None,
        )
        block = min(_BLOCK, math.ceil((stop - start) / workers))
        jobs = [
            pool.submit(self._fill, batch, start, first, min(first + block, stop), mask)
            for first in range(start, stop, block)
        ]
        return batch, jobs

    def _fill(self, batch, offset, first, last, mask):
        for index, raw in enumerate(self._raws_of(first, last), first - offset):
            batch[0][index], batch[1][index], batch[2][index] = self._one(raw, mask, index)
            if batch[3] is not None:
                batch[3][index] = raw

    def _raws_of(self, first, last):
        raws = self._source.read(first, last)
        call = f"{type(self._source).__name__}.read({first}, {last})"
        if not hasattr(raws, "__len__"):
            raise TypeError(f"{call} gave {type(raws).__name__}, expected a list of {last - first} images")
        if len(raws) != last - first:
            raise ValueError(
                f"{call} gave {len(raws)} images, expected {last - first}; "
                "one that cannot be read is a gampen_tf.data.Refusal in its place"
            )
        for index, raw in enumerate(raws, first):
            if not isinstance(raw, RawImage | Refusal):
                raise TypeError(
                    f"{call} gave {type(raw).__name__} for image {index}, expected a gampen_tf.data.RawImage or "
                    "Refusal; wrap the pixels (h, w, bands): RawImage(pixels, unit=..., pixel_scale=(x, y))"
                )
        return raws

    @staticmethod
    def _finished(submitted, with_raws):
        batch, jobs = submitted
        for job in jobs:
            job.result()
        return batch if with_raws else batch[:3]

    def _stream_batches(self, batch_size, start, stop, with_raws, mask):
        raws = itertools.islice(self._source.images(), start, stop)
        done = 0
        while chunk := list(itertools.islice(raws, batch_size)):
            found = [self._one(raw, mask, done + index) for index, raw in enumerate(chunk)]
            done += len(chunk)
            images = np.empty((len(found), *self.conversion.spec.image_shape), np.float32)
            for row, (image, _, _) in zip(images, found, strict=True):
                row[:] = image
            read = images, np.array([flag for _, flag, _ in found], np.int64), [reason for _, _, reason in found]
            yield (*read, chunk) if with_raws else read
