"""Uncertainties of a fit: from the slopes of the model's image to those of any quantity derived from it.

For weights 1/σ² and an image linear in the parameters, the least-squares estimate has the covariance
H⁻¹ (A R Aᵀ) H⁻¹ with A the slopes over σ, H = A Aᵀ, and R the correlation of the noise between pixels (the identity
for white noise, where it is H⁻¹).
"""

import numpy as np
from scipy import signal

from ..core.known_parameters import wrapped_values

__all__ = ["covariance_of", "errors_of"]

_SMALLEST_EIGENVALUE = 1e-10  # of the scaled H: directions that the image does not constrain


def covariance_of(slopes, free, noise_correlation=None):
    """Covariance of fitted parameters.

    Parameters
    ----------
    slopes : (M, H, W) array
        d image / d parameter over σ; 0 where pixels do not count.
    free : (M,) bool array
        Parameters that ended inside their limits. Rows and columns of the others are zero.
    noise_correlation : (k, k) array, optional
        Correlation of the noise between a pixel, in the middle, and those around it: 1 there. White if not given.

    Returns
    -------
    (M, M) array
    """
    inside = np.flatnonzero(free)
    kept = slopes[inside]
    scale = np.sqrt(np.sum(kept**2, axis=(1, 2)))
    scale = np.where(scale > 0, scale, 1.0)
    kept = kept / scale[:, None, None]
    flat = kept.reshape(len(kept), -1)
    eigenvalues, vectors = np.linalg.eigh(flat @ flat.T)
    inverse = (vectors / np.maximum(eigenvalues, _SMALLEST_EIGENVALUE)) @ vectors.T
    if noise_correlation is not None:
        seen = np.array([signal.oaconvolve(one, noise_correlation, mode="same") for one in kept])
        inverse = inverse @ (flat @ seen.reshape(flat.shape).T) @ inverse
    covariance = np.zeros((len(slopes), len(slopes)))
    covariance[np.ix_(inside, inside)] = inverse / np.outer(scale, scale)
    return covariance


def errors_of(derive, parameters, covariance):
    """1 σ errors of quantities derived from the parameters, by linear propagation.

    Parameters
    ----------
    derive : callable
        (M,) array → dict of float, under the names of columns: a change of an angle is taken the short way round.
    parameters : (M,) array
    covariance : (M, M) array

    Returns
    -------
    dict of float
    """
    sigma = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    here = derive(parameters)
    slopes = {name: np.zeros(len(parameters)) for name in here}
    for k in np.flatnonzero(sigma > 0):
        there = parameters.copy()
        there[k] += 1e-4 * max(abs(parameters[k]), 1e-3)
        step = there[k] - parameters[k]
        for name, value in derive(there).items():
            slopes[name][k] = wrapped_values(name, value - here[name]) / step
    return {name: float(np.sqrt(max(slope @ covariance @ slope, 0.0))) for name, slope in slopes.items()}
