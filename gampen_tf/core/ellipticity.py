"""Shapes of ellipses: axis ratio with position angle, and the conformal shear.

A position angle jumps at ±90° and means nothing for a round galaxy, so neither its error nor its mean can be taken as
those of other numbers. The conformal shear

    η₁ + i η₂ = −ln q · exp(2 i PA)

(Bernstein & Jarvis 2002, eq. 2.8) has no such jump: every pair of numbers is one ellipse and every ellipse
one pair, round galaxies are at the origin, and what turns by 180° comes back. Networks therefore learn ``eta1`` and
``eta2``, and posteriors of axis ratio and position angle are made of draws of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["NAMES", "axis_ratio_and_angle", "conformal_shear", "mean_ellipse", "wrapped_angle"]

#: The two components, as parameters and columns are called.
NAMES = ("eta1", "eta2")


def conformal_shear(axis_ratio: ArrayLike, position_angle: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """η₁ and η₂ of an ellipse.

    Parameters
    ----------
    axis_ratio : (…) array
        Between 0 (not included) and 1.
    position_angle : (…) array
        Degrees from +x towards +y.

    Returns
    -------
    eta1, eta2 : (…) arrays
    """
    eta, angle = -np.log(axis_ratio), 2 * np.radians(position_angle)
    return eta * np.cos(angle), eta * np.sin(angle)


def axis_ratio_and_angle(eta1: ArrayLike, eta2: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Axis ratio, and position angle in degrees from −90 (included) to 90, of (η₁, η₂)."""
    angle = 0.5 * np.degrees(np.arctan2(eta2, eta1))
    return np.exp(-np.hypot(eta1, eta2)), np.where(angle >= 90.0, -90.0, angle)


def mean_ellipse(flux: ArrayLike, axis_ratio: ArrayLike, position_angle: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Axis ratio and position angle of galaxies of several components: those of the mean of η₁ and η₂ by flux.

    Parameters
    ----------
    flux, axis_ratio, position_angle : (…, K) arrays
        Of the components; NaN where a galaxy has none.

    Returns
    -------
    axis_ratio, position_angle : (…) arrays
        Degrees from −90 (included) to 90.
    """
    there = np.isfinite(flux)
    flux = np.where(there, flux, 0.0)
    eta1, eta2 = (np.where(there, eta, 0.0) for eta in conformal_shear(axis_ratio, position_angle))
    total = np.sum(flux, axis=-1)
    return axis_ratio_and_angle(np.sum(flux * eta1, axis=-1) / total, np.sum(flux * eta2, axis=-1) / total)


def wrapped_angle(angle: np.ndarray) -> np.ndarray:
    """The same orientation, in degrees from −90 (included) to 90."""
    return (angle + 90.0) % 180.0 - 90.0
