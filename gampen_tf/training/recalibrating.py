"""Recalibration of a model on labelled images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..calibration.recalibration import Recalibration
from ..data.joined import as_dataset
from ..inference.monte_carlo import joined
from ..inference.predictor import Measurement

__all__ = ["calibrate"]


def calibrate(
    model,
    data,
    *,
    kind="temperature_each+quantile",
    split="validation",
    n_images=None,
    passes="auto",
    seed=0,
    save=True,
    progress_bar=True,
) -> Recalibration:
    """Fit a recalibration and write it into the model, for `gampen_tf.predict` to apply.

    Parameters
    ----------
    model : str, path or Model
    data : path, DataSet or list of them
        Galaxies that did not train the model, did not choose its dropout rate and will not test it: of another seed,
        best of all. 10 000 galaxies make coverage good to half a point.
    kind : str, optional
        See :class:`Recalibration`.
    split : str, optional
    n_images : int, optional
        So many, evenly spread over the split; all if not given.
    passes, seed : optional
        As for `gampen_tf.predict`: the passes that the model will be used with.
    save : bool, optional
        Write a model that was given by its directory back there.
    """
    given, data = model, as_dataset(data)
    measurement = Measurement(model, seed=seed, passes=passes)
    model = measurement.model
    indices = data.split(split, n_images)
    truth = data.labels(list(model.parameters.names))[indices]
    step, found = max(1, measurement.engine.chunk_size), []
    for start in tqdm(range(0, len(indices), step), unit="batch", disable=not progress_bar):
        rows = indices[start : start + step]
        psf = measurement.psf_of_each(data.psfs(rows), len(rows)) if model.psf_shape else None
        found.append(measurement.passes_over(data.images(rows), np.zeros(len(rows), np.int64), psf))
    posterior = measurement.posterior(
        joined(found, measurement.engine.n_outputs),
        n_mc=1,
        flags=np.zeros(len(indices), np.int64),
        identifiers=[str(index) for index in indices],
        recalibrate=False,
    )
    recalibration = Recalibration.fit(posterior, truth, kind=kind, seed=seed)
    model.calibration = recalibration.to_dict()
    if save and isinstance(given, str | Path) and Path(given).is_dir():
        model.save(given)
    return recalibration
