"""Sérsic light and PSFs on pixels."""

from .optics import OpticalPsf
from .profiles import enclosed_fraction, sersic_transform, surface_brightness
from .psfs import MeasuredPsf, draw_psf
from .radial_psfs import KolmogorovPsf, MoffatPsf
from .radii import circularised, half_light_radius, light_within, semi_major_axis
from .stamps import Component, PointSource, draw_stamp
from .structure import Structure
from .structured_discs import StructuredDisc, structured_half_light_radius
from .truncation import truncated

__all__ = [
    "Component",
    "KolmogorovPsf",
    "MeasuredPsf",
    "PointSource",
    "Structure",
    "StructuredDisc",
    "MoffatPsf",
    "OpticalPsf",
    "circularised",
    "draw_psf",
    "draw_stamp",
    "enclosed_fraction",
    "half_light_radius",
    "light_within",
    "semi_major_axis",
    "sersic_transform",
    "structured_half_light_radius",
    "surface_brightness",
    "truncated",
]
