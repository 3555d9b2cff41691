"""Fitting of a model's domain limits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..inference.batches import labelled_batches
from ..inference.labelled import check_same_kind
from ..inference.measurements import with_progress
from ..inference.predictor import Predictor
from ..inference.replica import network_features
from ..models.combination import as_model
from ..models.hashes import weights_hash
from ..models.limits import DomainLimits, PredictedRange
from ..models.novelty import Novelty
from ..simulation.opening import as_dataset
from .saving import directory_to_save

if TYPE_CHECKING:
    from ..data.joined import DataLike
    from ..io.files import PathLike
    from ..models.model import Model

__all__ = ["fit_limits", "limits_of"]

_CHUNK = 1024


def limits_of(
    model,
    data,
    *,
    false_alarm=0.01,
    n_training=10_000,
    n_held_out=5000,
    passes=8,
    seed=0,
    batch_size=None,
    progress_bar=False,
) -> DomainLimits:
    """The domain limits that a model's training data set gives; nothing is written.

    Parameters
    ----------
    model : Model
    data : DataSet
        The training images set the distance, the validation images the limits.
    false_alarm : float, optional
    n_training, n_held_out : int, optional
        At most so many of either split, evenly over its length: of joined data sets, some of each.
    passes : int, optional
        For the medians: 8 by default, fewer than `gampen_tf.predict` makes, since a median needs few.
    seed, batch_size : optional
        As for `gampen_tf.predict`. The precision is always float32: distances between features are set in it.
    progress_bar : bool, optional
    """
    if not model.head.has_width:
        raise ValueError(f"model {model.name!r} has no Gaussian head: no limits for those")
    check_same_kind(model, data)
    training = _evenly(data.split("train"), n_training)
    held_out = _evenly(data.split("validation"), n_held_out)
    predictor = Predictor(
        replace(model, limits=None), seed=seed, passes=passes, batch_size=batch_size, precision="float32"
    )
    features = [_features(model, images) for images in labelled_batches(model, data, training, size=_CHUNK)]
    images = labelled_batches(model, data, held_out, size=predictor.engine.chunk_size)
    measured = list(with_progress(predictor.measured(images, keep_features=True), len(held_out), progress_bar))
    features_held_out = [part.passes.features[part.passes.n_passes > 0] for part in measured]
    posterior = predictor.posterior(measured, n_mc=1, recalibrate=False)
    # of many parameters each may be beyond its range by chance
    each = false_alarm / len(model.parameters)
    predicted = PredictedRange.fit(posterior.median(), false_alarm=each)
    novelty = Novelty.fit(np.concatenate(features), np.concatenate(features_held_out), seed=seed)
    return DomainLimits(novelty, predicted, float(false_alarm), weights_hash(model.network))


def fit_limits(
    model: Model | PathLike,
    data: DataLike,
    *,
    false_alarm: float = 0.01,
    n_training: int = 10_000,
    n_held_out: int = 5000,
    passes: int = 8,
    seed: int = 0,
    batch_size: int | None = None,
    save: bool = True,
    progress_bar: bool = True,
) -> DomainLimits:
    """Fit a model's domain limits and write them into it, for `gampen_tf.predict` to flag by.

    Parameters
    ----------
    model : str, path or Model
    data : path, DataSet or list of them
        What the model was trained on: see :func:`limits_of`, also for the other parameters.
    save : bool, optional
        Write a model that was given by its directory back there. A loaded one is changed in memory alone; one that
        ships is refused.
    progress_bar : bool, optional
    """
    directory, model = directory_to_save(model, save), as_model(model)
    model.limits = limits_of(
        model,
        as_dataset(data),
        false_alarm=false_alarm,
        n_training=n_training,
        n_held_out=n_held_out,
        passes=passes,
        seed=seed,
        batch_size=batch_size,
        progress_bar=progress_bar,
    )
    if directory is not None:
        model.limits.save(directory)
    return model.limits


def _evenly(rows, n):
    return rows if len(rows) <= n else rows[np.linspace(0, len(rows) - 1, n).astype(int)]


def _features(model, batch):
    """Features of the images of a batch that can be measured, (N, F)."""
    good = batch.flags.measurable
    return network_features(model, batch.images[good], beside={name: x[good] for name, x in batch.beside.items()})
