"""Keras layers, and what a head's outputs mean. Knows no model, data set or file."""

from .fixed_views import AdaptiveAveragePooling2D, Asinh, HalveResolution, SymmetricPart
from .heads import (
    components,
    distribution,
    head_size,
    mixture_parameters,
    n_from_outputs,
    n_outputs,
    scale_tril,
    split_outputs,
)
from .monte_carlo_dropout import MonteCarloDropout, dropout_layers, monte_carlo, set_dropout_rate
from .radial_profile import RadialProfile
from .spatial_transformer import SpatialTransformer

__all__ = [
    "AdaptiveAveragePooling2D",
    "Asinh",
    "HalveResolution",
    "MonteCarloDropout",
    "RadialProfile",
    "SpatialTransformer",
    "SymmetricPart",
    "components",
    "distribution",
    "dropout_layers",
    "head_size",
    "mixture_parameters",
    "monte_carlo",
    "n_from_outputs",
    "n_outputs",
    "scale_tril",
    "set_dropout_rate",
    "split_outputs",
]
