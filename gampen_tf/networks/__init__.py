"""One published network a file, and surgery on graphs. Untrained Keras only."""

from .compact import compact
from .deeplegato import deeplegato
from .galnet import galnet1, galnet2
from .gampen import gampen
from .gampen_weights import load_gampen_weights
from .gampen_workshop import workshop
from .registry import NETWORKS, STRETCH_INSIDE, all_options, build, takes_psf

__all__ = [
    "NETWORKS",
    "STRETCH_INSIDE",
    "all_options",
    "build",
    "compact",
    "deeplegato",
    "galnet1",
    "galnet2",
    "gampen",
    "load_gampen_weights",
    "takes_psf",
    "workshop",
]
