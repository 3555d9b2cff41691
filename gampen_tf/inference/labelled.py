"""Posteriors of the galaxies of a labelled data set, beside their true values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.flags import is_unmeasurable
from ..posterior.posterior import Posterior
from .batches import labelled_batches
from .measurements import with_progress

__all__ = ["Labelled", "check_same_kind", "labelled_posterior"]

_N_DRAWS = 500


@dataclass(frozen=True)
class Labelled:
    """Galaxies whose true values are known, and what a model measures of them.

    Attributes
    ----------
    posterior : Posterior
        A row for each galaxy; its metadata are those of `gampen_tf.predict`.
    before : Posterior or None
        What it was before it was recalibrated; None if it was not.
    truth : (N, P) array
        In physical units; NaN where not known.
    catalogue : astropy.table.Table
        The galaxies' rows of the data set's catalogue.
    indices : (N,) int array
        Which images of the data set.
    """

    posterior: Posterior
    before: Posterior | None
    truth: np.ndarray
    catalogue: Any
    indices: np.ndarray

    @property
    def measured(self) -> np.ndarray:
        """(N,) booleans: whether a galaxy could be measured."""
        return ~is_unmeasurable(self.posterior.flags)


def labelled_posterior(
    predictor,
    data,
    split="test",
    n_images=None,
    *,
    indices=None,
    recalibrate=True,
    n_mc=_N_DRAWS,
    progress_bar=True,
) -> Labelled:
    """Measure galaxies of a labelled data set as `gampen_tf.predict` would.

    Parameters
    ----------
    predictor : Predictor
    data : DataSet
    split, n_images
        See ``DataSet.split``.
    indices : (N,) int array, optional
        These images, in place of a split's.
    recalibrate : bool, optional
        Apply the model's calibration, where it has one.
    n_mc : int, optional
        Draws that the posterior offers.
    progress_bar : bool, optional

    Raises
    ------
    ValueError
        If the data set is not of the kind that the model takes, knows no true values of what it measures, or has no
        images in the split.
    """
    model = predictor.model
    check_same_kind(model, data)
    if indices is None:
        indices = data.split(split, n_images)
    if len(indices) == 0:
        raise ValueError(f"{data.path}: no images in the split {split!r}")
    images = labelled_batches(model, data, indices, size=predictor.engine.chunk_size)
    measured = list(with_progress(predictor.measured(images), len(indices), progress_bar))
    how = {"n_mc": n_mc, "identifiers": [str(index) for index in indices]}
    own = predictor.posterior(measured, **how, recalibrate=False)
    repaired = recalibrate and model.calibration is not None
    return Labelled(
        predictor.posterior(measured, **how) if repaired else own,
        own if repaired else None,
        data.truth(list(model.parameters.names))[indices],
        data.catalogue[indices],
        indices,
    )


def check_same_kind(model, data):
    """Refuse images of another shape, unit, zero point or pixel scale than the model's, or without its true values."""
    scale = [] if model.scale_free else [("pixel_scale", 1e-3)]
    same = [*scale, ("zero_point", 1e-3), ("pixel_unit", None)]
    for key, tolerance in same:
        expected, there = getattr(model, key), getattr(data, key)
        differs = expected != there if tolerance is None else there is None or abs(expected - there) > tolerance
        if differs:
            raise ValueError(f"{data.path}: {key} {there!r}, but model {model.name!r} was trained with {expected!r}")
    if tuple(data.image_shape) != tuple(model.image_shape):
        raise ValueError(
            f"{data.path}: images of shape {tuple(data.image_shape)}, but model {model.name!r} takes "
            f"{model.image_shape}"
        )
    missing = [name for name in model.parameters.names if not data.knows(name)]
    if missing:
        raise ValueError(
            f"{data.path}: no true values of {', '.join(missing)} in the catalogue, which model {model.name!r} measures"
        )
