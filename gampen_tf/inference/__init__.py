"""A model and images in, posteriors out. Never changes a model."""

from .catalogues import predict_catalogue, read_catalogue
from .cropping import crop, crop_box
from .monte_carlo import DEFAULT_TOLERANCE, MAX_PASSES, Engine, Passes
from .precision import CHANGE_METRIC, bfloat16_change
from .prediction import predict
from .predictor import Measurement, open_cutouts
from .replica import network_features

__all__ = [
    "CHANGE_METRIC",
    "DEFAULT_TOLERANCE",
    "Engine",
    "MAX_PASSES",
    "Measurement",
    "Passes",
    "bfloat16_change",
    "crop",
    "crop_box",
    "network_features",
    "open_cutouts",
    "predict",
    "predict_catalogue",
    "read_catalogue",
]
