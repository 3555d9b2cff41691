"""What a trained model is: network, scaler, stretch, limits; its directory. It does nothing with data."""

from .combination import as_model, combine
from .image_checks import bright_neighbour, cut_by_frame, lost_fraction, neighbour_fraction
from .limits import PredictedRange, TrustLimits
from .loading import list_models, load_model, read_description
from .model import FORMAT_VERSION, Model, fingerprint, weights_hash
from .novelty import Novelty

__all__ = [
    "FORMAT_VERSION",
    "Model",
    "Novelty",
    "PredictedRange",
    "TrustLimits",
    "as_model",
    "bright_neighbour",
    "combine",
    "cut_by_frame",
    "fingerprint",
    "list_models",
    "load_model",
    "lost_fraction",
    "neighbour_fraction",
    "read_description",
    "weights_hash",
]
