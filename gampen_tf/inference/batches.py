"""Batches of images as a model takes them, each with its PSF, read ahead of their use."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..core.flags import Flag
from ..data.dataset import open_dataset
from ..data.image_spec import ImageSpec
from ..data.labelled_images import LabelledImages
from ..data.reading import read_cutouts
from .flagging import Flags

__all__ = ["Batch", "batches", "checked_psf", "open_cutouts", "own_psf", "psf_of_each"]


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
    """

    part: int
    first: int
    images: np.ndarray
    flags: Flags
    psf: np.ndarray | None


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


def own_psf(images: Any) -> np.ndarray | None:
    """The PSFs of a simulated data set, opened or given by its folder; None of anything else."""
    if isinstance(images, str | Path) and (Path(images) / "dataset.json").is_file():
        images = open_dataset(images)
    return images.psfs() if isinstance(images, LabelledImages) and images.psf_shape else None


def open_cutouts(images, model, **given):
    """Images from anywhere, as `model` takes them.

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
