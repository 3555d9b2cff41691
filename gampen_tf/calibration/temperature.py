"""Temperature: posteriors made wider or narrower about their mean, by one factor or one for each parameter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from ..metrics.interval_coverage import central_mass
from .label_pits import label_pit, true_labels

__all__ = ["Temperature"]

_LOG_RANGE = (-3.0, 3.0)


@dataclass(frozen=True)
class Temperature:
    """Standard deviations times a factor, in label space: x → m + a (x − m) about the mean m of the mixture.

    The factor is the one for which the coverage of central intervals is closest to their level, in the mean square
    over all levels (the Cramér–von Mises distance of |2 PIT − 1| from uniform). Correlations, means and ranks of
    galaxies by their uncertainty stay. There is no guarantee: one factor can make coverage right on average over
    levels and galaxies, not at each level or in each part of parameter space.

    Parameters
    ----------
    factors : (P,) array
        The "temperature" of the covariance is the square.
    shared : bool
        Whether one factor was fitted for all parameters.
    """

    factors: np.ndarray
    shared: bool = False

    @classmethod
    def fit(cls, posterior, truth, *, shared=False, seed=0) -> Temperature:
        """Fit the factors to a calibration split.

        Parameters
        ----------
        posterior : Posterior
        truth : (N, P) array
            In physical units; NaN where not known.
        shared : bool
            One factor for all parameters.
        """
        labels = true_labels(posterior, truth)
        n_parameters = labels.shape[1]
        groups = [range(n_parameters)] if shared else [[p] for p in range(n_parameters)]
        factors = np.empty(n_parameters)
        for group in groups:

            def distance(log_factor, group=group):
                factor = np.exp(log_factor)
                pits = (label_pit(posterior, labels[:, p], p, factor=factor, seed=seed) for p in group)
                return sum(_distance_from_uniform(central_mass(pit)) for pit in pits)

            # the distance has one minimum: coverage falls with the factor at every level
            found = minimize_scalar(distance, bounds=_LOG_RANGE, method="bounded", options={"xatol": 1e-4})
            factors[list(group)] = np.exp(found.x)
        return cls(factors, shared)

    def apply(self, posterior):
        """The posterior with its covariance scaled."""
        return posterior.rescaled(self.factors)

    def to_dict(self) -> dict:
        """Plain data for ``model.json``."""
        return {"kind": "temperature", "factors": self.factors.tolist(), "shared": self.shared}

    @classmethod
    def from_dict(cls, entry: dict) -> Temperature:
        """The same again, from what :meth:`to_dict` gave."""
        return cls(np.array(entry["factors"], float), bool(entry["shared"]))


def _distance_from_uniform(mass):
    mass = np.sort(mass[~np.isnan(mass)])
    if len(mass) == 0:
        raise ValueError("a temperature needs galaxies with a posterior and a known true value; there are none")
    return np.mean((mass - (np.arange(len(mass)) + 0.5) / len(mass)) ** 2)
