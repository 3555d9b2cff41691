"""Recalibration galaxy by galaxy: factors of the widths and shifts that depend on the predicted values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import ndtri

from .label_pits import label_moments, label_pit, true_labels

__all__ = ["ConditionalTemperature"]

_N_KNOTS = 8
# Standard deviation that a coefficient is expected to have: one of 0.3 (a width off by 35 %, a bias of 0.3 σ) must
# gain half a unit of log likelihood to be believed. It shrinks knots with few galaxies to the common value.
_PRIOR = 0.3
# A catastrophic failure counts as one of 4 σ, or a handful of them would set the widths of all.
_LARGEST_PROBIT = 4.0
# In standard deviations, a distance from a clip at which it does not matter how far it is.
_FAR = 8.0


@dataclass(frozen=True)
class ConditionalTemperature:
    """x → m + a(φ) (x − m) + b(φ) s, with factors and shifts that vary with the predicted quantities φ of the galaxy.

    φ are the mean and the log standard deviation s of every label, as predicted: 2 P numbers known without the truth.
    log a and b are sums of one piecewise linear function of each φ (hat functions on eight quantiles of the split,
    constant outside). They are fitted to the probits z of the PITs by the likelihood of z ~ N(b, a²), with a Gaussian
    prior that shrinks every coefficient to zero. No guarantee; it makes coverage right in bins of predicted quantities
    as far as sums of one-dimensional functions can.

    Parameters
    ----------
    knots : (F, K) array
        Knots of each of the F = 2 P features.
    log_factors, shifts : (P, 1 + F K) array
        Coefficients: a constant, then the hats of each feature.
    """

    knots: np.ndarray
    log_factors: np.ndarray
    shifts: np.ndarray

    @classmethod
    def fit(cls, posterior, truth, *, seed=0) -> ConditionalTemperature:
        """Fit the functions to a calibration split; arguments as those of ``Temperature.fit``."""
        labels = true_labels(posterior, truth)
        features = _features(posterior)
        known = np.all(np.isfinite(features), axis=1)
        knots = np.quantile(features[known], np.linspace(0.01, 0.99, _N_KNOTS), axis=0).T
        basis = _basis(features, knots)
        log_factors, shifts = [], []
        for p in range(labels.shape[1]):
            pit = label_pit(posterior, labels[:, p], p, seed=seed)
            rows = np.isfinite(pit) & known
            z = np.clip(ndtri(pit[rows]), -_LARGEST_PROBIT, _LARGEST_PROBIT)
            coefficients = _fit_location_and_scale(basis[rows], z)
            shifts.append(coefficients[0])
            log_factors.append(coefficients[1])
        return cls(knots, np.array(log_factors), np.array(shifts))

    def factors_and_shifts(self, posterior):
        """Factors of the widths, and shifts of the labels, for each galaxy: two (N, P) arrays."""
        basis = _basis(_features(posterior), self.knots)
        spread = label_moments(posterior)[1]
        return np.exp(basis @ self.log_factors.T), basis @ self.shifts.T * spread

    def apply(self, posterior):
        """The posterior with its covariances scaled and its means shifted."""
        factors, shifts = self.factors_and_shifts(posterior)
        return posterior.rescaled(factors, shifts)

    def to_dict(self) -> dict:
        """Plain data for ``model.json``."""
        arrays = {"knots": self.knots, "log_factors": self.log_factors, "shifts": self.shifts}
        return {"kind": "conditional", **{name: array.tolist() for name, array in arrays.items()}}

    @classmethod
    def from_dict(cls, entry: dict) -> ConditionalTemperature:
        """The same again, from what :meth:`to_dict` gave."""
        return cls(*(np.array(entry[name], float) for name in ("knots", "log_factors", "shifts")))


def _features(posterior):
    mean, spread = label_moments(posterior)
    with np.errstate(divide="ignore"):
        features = [mean, np.log(spread)]
    for p, (low, high) in enumerate(posterior.scaler.clip_labels):
        if np.isfinite(low):
            features += [np.clip((mean[:, p] - edge) / spread[:, p], -_FAR, _FAR)[:, None] for edge in (low, high)]
    return np.concatenate(features, axis=1)


def _basis(features, knots):
    """(N, 1 + F K): one, and the hat functions of each feature, of which at most two are not zero."""
    columns = [np.ones((len(features), 1))]
    identity = np.eye(knots.shape[1])
    for feature, its_knots in zip(features.T, knots, strict=True):
        # equal knots (a predicted value that repeats) are one knot
        places, first = np.unique(its_knots, return_index=True)
        hats = np.zeros((len(features), knots.shape[1]))
        for k in first:
            hats[:, k] = np.interp(feature, places, identity[k, first])
        columns.append(hats)
    return np.concatenate(columns, axis=1)


def _fit_location_and_scale(basis, z):
    """Coefficients (2, B) of b and log a that make z ~ N(b, a²) most likely."""
    n_columns = basis.shape[1]

    def loss(coefficients):
        b, log_a = (basis @ half for half in coefficients.reshape(2, n_columns))
        residual = (z - b) * np.exp(-log_a)
        value = np.sum(log_a + 0.5 * residual**2) + 0.5 * np.sum((coefficients / _PRIOR) ** 2)
        gradient = [basis.T @ (-residual * np.exp(-log_a)), basis.T @ (1 - residual**2)]
        return value, np.concatenate(gradient) + coefficients / _PRIOR**2

    found = minimize(loss, np.zeros(2 * n_columns), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return found.x.reshape(2, n_columns)
