"""Images from disk, as arrays with flags: a user's cutouts, labelled data sets. Draws nothing, loads no network."""

from .cutouts import Cutouts
from .dataset import DataSet, open_dataset
from .frame import Frame, RawImage, centre_start
from .joined import JoinedDataSet, as_dataset
from .reading import read_cutouts
from .refusal import Refusal

__all__ = [
    "Cutouts",
    "DataSet",
    "Frame",
    "JoinedDataSet",
    "RawImage",
    "Refusal",
    "as_dataset",
    "centre_start",
    "open_dataset",
    "read_cutouts",
]
