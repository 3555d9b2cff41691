"""The mixture of one or many galaxies, in physical units. NumPy and SciPy only; knows no model."""

from .mixture_set import MixtureSet
from .posterior import Posterior
from .quantile_map import QuantileMap
from .reweighting import Reweighted, reweight

__all__ = ["MixtureSet", "Posterior", "QuantileMap", "Reweighted", "reweight"]
