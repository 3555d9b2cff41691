"""Batches of images as a model takes them, each with its PSF, read ahead of their use."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..core.flags import Flag
from ..data.dataset import open_dataset
from ..data.image_spec import ImageSpec
from ..data.labelled_images import LabelledImages
from ..data.reading import read_cutouts
from .flagging import Flags

__all__ = [
    "Batch",
    "batches",
    "checked_psf",
    "labelled_batches",
    "open_cutouts",
    "open_with_psf",
    "psf_of_each",
    "raw_batches",
]


@dataclass(frozen=True)
class Batch:
    """Images of neighbouring rows, as they were read.

    Attributes
    ----------
    part : int
        Which of the ranges of rows that were asked for.
    first : int
        Row of the first image.
    images : (N, H, W, C) array
        In the model's unit; NaN where one cannot be measured.
    flags : Flags
    psf : (N, h, w, 1) array or None
    raws : list of RawImage or Refusal, optional
        The images as they are in the source, where they were asked for.
    """

    part: int
    first: int
    images: np.ndarray
    flags: Flags
    psf: np.ndarray | None
    raws: list | None = None


def batches(model, cutouts, psf=None, *, size, ranges=((0, None),), first_psf=0):
    """Generate images with their flags and PSFs, in order; the next batch is read while one is used.

    Parameters
    ----------
    model : Model
    cutouts : Cutouts
    psf : (h, w) or (N, h, w) array, optional
        For all images, or of each row from `first_psf` on.
    size : int
        Images of a batch.
    ranges : sequence of (start, stop), optional
        Rows, all if not given; no batch crosses the end of a range, and an empty range has an empty batch.
    first_psf : int, optional

    Yields
    ------
    Batch
    """
    return _ahead(_read(model, cutouts, psf, size, ranges, first_psf))


def _read(model, cutouts, psf, size, ranges, first_psf):
    for part, (start, stop) in enumerate(ranges):
        first = start
        whole = cutouts.batches(size, start=start, stop=stop) if start != stop else [cutouts.read(start, stop)]
        for images, bits, reasons in whole:
            row = first - first_psf
            own = psf if psf is None or psf.ndim == 2 else psf[row : row + len(images)]
            flags, own = Flags(bits, reasons), psf_of_each(model, own, len(images))
            if own is not None:
                # a network might make something of its NaN
                broken = ~np.isfinite(own).all(axis=(1, 2, 3))
                flags.set(broken, Flag.NOT_MEASURED, "the PSF is not finite or has no positive sum")
            yield Batch(part, first, images, flags, own)
            first += len(images)


def raw_batches(cutouts, *, size):
    """Generate images as `batches` does, without PSFs, and with what they are in the source beside them.

    Parameters
    ----------
    cutouts : Cutouts
    size : int
        Images of a batch.

    Yields
    ------
    Batch
        With its `raws`.
    """
    return _ahead(_read_raws(cutouts, size))


def _read_raws(cutouts, size):
    first = 0
    for images, bits, reasons, raws in cutouts.batches(size, with_raws=True):
        yield Batch(0, first, images, Flags(bits, reasons), None, raws)
        first += len(images)


def labelled_batches(model, data, indices, *, size):
    """Generate images of a labelled data set as `batches` does, from its files a batch at a time.

    Parameters
    ----------
    model : Model
    data : DataSet
    indices : (N,) int array
        Which images of the data set.
    size : int
        Images of a batch.

    Yields
    ------
    Batch
        Whose `first` counts from the start of `indices`.
    """
    return _ahead(_read_labelled(model, data, indices, size))


def _read_labelled(model, data, indices, size):
    for first in range(0, len(indices), size):
        rows = indices[first : first + size]
        psf = data.psfs(rows) if model.psf_shape else None
        for batch in _read(model, open_cutouts(data.images(rows), model), psf, size, [(0, None)], 0):
            yield replace(batch, first=first + batch.first)


def open_with_psf(images, model, psf=None, **given):
    """Images from anywhere with their PSFs, those of a simulated data set if none are given.

    Parameters
    ----------
    images, model, **given
        As for `open_cutouts`.
    psf : (h, w) or (N, h, w) array, optional

    Returns
    -------
    cutouts : gampen_tf.data.Cutouts
    psf : (h, w) or (N, h, w) array, or None
        As given, or as the data set has it; None for a model that takes none.
    """
    if isinstance(images, str | Path) and (Path(images) / "dataset.json").is_file():
        images = open_dataset(images)
    cutouts = open_cutouts(images, model, **given)
    if psf is None and model.psf_shape and isinstance(images, LabelledImages) and images.psf_shape:
        psf = images.psfs()
    return cutouts, checked_psf(model, psf, len(cutouts))


def open_cutouts(images, model, **given):
    """Images from anywhere, as a model takes them.

    Parameters
    ----------
    images
        Anything that `gampen_tf.predict` takes.
    model : Model
    **given
        Of the images, see :func:`gampen_tf.data.read_cutouts`: ``pixel_scale``, ``unit``, ``zero_point``, ``pad``, ….

    Returns
    -------
    gampen_tf.data.Cutouts
    """
    spec = ImageSpec(model.image_shape, model.pixel_scale, model.pixel_unit, model.zero_point, model.name)
    return read_cutouts(images, spec, **given)


def psf_of_each(model, psf, n_images):
    """PSFs (N, h, w, 1) float32 of sum 1 for a model's network, or None where it takes none.

    One of many that has no positive sum becomes NaN, and its galaxy is flagged as not measured.

    Raises
    ------
    ValueError
        If the model takes PSFs and there is none, or the other way round, or the shape is wrong, or the one PSF for
        all images has no positive sum.
    """
    psf = checked_psf(model, psf, n_images)
    if psf is None:
        return None
    total = np.sum(psf, axis=(-2, -1), keepdims=True, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        psf = np.where(np.isfinite(total) & (total > 0), psf / total, np.nan).astype(np.float32)
    return np.broadcast_to(psf, (n_images, *model.psf_shape))[..., None]


def checked_psf(model, psf: ArrayLike | None, n_images: int) -> np.ndarray | None:
    """PSFs as they were given, (h, w) or (N, h, w), if a model can take them; errors as of `psf_of_each`."""
    expected, name = model.psf_shape, model.name
    if (psf is None) != (expected is None):
        raise ValueError(
            f"model {name!r} takes no PSF; leave psf out"
            if expected is None
            else f"model {name!r} takes the PSF: give psf as an array of shape {expected} for all "
            f"images, or {('N', *expected)} for each"
        )
    if psf is None:
        return None
    if isinstance(psf, str | Path):
        raise ValueError(f"psf: expected an array, found the path {str(psf)!r}; astropy.io.fits.getdata reads it")
    psf = np.asarray(psf)
    if psf.shape not in (expected, (n_images, *expected)):
        raise ValueError(f"psf: expected shape {expected} or {(n_images, *expected)}, found {psf.shape}")
    if psf.ndim == 2 and not (np.isfinite(np.sum(psf)) and np.sum(psf) > 0):
        raise ValueError(f"psf: expected an image with a positive sum, found {np.sum(psf)}")
    return psf


def _ahead(items):
    """The items of an iterator, one of which is prepared in a thread while another is used."""
    waiting, stopped, end = queue.Queue(1), threading.Event(), object()

    def put(item):
        while not stopped.is_set():
            try:
                return waiting.put(item, timeout=0.1)
            except queue.Full:
                continue

    def read():
        try:
            for item in items:
                put((item, None))
                if stopped.is_set():
                    return
            put((end, None))
        except BaseException as error:  # raised again where the items are used
            put((end, error))

    thread = threading.Thread(target=read, name="reading ahead", daemon=True)
    thread.start()
    try:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is end:
                return
            yield item
    finally:
        stopped.set()
        thread.join()
