"""Scaling of physical values to standardised labels, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .known_parameters import KNOWN_PARAMETERS
from .parameters import ParameterSet

__all__ = ["LabelScaler"]


class LabelScaler:
    """Scaling of physical values to the standardised labels that networks are trained on, and back.

    Parameters
    ----------
    parameters : ParameterSet
    mean, scale : (P,) array
        Mean and standard deviation of the transformed values of the training split.
    """

    def __init__(self, parameters: ParameterSet, mean: ArrayLike, scale: ArrayLike):
        self.parameters = parameters
        self.mean = np.asarray(mean, float)
        self.scale = np.asarray(scale, float)
        for name, array in (("mean", self.mean), ("scale", self.scale)):
            if array.shape != (len(parameters),) or not np.all(np.isfinite(array)):
                raise ValueError(f"{name} must be {len(parameters)} finite numbers, found {array}")
        if np.any(self.scale <= 0):
            raise ValueError(f"scale must be positive, found {self.scale}: are all the labels of a parameter equal?")

    @classmethod
    def fit(cls, parameters: ParameterSet, values: ArrayLike) -> LabelScaler:
        """The scaler of a training split.

        Parameters
        ----------
        parameters : ParameterSet
        values : (N, P) array
            Physical values of the training split alone; NaN where not known.
        """
        transformed = parameters.forward(values)
        if transformed.ndim != 2:
            raise ValueError(f"expected values of shape (N, {len(parameters)}), found {transformed.shape}")
        n_known = np.sum(np.isfinite(transformed), axis=0)
        if np.any(n_known < 2):
            unknown = ", ".join(name for name, n in zip(parameters.names, n_known, strict=True) if n < 2)
            raise ValueError(
                "fitting needs two or more known values of each parameter; there are none or one of "
                f"{unknown}: values are missing, or beyond their bounds"
            )
        return cls(parameters, np.nanmean(transformed, axis=0), np.nanstd(transformed, axis=0))

    @property
    def clip_labels(self) -> np.ndarray:
        """(P, 2) array of the labels at and beyond which values are exactly a bound; infinite where there are none."""
        clips = np.array([parameter.transformed_clip for parameter in self.parameters])
        return (clips - self.mean[:, None]) / self.scale[:, None]

    def transform(self, values: ArrayLike) -> np.ndarray:
        """(…, P) labels of (…, P) physical values."""
        return (self.parameters.forward(values) - self.mean) / self.scale

    def inverse(self, labels: ArrayLike) -> np.ndarray:
        """(…, P) physical values of (…, P) labels."""
        return self.parameters.inverse(np.asarray(labels, float) * self.scale + self.mean)

    def canonical(self, values: ArrayLike) -> np.ndarray:
        """Values with those nearer to a bound than the clip moved to the bound, as in posteriors."""
        return self.inverse(self.transform(values))

    def changes(self, length: ArrayLike, flux: ArrayLike) -> np.ndarray:
        """Changes of the labels where the units of length and of flux become so many times as large.

        Parameters
        ----------
        length, flux : (N,) array
            Old units over new ones: 0.168 from pixels to arcsec.

        Returns
        -------
        (N, P) array
            To be added to the labels.

        Raises
        ------
        ValueError
            For a length or a flux that is not learnt by its logarithm: its label would change by a factor.
        """
        units = np.log(np.stack([length, flux], axis=1, dtype=float))
        changes = np.zeros((len(units), len(self.parameters)))
        for column, parameter in enumerate(self.parameters):
            known = KNOWN_PARAMETERS.get(parameter.name)
            if known is None or not any(known.unit_powers):
                continue
            if parameter.transform != "log" and parameter.unit != "mag":
                raise ValueError(f"{parameter.name}: its unit cannot change, since its value itself is learnt")
            changes[:, column] = units @ known.unit_powers
            if parameter.unit == "mag":
                changes[:, column] *= -2.5 / np.log(10.0)
        return changes / self.scale

    def log_jacobian(self, values: ArrayLike) -> np.ndarray:
        """(…, P) logarithms of |d label / d value|."""
        return self.parameters.log_jacobian(values) - np.log(self.scale)

    def to_dict(self) -> dict:
        return {"parameters": self.parameters.to_list(), "mean": self.mean.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_dict(cls, entry: dict) -> LabelScaler:
        return cls(ParameterSet.from_list(entry["parameters"]), entry["mean"], entry["scale"])
