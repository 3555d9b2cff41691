"""Keras layers of the networks."""

from .gaussian_head import distribution, mixture_parameters, n_from_outputs, n_outputs, scale_tril, split_outputs
from .monte_carlo_dropout import MonteCarloDropout, dropout_layers, monte_carlo, set_dropout_rate
from .pooling import AdaptiveAveragePooling2D
from .radial_profile import HalveResolution, RadialProfile, SymmetricPart
from .spatial_transformer import SpatialTransformer

__all__ = [
    "AdaptiveAveragePooling2D",
    "HalveResolution",
    "MonteCarloDropout",
    "RadialProfile",
    "SpatialTransformer",
    "SymmetricPart",
    "distribution",
    "dropout_layers",
    "mixture_parameters",
    "monte_carlo",
    "n_from_outputs",
    "n_outputs",
    "scale_tril",
    "set_dropout_rate",
    "split_outputs",
]
