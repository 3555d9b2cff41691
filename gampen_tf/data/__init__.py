"""Images from disk, as arrays with flags: a user's cutouts, labelled data sets."""

from .cutouts import Cutouts
from .dataset import DataSet
from .dialects import HeaderDialect
from .image_source import ImageSource, RawImage
from .image_spec import ImageSpec, centre_start
from .joined import JoinedDataSet
from .labelled_images import LabelledImages
from .noise_level import noise_level
from .psfex import psfex_stamps
from .reading import read_cutouts
from .refusal import Refusal
from .registry import reader

__all__ = [
    "Cutouts",
    "DataSet",
    "HeaderDialect",
    "ImageSource",
    "ImageSpec",
    "JoinedDataSet",
    "LabelledImages",
    "RawImage",
    "Refusal",
    "centre_start",
    "noise_level",
    "psfex_stamps",
    "read_cutouts",
    "reader",
]
