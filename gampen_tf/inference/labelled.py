"""Posteriors of the galaxies of a labelled data set."""

from __future__ import annotations

import numpy as np
from tqdm import tqdm

from ..metrics.estimates import number
from .monte_carlo import joined
from .predictor import Measurement, open_cutouts

_N_DRAWS = 500


def _check_kind(model, data):
    """Refuse images of another kind than the model's: its numbers would be nonsense, and look like numbers."""
    same = [("pixel_scale", 1e-3), ("zero_point", 1e-3), ("pixel_unit", None)]
    for key, tolerance in same:
        expected, there = getattr(model, key), data.metadata.get(key)
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


def _measure(model, data, indices, passes, seed, recalibrate, progress_bar):
    """The posterior, and if it was recalibrated also what it was before."""
    measurement = Measurement(model, seed=seed, passes=passes)
    step = max(1, measurement.engine.chunk_size)
    found, flags = [], []
    with tqdm(total=len(indices), unit="galaxy", disable=not progress_bar) as bar:
        for start in range(0, len(indices), step):
            rows = indices[start : start + step]
            psf = measurement.psf_of_each(data.psfs(rows), len(rows)) if model.psf_shape else None
            done = 0
            for images, part_flags, reasons in open_cutouts(data.images(rows), model).batches(step):
                part_psf = None if psf is None else psf[done : done + len(images)]
                part, part_flags, _ = measurement.measure(images, part_flags, reasons, part_psf)
                found.append(part)
                flags.append(part_flags)
                done += len(images)
            bar.update(len(rows))
    found = joined(found, measurement.engine.n_outputs)
    measured = found.n_passes > 0
    account = {
        "n_passes": number(np.mean(found.n_passes[measured]), 0.0) if measured.any() else None,
        "monte_carlo_error": float(np.max(found.error[measured])) if measured.any() else None,
    }
    options = {
        "n_mc": _N_DRAWS,
        "flags": np.concatenate(flags),
        "identifiers": [str(index) for index in indices],
        "metadata": account,
    }
    posterior = measurement.posterior(found, recalibrate=recalibrate, **options)
    repaired = recalibrate and model.calibration is not None
    return posterior, measurement.posterior(found, recalibrate=False, **options) if repaired else None
