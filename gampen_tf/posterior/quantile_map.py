"""Quantile recalibration: a monotone map of probabilities that makes PITs uniform."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import ndtr, ndtri

__all__ = ["ParameterMap", "QuantileMap"]

_MIN_GALAXIES = 50
_SMALLEST = 1e-300
_TABLE = np.linspace(-9, 9, 2049)


@dataclass(frozen=True)
class QuantileMap:
    """For each parameter, the level p' of the posterior's own distribution that has the probability p in truth.

    With G the distribution function of the PITs of a calibration split, p' = G⁻¹(p): the recalibrated quantile of
    level p is the posterior's own quantile of level G⁻¹(p) (Kuleshov, Fenner & Ermon 2018). Bias, width and tails are
    repaired, each on average over the galaxies; the order of galaxies by uncertainty and the copula of the parameters
    stay.

    **Guarantee.** At a knot the map is the k-th smallest of n PITs with p = k / (n + 1), and
    P(truth ≤ recalibrated quantile) = p exactly for a new galaxy that is exchangeable with those of the split,
    whatever the posterior. Between knots it is smooth interpolation: no guarantee, and exact as n grows. Beyond the
    outer knots, where less than 10 of n galaxies lie, the map keeps its last offset in probits.

    Parameters
    ----------
    knots : list of P (2, K) arrays
        Probits Φ⁻¹ of p and of p', both increasing.
    """

    knots: list[np.ndarray]

    @classmethod
    def of_pits(cls, pits) -> QuantileMap:
        """The map that makes given PITs (N, P) uniform; NaN left out."""
        knots = []
        for p, column in enumerate(np.asarray(pits, float).T):
            ordered = np.sort(column[~np.isnan(column)])
            n = len(ordered)
            if n < _MIN_GALAXIES:
                raise ValueError(f"parameter {p}: a quantile map needs at least {_MIN_GALAXIES} galaxies, found {n}")
            # more galaxies, more knots; at the outer ones 10 galaxies are left
            n_knots = int(np.clip(2 * n**0.25, 5, 21)) // 2 * 2 + 1
            target = np.linspace(-1, 1, n_knots) * -ndtri(10 / n)
            # at whole ranks, where the guarantee holds
            ranks = np.unique(np.clip(np.round(ndtr(target) * (n + 1)), 1, n).astype(int))
            found = ndtri(np.clip(ordered[ranks - 1], _SMALLEST, 1 - 1e-16))
            # PITs that repeat (all truths far below, say) would make the map flat and its inverse a jump
            found = np.maximum.accumulate(found + 1e-9 * np.arange(len(found)))
            knots.append(np.stack([ndtri(ranks / (n + 1)), found]))
        return cls(knots)

    def level(self, probability, index):
        """p' = G⁻¹(p) for one parameter: look up the posterior's own quantile at p'."""
        return self._mapped(probability, _TABLE, self._tables[index])

    def inverse_level(self, probability, index):
        """p = G(p') for one parameter: the recalibrated probability below the posterior's own quantile at p'."""
        return self._mapped(probability, self._tables[index], _TABLE)

    def of_parameter(self, index: int) -> ParameterMap:
        """The map of one parameter."""
        return ParameterMap(self, index)

    def to_dict(self):
        return {"kind": "quantile", "knots": [knots.tolist() for knots in self.knots]}

    @classmethod
    def from_dict(cls, entry):
        return cls([np.array(knots, float) for knots in entry["knots"]])

    @cached_property
    def _tables(self):
        """Probits of p' on the grid of probits of p: one table for both directions makes them exact inverses."""
        tables = []
        for target, found in self.knots:
            inside = np.clip(_TABLE, target[0], target[-1])
            tables.append(PchipInterpolator(target, found)(inside) + (_TABLE - inside))
        return tables

    @staticmethod
    def _mapped(probability, source, target):
        z = ndtri(np.asarray(probability, float))
        inside = np.clip(z, source[0], source[-1])
        with np.errstate(invalid="ignore"):
            beyond = np.where(np.isinf(z), z, z - inside)
        return ndtr(np.interp(inside, source, target) + beyond)


@dataclass(frozen=True)
class ParameterMap:
    """Probability map of one parameter: a part of a `QuantileMap`."""

    quantile_map: QuantileMap
    index: int

    def forward(self, probability):
        """Level of the mixture's own quantile for a recalibrated probability."""
        return self.quantile_map.level(probability, self.index)

    def inverse(self, probability):
        """Recalibrated probability for one of the mixture's own."""
        return self.quantile_map.inverse_level(probability, self.index)
