"""Sérsic light and PSFs on pixels."""

from .profiles import enclosed_fraction, sersic_transform, surface_brightness
from .psfs import AnalyticPsf, MeasuredPsf, draw_psf
from .radii import circularised, half_light_radius, light_within, semi_major_axis
from .stamps import Component, draw_stamp

__all__ = [
    "AnalyticPsf",
    "Component",
    "MeasuredPsf",
    "circularised",
    "draw_psf",
    "draw_stamp",
    "enclosed_fraction",
    "half_light_radius",
    "light_within",
    "semi_major_axis",
    "sersic_transform",
    "surface_brightness",
]
