# What gampen_tf.models gives, for Python (which loads each name when it is first used), editors and type checkers.
from .combination import as_model, combine
from .directory import FORMAT_VERSIONS, list_models, read_description
from .hashes import fingerprint, weights_hash
from .image_checks import bright_neighbour, cut_by_frame, lost_fraction, neighbour_fraction
from .limits import DomainLimits, PredictedRange
from .loading import load_model
from .model import Model
from .novelty import Novelty

__all__ = [
    "DomainLimits",
    "FORMAT_VERSIONS",
    "Model",
    "Novelty",
    "PredictedRange",
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
