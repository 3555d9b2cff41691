"""Repair of posteriors that are not calibrated, fitted on a split of its own and saved with the model.

>>> calibrate("models/my_survey", "calibration_data")

or, from posteriors that are there already,

>>> recalibration = Recalibration.fit(posterior, truth, kind="temperature_each+quantile")
>>> recalibration.apply(other_posterior).interval(0.6827)
"""

from .conditional import ConditionalTemperature
from .conformal import ConformalEllipsoid, ConformalIntervals, conformal_radius
from .of_model import calibrate
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
    "calibrate",
    "conformal_radius",
]
