"""Posteriors on disk: one HDF5 file that holds the mixtures, the label scaler and how they were made."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from ..core.label_scaler import LabelScaler
from .quantile_map import QuantileMap

__all__ = ["load", "save"]

_FORMAT = "gampen_tf posterior"
_VERSION = 1


def save(posterior, path):
    """Write a posterior; a reader sees the old file or the whole new one."""
    import h5py

    path = Path(path)
    n_parameters = len(posterior.names)
    calibration = posterior.calibration
    description = {
        "scaler": posterior.scaler.to_dict(),
        "n_mc": posterior.n_mc,
        "seed": posterior.seed,
        "metadata": posterior.metadata,
        "calibration": None if calibration is None else calibration.to_dict(),
    }
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with h5py.File(part, "w") as file:
            file.attrs["format"], file.attrs["format_version"] = _FORMAT, _VERSION
            file.attrs["description"] = json.dumps(description, default=_plain)
            file["means"] = posterior.means
            # the lower triangle alone, row by row
            file["scale_trils"] = posterior.scale_trils[(..., *np.tril_indices(n_parameters))]
            file["weights"] = posterior.weights
            file["flags"] = posterior.flags
            file.create_dataset("identifiers", data=posterior.identifiers, dtype=h5py.string_dtype())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def load(kind, path):
    """Read what :func:`save` wrote, as an object of the class ``kind``.

    Raises
    ------
    ValueError
        If the file is no posterior of this package, or of a newer version of the format.
    """
    import h5py

    with h5py.File(path, "r") as file:
        found = file.attrs.get("format")
        if found != _FORMAT:
            raise ValueError(f"{path}: expected a posterior that gampen_tf saved, found format {found!r}")
        version = int(file.attrs["format_version"])
        if version > _VERSION:
            raise ValueError(
                f"{path}: written in format version {version}, but this gampen_tf reads up to {_VERSION}; "
                "install a newer one"
            )
        description = json.loads(file.attrs["description"])
        scaler = LabelScaler.from_dict(description["scaler"])
        means = file["means"][()]
        scale_trils = np.zeros((*means.shape, means.shape[-1]))
        scale_trils[(..., *np.tril_indices(means.shape[-1]))] = file["scale_trils"][()]
        return kind(
            means,
            scale_trils,
            scaler,
            weights=file["weights"][()],
            n_mc=description["n_mc"],
            seed=description["seed"],
            flags=file["flags"][()],
            identifiers=list(file["identifiers"].asstr()[()]),
            metadata=description["metadata"],
            calibration=_calibration(description["calibration"]),
        )


def _calibration(entry):
    if entry is None:
        return None
    return QuantileMap.from_dict(entry)


def _plain(value):
    """NumPy numbers and arrays as JSON knows them."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return str(value)
