"""Effective radii, and the one convention for them.

A component's ``effective_radius`` is r_h, that of the circle with the area of its half-light ellipse: the ellipse's
semi-axes are r_h / √q (``semi_major_axis``, which GALFIT and its kind call R_e) and r_h √q. The ``effective_radius``
of a whole galaxy, the label, is the radius of the circular aperture that holds half of its light: r_h for a round
component, a little more for a flat one.
"""

import numpy as np
from scipy import special

__all__ = ["circularised", "half_light_radius", "light_within", "semi_major_axis"]

_N_ANGLES = 48  # midpoints of a quarter turn: the angle average is right to 1e-10 for q >= 0.2
_TOLERANCE = 1e-10  # of ln r


def circularised(semi_major_axis, axis_ratio):
    """Radius of the circle with the area of an ellipse."""
    return semi_major_axis * np.sqrt(axis_ratio)


def semi_major_axis(effective_radius, axis_ratio):
    """Semi-major axis of a component's half-light ellipse, from the radius of the circle of its area."""
    return effective_radius / np.sqrt(axis_ratio)


def light_within(radius, effective_radius, axis_ratio, sersic_index):
    """Fraction of a component's light inside the circular aperture ``radius``, and its derivative with ln radius.

    The average over φ of P(2n, κ (r / (r_h h(φ)))^{1/n}), h² = cos²φ / q + q sin²φ, with P the regularised lower
    incomplete gamma function and P(2n, κ) = ½: the light of `galsim.Sersic(...).shear(q=...)`. The angle φ is that of
    the round profile before the shear, where equal angles hold equal light and the aperture is an ellipse of radius
    r / h. (In the angle θ on the sky the radius is r g, g² = q cos²θ + sin²θ / q, and the average has the weight
    dφ / dθ = 1 / g², without which it is not the light in the aperture.)

    Parameters
    ----------
    radius, effective_radius : (N,) arrays
        In one unit; ``effective_radius`` is that of the circle with the area of the half-light ellipse.
    axis_ratio, sersic_index : (N,) arrays

    Returns
    -------
    fraction, derivative : (N,) arrays
    """
    radius, effective_radius, axis_ratio, n = (
        np.asarray(one, dtype=np.float64)[..., None] for one in (radius, effective_radius, axis_ratio, sersic_index)
    )
    phi = (np.arange(_N_ANGLES) + 0.5) * (np.pi / 2 / _N_ANGLES)
    stretch = np.sqrt(np.cos(phi) ** 2 / axis_ratio + np.sin(phi) ** 2 * axis_ratio)
    kappa = special.gammaincinv(2 * n, 0.5)
    argument = kappa * (radius / (stretch * effective_radius)) ** (1 / n)
    fraction = special.gammainc(2 * n, argument)
    # d P(a, z) / d ln r = z^a e^{-z} / Γ(a) · (1/n)
    derivative = np.exp(2 * n * np.log(argument) - argument - special.gammaln(2 * n)) / n
    return fraction.mean(axis=-1), derivative.mean(axis=-1)


def half_light_radius(flux, effective_radius, axis_ratio, sersic_index):
    """Radius of the circular aperture that holds half of the intrinsic light of all components.

    Newton's method in ln r, kept inside a bracket: a sheared component's own half-light aperture lies between
    r_h sqrt(q) and r_h / sqrt(q), and that of the sum between the smallest and the largest of the components'.

    Parameters
    ----------
    flux, effective_radius, axis_ratio, sersic_index : (N, K) arrays
        K components a galaxy; NaN in all four where a galaxy has fewer.

    Returns
    -------
    (N,) array, in the unit of ``effective_radius``
    """
    arrays = [np.asarray(one, dtype=np.float64) for one in (flux, effective_radius, axis_ratio, sersic_index)]
    flux, effective_radius, axis_ratio, sersic_index = arrays
    present = np.isfinite(flux) & (flux > 0)
    weight = np.where(present, flux, 0.0)
    weight = weight / weight.sum(axis=1, keepdims=True)
    low = np.log(np.nanmin(np.where(present, effective_radius * np.sqrt(axis_ratio), np.nan), axis=1))
    high = np.log(np.nanmax(np.where(present, effective_radius / np.sqrt(axis_ratio), np.nan), axis=1))
    guess = np.nansum(np.where(present, weight * np.log(effective_radius), 0.0), axis=1)
    active = np.flatnonzero(high > low + _TOLERANCE)
    for _ in range(100):
        if active.size == 0:
            break
        fraction, slope = np.zeros(active.size), np.zeros(active.size)
        for k in range(flux.shape[1]):
            rows = np.flatnonzero(present[active, k])
            galaxies = active[rows]
            inside, derivative = light_within(
                np.exp(guess[galaxies]),
                effective_radius[galaxies, k],
                axis_ratio[galaxies, k],
                sersic_index[galaxies, k],
            )
            fraction[rows] += weight[galaxies, k] * inside
            slope[rows] += weight[galaxies, k] * derivative
        excess = fraction - 0.5
        high[active] = np.where(excess > 0, guess[active], high[active])
        low[active] = np.where(excess > 0, low[active], guess[active])
        step = guess[active] - excess / slope
        inside = (step > low[active]) & (step < high[active])
        new = np.where(inside, step, 0.5 * (low[active] + high[active]))
        new = np.where(abs(excess) > 1e-13, new, guess[active])  # there: the bracket's end is not inside the bracket
        moved = abs(new - guess[active])
        guess[active] = new
        active = active[(moved > _TOLERANCE) & (abs(excess) > 1e-13)]
    return np.exp(guess)
