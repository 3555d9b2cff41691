"""Repair of posteriors that are not calibrated, fitted on a split of its own and saved with the model.

>>> recalibration = Recalibration.fit(posterior, truth, kind="temperature_each+quantile")
>>> model.calibration = recalibration.to_dict()
"""

from .conditional import ConditionalTemperature
from .conformal import ConformalEllipsoid, ConformalIntervals, conformal_radius
from .quantile_map import QuantileMap
from .recalibration import KINDS, Recalibration
from .temperature import Temperature

__all__ = [
    "KINDS",
    "ConditionalTemperature",
    "ConformalEllipsoid",
    "ConformalIntervals",
    "QuantileMap",
    "Recalibration",
    "Temperature",
    "conformal_radius",
]
