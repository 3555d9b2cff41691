"""The words everything speaks: parameters, labels, flags, stretch, shapes. NumPy only: no file, no Keras, no image."""

from .ellipticity import axis_ratio_and_angle, conformal_shear, derived_labels
from .flags import Flag, describe, is_unmeasurable
from .known_parameters import STANDARD_PARAMETERS
from .label_scaler import LabelScaler
from .parameters import Parameter, ParameterSet
from .stretch import Stretch

__all__ = [
    "Flag",
    "LabelScaler",
    "Parameter",
    "ParameterSet",
    "STANDARD_PARAMETERS",
    "Stretch",
    "axis_ratio_and_angle",
    "conformal_shear",
    "derived_labels",
    "describe",
    "is_unmeasurable",
]
