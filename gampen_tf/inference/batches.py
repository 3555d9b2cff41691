"""Batches of images as a model takes them, with what it takes beside each, read ahead of their use."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..data.image_spec import ImageSpec
from ..data.labelled_images import LabelledImages
from ..data.reading import read_cutouts
from ..simulation.opening import open_dataset
from .beside import Beside, beside_images, network_inputs
from .flagging import Flags
from .given_maps import given_map
from .own_units import in_own_units
from .shipped_models import models_at

__all__ = [
    "Batch",
    "batches",
    "labelled_batches",
    "open_cutouts",
    "open_with_beside",
    "raw_batches",
]


_SMALLEST_SIDE = 64  # px, of the images of a scale-free model


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
        In the model's unit; NaN where one cannot be measured, and where a pixel is lost.
    flags : Flags
    beside : dict of str: (N, ...) array
        What the network takes beside the images, by name.
    units : (N, 2) array, optional
        Of a scale-free model alone: arcsec of a pixel, and noise of a pixel in the model's unit, in which the results
        and the images count lengths and light.
    raws : list of RawImage or Refusal, optional
        The images as they are in the source, where they were asked for.
    """

    part: int
    first: int
    images: np.ndarray
    flags: Flags
    beside: dict[str, np.ndarray] = field(default_factory=dict)
    units: np.ndarray | None = None
    raws: list | None = None


def batches(model, cutouts, beside=None, *, size, ranges=((0, None),)):
    """Generate images with their flags and what goes beside them; the next batch is read while one is used.

    Parameters
    ----------
    model : Model
    cutouts : Cutouts
    beside : Beside, optional
        Of the rows of the cutouts.
    size : int
        Images of a batch.
    ranges : sequence of (start, stop), optional
        Rows, all if not given; no batch crosses the end of a range, and an empty range has an empty batch.

    Yields
    ------
    Batch
    """
    return _ahead(_read(model, cutouts, beside or Beside(), size, ranges))


def _read(model, cutouts, beside, size, ranges):
    with_raws = "noise" in model.inputs_beside or model.scale_free
    for part, (start, stop) in enumerate(ranges):
        first, mask = start, beside.rows(start, stop).mask
        if start == stop:
            whole = [(*cutouts.read(start, stop), [])]
        else:
            whole = cutouts.batches(size, start=start, stop=stop, with_raws=with_raws, mask=mask)
        for images, bits, reasons, *raws in whole:
            flags, own = Flags(bits, reasons), beside.rows(first, first + len(images))
            inputs = network_inputs(model, own, images, flags, *raws, conversion=cutouts.conversion)
            units = in_own_units(images, flags, inputs, *raws, cutouts.conversion) if model.scale_free else None
            yield Batch(part, first, images, flags, inputs, units)
            first += len(images)


def raw_batches(cutouts, *, size):
    """Generate images as `batches` does, as they are in the source too, without what a network takes beside them.

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
        yield Batch(0, first, images, Flags(bits, reasons), raws=raws)
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
        beside = beside_images(model, len(rows), **_known_inputs(model, data, rows))
        own = {"pixel_scale": data.pixel_scale, "unit": data.pixel_unit} if model.scale_free else {}
        for batch in _read(model, open_cutouts(data.images(rows), model, **own), beside, size, [(0, None)]):
            yield replace(batch, first=first + batch.first)


def open_with_beside(images, model, *, psf=None, noise=None, mask=None, **given):
    """Images from anywhere with what is known beside them; a simulated data set brings what is not given.

    Parameters
    ----------
    images, model, **given
        As for `open_cutouts`.
    psf, noise, mask : optional
        As for `gampen_tf.predict`.

    Returns
    -------
    cutouts : gampen_tf.data.Cutouts
    beside : Beside
    """
    if isinstance(images, str | Path) and (Path(images) / "dataset.json").is_file():
        images = open_dataset(images)
    asked = {name: x for name, x in (("psf", psf), ("noise", noise), ("mask", mask)) if x is not None}
    asked = {name: given_map(name, x, images) for name, x in asked.items()}
    cutouts = open_cutouts(images, model, **given)
    known = _known_inputs(model, images, given=asked) if isinstance(images, LabelledImages) else {}
    return cutouts, beside_images(model, len(cutouts), **known, **asked)


def _known_inputs(model, data, rows=None, given=()):
    """What a labelled data set holds of that which a network takes beside the images, but for what was given."""
    known = {}
    for name, is_held, read in (
        ("psf", data.psf_shape is not None, data.psfs),
        ("noise", data.holds_noise, data.noise),
    ):
        takes = name in model.inputs_beside and name not in given
        # one that is needed and not held is an error of the reading
        if takes and (is_held or name not in model.optional_inputs):
            known[name] = read(rows)
    return known


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
    spec = ImageSpec(
        model.image_shape,
        None if model.scale_free else model.pixel_scale,
        model.pixel_unit,
        model.zero_point,
        model.name,
        fills_masked=model.fills_masked,
        models_at=models_at,
        smallest_side=_SMALLEST_SIDE if model.scale_free else None,
    )
    return read_cutouts(images, spec, **given)


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
