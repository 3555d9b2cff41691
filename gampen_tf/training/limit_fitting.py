"""Fitting of a model's domain limits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..data.joined import as_dataset
from ..inference.predictor import Measurement
from ..inference.replica import network_features
from ..layers.heads import mixture_parameters
from ..models.combination import as_model
from ..models.limits import PredictedRange, TrustLimits
from ..models.model import weights_hash
from ..models.novelty import Novelty
from ..posterior.posterior import Posterior

__all__ = ["fit_limits", "limits_of"]

_CHUNK = 1024


def limits_of(model, data, *, false_alarm=0.01, n_training=10_000, n_held_out=5000, passes=8, seed=0) -> TrustLimits:
    """The limits that a model's training data set gives; nothing is written.

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
    """
    if not model.head.has_width:
        raise ValueError(f"model {model.name!r} has no Gaussian head: no limits for those")
    training = _evenly(data.split("train"), n_training)
    held_out = _evenly(data.split("validation"), n_held_out)
    measurement = Measurement(model, seed=seed, passes=passes, precision="float32")

    def psf(rows):
        return measurement.psf_of_each(data.psfs(rows) if model.psf_shape else None, len(rows))

    def seen(rows):
        return network_features(model, data.images(rows), psf=psf(rows))

    def medians(rows):
        part = measurement.engine.run(model.prepare(data.images(rows)), seed=seed, passes=passes, psf=psf(rows))
        mixture = mixture_parameters(part.outputs)
        return Posterior(*mixture, model.scaler, weights=part.weights, n_mc=1).median()

    features = [_by_chunks(seen, rows) for rows in (training, held_out)]
    # of many parameters each may be beyond its range by chance
    each = false_alarm / len(model.parameters)
    predicted = PredictedRange.fit(_by_chunks(medians, held_out), false_alarm=each)
    return TrustLimits(Novelty.fit(*features, seed=seed), predicted, float(false_alarm), weights_hash(model.network))


def fit_limits(
    model,
    data,
    *,
    false_alarm=0.01,
    n_training=10_000,
    n_held_out=5000,
    passes=8,
    seed=0,
    save=True,
    progress_bar=True,
) -> TrustLimits:
    """Fit a model's limits and write them into it, for `gampen_tf.predict` to flag by.

    Parameters
    ----------
    model : str, path or Model
    data : path, DataSet or list of them
        What the model was trained on: see :func:`limits_of`, also for the other parameters.
    save : bool, optional
        Write a model that was given by its directory back there.
    progress_bar : bool, optional
    """
    given, model = model, as_model(model)
    data = as_dataset(data)
    model.trust = limits_of(
        model, data, false_alarm=false_alarm, n_training=n_training, n_held_out=n_held_out, passes=passes, seed=seed
    )
    if save and isinstance(given, str | Path) and Path(given).is_dir():
        model.trust.save(given)
    return model.trust


def _evenly(rows, n):
    return rows if len(rows) <= n else rows[np.linspace(0, len(rows) - 1, n).astype(int)]


def _by_chunks(function, rows):
    """Images of a large data set are read a part at a time."""
    return np.concatenate([function(rows[start : start + _CHUNK]) for start in range(0, len(rows), _CHUNK)])
