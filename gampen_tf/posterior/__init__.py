"""Posteriors of galaxies as mixtures of Gaussians, in physical units."""

from .mixture_set import MixtureSet
from .posterior import Posterior
from .quantile_map import QuantileMap
from .reweighting import Reweighted, reweight

__all__ = ["MixtureSet", "Posterior", "QuantileMap", "Reweighted", "reweight"]
