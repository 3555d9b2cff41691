"""Posteriors on disk: one HDF5 file that holds the mixtures, the label scaler and how they were made."""

from __future__ import annotations

import json

import numpy as np

from ..core.label_scaler import LabelScaler
from ..io.files import check_format, plain_data, whole_file
from .quantile_map import QuantileMap

__all__ = ["load", "save"]

_FORMAT = "gampen_tf posterior"
_FORMAT_VERSION = 1


def save(posterior, path):
    """Write a posterior; a reader sees the old file or the whole new one."""
    import h5py

    n_parameters = len(posterior.names)
    probability_map = posterior.probability_map
    description = {
        "scaler": posterior.scaler.to_dict(),
        "n_mc": posterior.n_mc,
        "seed": posterior.seed,
        "metadata": posterior.metadata,
        "calibration": None if probability_map is None else probability_map.to_dict(),
    }
    with whole_file(path) as scratch, h5py.File(scratch, "w") as file:
        file.attrs["format"], file.attrs["format_version"] = _FORMAT, _FORMAT_VERSION
        file.attrs["description"] = json.dumps(description, default=plain_data)
        file["means"] = posterior.means
        # the lower triangle alone, row by row
        file["scale_trils"] = posterior.scale_trils[(..., *np.tril_indices(n_parameters))]
        file["weights"] = posterior.weights
        file["flags"] = posterior.flags
        file.create_dataset("identifiers", data=posterior.identifiers, dtype=h5py.string_dtype())


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
        check_format(file.attrs.get("format_version"), _FORMAT_VERSION, path, "a posterior that gampen_tf saved")
        description = json.loads(file.attrs["description"])
        scaler = LabelScaler.from_dict(description["scaler"])
        means = file["means"][()]
        scale_trils = np.zeros((*means.shape, means.shape[-1]))
        scale_trils[(..., *np.tril_indices(means.shape[-1]))] = file["scale_trils"][()]
        calibration = description["calibration"]
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
            probability_map=None if calibration is None else QuantileMap.from_dict(calibration),
        )
