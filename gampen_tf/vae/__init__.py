"""The generative model of galaxy images, from network to training."""

from .embedding import embed
from .model import GalaxyVAE
from .network import GALAXY_VAES, GalaxyVaeLoss, autoencoder
from .source_crops import SourceCrops, crop_sources, downscale, normalise
from .training import train_vae
from .weights_file import round_weights

__all__ = [
    "GALAXY_VAES",
    "GalaxyVAE",
    "GalaxyVaeLoss",
    "SourceCrops",
    "autoencoder",
    "crop_sources",
    "downscale",
    "embed",
    "normalise",
    "round_weights",
    "train_vae",
]
