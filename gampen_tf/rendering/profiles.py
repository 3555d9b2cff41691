"""Sérsic profiles in real and in Fourier space.

A component is an elliptical Sérsic profile (Sérsic 1963), sheared at constant area as GalSim does it: half-light
radius r_h, axis ratio q, so that the semi-axes of the half-light ellipse are r_h / sqrt(q) and r_h sqrt(q).
"""

import functools

import galsim
import numpy as np
import scipy.fft
from scipy import special

from ..io import cache

__all__ = ["enclosed_fraction", "sersic_transform", "shape_matrix", "surface_brightness"]

# ln (k r_h)² at the ends of the look-up table, and its step. Below the lower end the transform is 1 to 1e-4, the upper
# end is only reached where a pixel is a thousandth of r_h.
_LOG_MIN, _LOG_MAX, _N_STEPS = 2 * np.log(1e-3), 2 * np.log(2e3), 4096
_STEPS_PER_LOG = _N_STEPS / (_LOG_MAX - _LOG_MIN)
_N_RADII = 8192  # of the Hankel transform: 29 e-folds in radius
_BIAS = -0.4  # power law taken out of it, so that its ends meet


def shape_matrix(effective_radius, axis_ratio, position_angle):
    """Second-moment matrix of the half-light ellipse, (xx, yy, xy) in the unit of the radius squared.

    Parameters
    ----------
    effective_radius : float
        Radius of the circle with the area of the half-light ellipse, arcsec.
    axis_ratio : float
    position_angle : float
        Of the major axis, degrees from +x (columns) towards +y (rows).
    """
    cosine, sine = np.cos(np.deg2rad(position_angle)), np.sin(np.deg2rad(position_angle))
    major, minor = effective_radius**2 / axis_ratio, effective_radius**2 * axis_ratio
    return (
        major * cosine**2 + minor * sine**2,
        major * sine**2 + minor * cosine**2,
        (major - minor) * cosine * sine,
    )


@functools.lru_cache(maxsize=1)
def _hankel_grid():
    """ln r and ln k of the Hankel transform, centred so that they mirror each other, and its coefficients.

    The fast Hankel transform on a logarithmic grid (Hamilton 2000, appendix B); `scipy.fft.fht` does the same, but
    makes the coefficients each time, which takes longer than all else.
    """
    step = 0.5 / _STEPS_PER_LOG
    position = (np.arange(_N_RADII) - (_N_RADII - 1) / 2) * step
    log_k0 = 0.5 * _LOG_MIN - position[(_N_RADII - _N_STEPS) // 2]
    x = 0.5j * np.arange(_N_RADII // 2 + 1) * 2 * np.pi / (_N_RADII * step)
    coefficients = np.exp(
        _BIAS * np.log(2)
        + 2 * x * np.log(2)
        + special.loggamma((1 + _BIAS) / 2 + x)
        - special.loggamma((1 - _BIAS) / 2 - x)
    )
    coefficients[-1] = coefficients[-1].real
    return position - log_k0, position + log_k0, coefficients


def _exact_transform(sersic_index):
    """Transform of a unit-flux, unit-r_h Sérsic profile on the table's grid: 2π ∫ Σ(r) J₀(kr) r dr, right to 1e-7."""
    log_radius, log_k, coefficients = _hankel_grid()
    centred = log_radius - log_radius.mean()
    with np.errstate(over="ignore"):  # of the square of radii where there is no light
        light = np.exp(log_radius - _BIAS * centred) * surface_brightness(np.exp(2 * log_radius), sersic_index)
    transform = scipy.fft.irfft(scipy.fft.rfft(light) * coefficients, _N_RADII)[::-1]
    kept = slice((_N_RADII - _N_STEPS) // 2, (_N_RADII + _N_STEPS) // 2 + 2)
    return 2 * np.pi * (transform * np.exp(-_BIAS * centred - log_k))[kept]


def _galsim_transform(sersic_index):
    """The same by GalSim, accurate to 1e-5 (1e-4 at n = 0.3): 80 ms, so that it is kept on disk from run to run."""
    profile = galsim.Sersic(n=sersic_index, half_light_radius=1.0, gsparams=galsim.GSParams(kvalue_accuracy=1e-6))
    k = np.exp(0.5 * (_LOG_MIN + np.arange(_N_STEPS + 2) / _STEPS_PER_LOG))
    return np.array([profile.kValue(one, 0.0).real for one in k])


@functools.lru_cache(maxsize=4096)
def _transform_table(sersic_index):
    """Values of the transform on a grid uniform in ln k², and their differences: float32.

    GalSim's for whole hundredths of n, so that the images drawn with them stay the same; our own for any other n.
    """
    hundredths = round(100 * sersic_index)
    if sersic_index == hundredths / 100 and 30 <= hundredths <= 620:
        name = f"sersic-{hundredths:03d}-{_N_STEPS}-galsim-{galsim.__version__}"
        values = cache.cached(name, _N_STEPS + 2, lambda: _galsim_transform(sersic_index))
    else:
        values = _exact_transform(sersic_index)
    return values[:-1].astype(np.float32), np.diff(values).astype(np.float32)


def sersic_transform(k_squared, sersic_index):
    """Fourier transform of a unit-flux Sérsic profile.

    Parameters
    ----------
    k_squared : array of float32
        (k r_h)² for a round profile; kᵀ S k with the `shape_matrix` S for an elliptical one. Overwritten.
    sersic_index : float
        A table is made for each distinct value: 2 ms, or 80 ms once on a machine for whole hundredths (GalSim's).

    Returns
    -------
    array of float32, shape of ``k_squared``
    """
    values, steps = _transform_table(float(sersic_index))
    position = k_squared
    np.maximum(position, np.float32(np.exp(_LOG_MIN)), out=position)
    np.log(position, out=position)
    position -= np.float32(_LOG_MIN)
    position *= np.float32(_STEPS_PER_LOG)
    np.clip(position, 0, _N_STEPS, out=position)
    cell = position.astype(np.int32)
    position -= cell
    position *= steps[cell]
    position += values[cell]
    return position


def surface_brightness(radius_squared, sersic_index):
    """Sérsic profile of unit flux and unit half-light radius at squared radii ``radius_squared``.

    Σ = κ^{2n} / (2 π n Γ(2n)) exp(−κ R^{1/n}), κ such that P(2n, κ) = ½.
    """
    n = sersic_index
    kappa = special.gammaincinv(2 * n, 0.5)
    peak = np.exp(2 * n * np.log(kappa) - special.gammaln(2 * n)) / (2 * np.pi * n)
    return peak * np.exp(-kappa * np.asarray(radius_squared) ** (0.5 / n))


def enclosed_fraction(radius, sersic_index):
    """Fraction of the light of a round profile inside ``radius`` (in half-light radii): P(2n, κ r^{1/n})."""
    twice = 2 * np.asarray(sersic_index, dtype=np.float64)
    kappa = special.gammaincinv(twice, 0.5)
    return special.gammainc(twice, kappa * np.asarray(radius) ** (2 / twice))
