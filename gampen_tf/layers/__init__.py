"""Keras layers, and the meaning of a head's outputs, without models, data sets or files."""

from .fixed_views import AdaptiveAveragePooling2D, Asinh, HalveResolution, SymmetricPart
from .heads import (
    HEADS,
    GaussianHead,
    PointHead,
    distribution,
    find_head,
    mixture_parameters,
    n_from_outputs,
    n_outputs,
    scale_tril,
    split_outputs,
)
from .known_inputs import FillMasked, InUnitsOf, RandomlyWithheld
from .monte_carlo_dropout import MonteCarloDropout, dropout_layers, monte_carlo, numbered_dropout, set_dropout_rate
from .psf_profile import PsfProfile
from .radial_profile import RadialProfile
from .ring_profile import HalfLightScale, RingProfile
from .spatial_transformer import SpatialTransformer

__all__ = [
    "AdaptiveAveragePooling2D",
    "Asinh",
    "FillMasked",
    "GaussianHead",
    "HEADS",
    "HalfLightScale",
    "HalveResolution",
    "InUnitsOf",
    "MonteCarloDropout",
    "PointHead",
    "find_head",
    "PsfProfile",
    "RadialProfile",
    "RandomlyWithheld",
    "RingProfile",
    "SpatialTransformer",
    "SymmetricPart",
    "distribution",
    "dropout_layers",
    "mixture_parameters",
    "monte_carlo",
    "n_from_outputs",
    "n_outputs",
    "numbered_dropout",
    "scale_tril",
    "set_dropout_rate",
    "split_outputs",
]
