"""Bars: ellipses with a Gaussian profile in the plane of a disc, which are such ellipses on the sky as well."""

import numpy as np

from .stamps import Component
from .structure import decay

__all__ = ["bar_brightness", "bar_component"]

_INDEX = 0.5  # Sérsic index of a Gaussian
_HALF = np.sqrt(np.log(2) / np.log(10))  # its half-light radius over the one that holds 90 %


def _moments(structure):
    """Second-moment matrix of the bar's half-light ellipse in the plane of the disc."""
    angle = np.radians(structure.bar_angle)
    axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    squared = (structure.bar_length * _HALF) ** 2
    return axes @ np.diag([squared, squared * structure.bar_axis_ratio**2]) @ axes.T


def bar_brightness(structure):
    """Surface brightness of a bar of unit flux, a function of u and v."""
    (uu, uv), (_, vv) = (np.log(2) * np.linalg.inv(_moments(structure))).tolist()
    peak = float(np.sqrt(uu * vv - uv**2) / np.pi)

    def brightness(u, v):
        return peak * decay(uu * u * u + 2 * uv * u * v + vv * v * v)

    return brightness


def bar_component(component, structure, flux):
    """The bar as it is seen on the sky."""
    angle, root = np.radians(component.position_angle), np.sqrt(component.axis_ratio)
    axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    to_sky = component.effective_radius * axes @ np.diag([1 / root, root])
    squared, directions = np.linalg.eigh(to_sky @ _moments(structure) @ to_sky.T)
    minor, major = np.sqrt(squared)
    return Component(
        flux,
        float(np.sqrt(major * minor)),
        _INDEX,
        float(minor / major),
        float(np.degrees(np.arctan2(directions[1, 1], directions[0, 1]))),
        component.x,
        component.y,
    )
