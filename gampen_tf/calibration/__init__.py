"""Posterior and truth in, better posterior out. Knows no model and no file."""

from .conditional import ConditionalTemperature
from .conformal import ConformalEllipsoid, ConformalIntervals, conformal_radius
from .recalibration import KINDS, Recalibration, fit_quantile_map
from .temperature import Temperature

__all__ = [
    "ConditionalTemperature",
    "ConformalEllipsoid",
    "ConformalIntervals",
    "KINDS",
    "Recalibration",
    "Temperature",
    "conformal_radius",
    "fit_quantile_map",
]
