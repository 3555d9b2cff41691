"""Parameters, labels, flags, stretch and shapes."""

from .ellipticity import axis_ratio_and_angle, conformal_shear, wrapped_angle
from .flags import Flag, describe, is_unmeasurable
from .known_parameter import KnownParameter
from .known_parameters import KNOWN_PARAMETERS, NANOJANSKY_ZERO_POINT
from .label_scaler import LabelScaler
from .parameters import Parameter, ParameterSet
from .stretch import Stretch

__all__ = [
    "Flag",
    "KNOWN_PARAMETERS",
    "KnownParameter",
    "LabelScaler",
    "NANOJANSKY_ZERO_POINT",
    "Parameter",
    "ParameterSet",
    "Stretch",
    "axis_ratio_and_angle",
    "conformal_shear",
    "describe",
    "is_unmeasurable",
    "wrapped_angle",
]
