"""Fitting of a model's domain limits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..data.joined import as_dataset
from ..inference.batches import batches
from ..inference.labelled import check_same_kind, labelled_cutouts, labelled_posterior
from ..inference.predictor import Predictor
from ..inference.replica import network_features
from ..models.combination import as_model
from ..models.limits import DomainLimits, PredictedRange
from ..models.model import weights_hash
from ..models.novelty import Novelty
from .saving import directory_to_save

if TYPE_CHECKING:
    from ..data.joined import DataLike
    from ..models.combination import ModelLike

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
        For the medians, which need few.
    seed : int, optional
    progress_bar : bool, optional
    """
    if not model.head.has_width:
        raise ValueError(f"model {model.name!r} has no Gaussian head: no limits for those")
    check_same_kind(model, data)
    training = _evenly(data.split("train"), n_training)
    held_out = _evenly(data.split("validation"), n_held_out)
    features = [_features(model, data, rows) for rows in (training, held_out)]
    predictor = Predictor(replace(model, limits=None), seed=seed, passes=passes, precision="float32")
    found = labelled_posterior(predictor, data, indices=held_out, recalibrate=False, n_mc=1, progress_bar=progress_bar)
    # of many parameters each may be beyond its range by chance
    each = false_alarm / len(model.parameters)
    predicted = PredictedRange.fit(found.posterior.median(), false_alarm=each)
    return DomainLimits(Novelty.fit(*features, seed=seed), predicted, float(false_alarm), weights_hash(model.network))


def fit_limits(
    model: ModelLike,
    data: DataLike,
    *,
    false_alarm: float = 0.01,
    n_training: int = 10_000,
    n_held_out: int = 5000,
    passes: int = 8,
    seed: int = 0,
    save: bool = True,
    progress_bar: bool = True,
) -> DomainLimits:
    """Fit a model's domain limits and write them into it, for `gampen_tf.predict` to flag by.

    Parameters
    ----------
    model : str, path or Model, or list of them
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
        progress_bar=progress_bar,
    )
    if directory is not None:
        model.limits.save(directory)
    return model.limits


def _evenly(rows, n):
    return rows if len(rows) <= n else rows[np.linspace(0, len(rows) - 1, n).astype(int)]


def _features(model, data, rows):
    """Features of the images that can be measured, (N, F)."""
    parts = []
    for cutouts, psf in labelled_cutouts(model, data, rows, _CHUNK):
        for batch in batches(model, cutouts, psf, size=_CHUNK):
            good = batch.flags.measurable
            own = None if batch.psf is None else batch.psf[good]
            parts.append(network_features(model, batch.images[good], psf=own))
    return np.concatenate(parts)
