"""A model and images in, posteriors out. Never changes a model."""

from .batches import open_cutouts
from .catalogue_reading import check_catalogue, read_catalogue
from .catalogues import predict_catalogue
from .cropping import crop, crop_box
from .flagging import Flags
from .labelled import Labelled, labelled_posterior
from .monte_carlo import DEFAULT_TOLERANCE, MonteCarloEngine, Passes
from .precision import CHANGE_METRIC, bfloat16_change
from .prediction import predict
from .predictor import Predictor
from .replica import network_features

__all__ = [
    "CHANGE_METRIC",
    "DEFAULT_TOLERANCE",
    "Flags",
    "Labelled",
    "MonteCarloEngine",
    "Passes",
    "Predictor",
    "bfloat16_change",
    "check_catalogue",
    "crop",
    "crop_box",
    "labelled_posterior",
    "network_features",
    "open_cutouts",
    "predict",
    "predict_catalogue",
    "read_catalogue",
]
