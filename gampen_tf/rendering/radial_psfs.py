"""PSFs in closed form, drawn without GalSim: sums of Moffat profiles, and Kolmogorov turbulence.

Each is a round profile, sheared at constant area as a `Component` is, and blurred by a round Gaussian (jitter,
diffusion of charge in the detector). Parameters that differ from galaxy to galaxy cost no more than fixed ones: to make
the table of a Moffat profile takes less time than to read it.
"""

import functools

import numpy as np

from .lookup import LogTable
from .profiles import shape_matrix
from .psfs import wave_numbers

__all__ = ["KolmogorovPsf", "MoffatPsf", "gaussian_transform"]

# The table of a Moffat profile: ln (k r_d)² at its ends, and its steps. Below the lower end the transform is 1 to 1e-6,
# beyond the upper end it is under 1e-6, for each β of this range.
_BETAS = 1.5, 10.0
_LOG_MIN, _LOG_MAX, _N_STEPS = 2 * np.log(1e-6), 2 * np.log(30.0), 4096
_LOG_PRECISIONS = np.arange(-33.0, 5.0, 0.3)  # of the Gaussians that a Moffat profile is the sum of, in units of r_d
_KOLMOGOROV = 2.920700608  # FWHM times k₀
_FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))


def gaussian_transform(fwhm, period, pixel_scale):
    """Transform of a round Gaussian on the half plane: (period, period // 2 + 1) array of float32."""
    kx, ky, _ = wave_numbers(period, pixel_scale)
    half_variance = np.float32(0.5 * (fwhm / _FWHM_PER_SIGMA) ** 2)
    return np.exp(-half_variance * ky**2) * np.exp(-half_variance * kx**2)


class _ShearedPsf:
    """A round profile of the scale radius ``radius``, sheared and blurred."""

    def __init__(self, radius, axis_ratio, position_angle, blur):
        self._shape = tuple(np.float32(one) for one in shape_matrix(radius, axis_ratio, position_angle))
        self._blur = blur

    def transform(self, period, pixel_scale):
        """Transform of PSF and pixel on the half plane: (period, period // 2 + 1) array of float32."""
        kx, ky, pixel = wave_numbers(period, pixel_scale)
        xx, yy, xy = self._shape
        k_squared = xx * kx**2 + yy * ky**2
        k_squared += (2 * xy * kx) * ky
        transform = self._round_transform(k_squared)
        transform *= pixel
        if self._blur:
            transform *= gaussian_transform(self._blur, period, pixel_scale)
        return transform


@functools.lru_cache(maxsize=1)
def _gaussians():
    """Transforms of Gaussians on the table's grid, (steps + 1, Gaussians): exp(−x² e^{−v} / 4)."""
    x_squared = np.exp(np.linspace(_LOG_MIN, _LOG_MAX, _N_STEPS + 1))
    return np.exp(-0.25 * x_squared[:, None] * np.exp(-_LOG_PRECISIONS)).astype(np.float32)


@functools.lru_cache(maxsize=64)
def _moffat_table(betas, ratios, weights):
    """Transform of a sum of Moffat profiles against (k r_d)², r_d that of the profile of ratio 1.

    A Moffat profile is a sum of Gaussians whose precisions follow a gamma distribution. The substitution s = e^v in

        2 (x/2)^ν K_ν(x) / Γ(ν) = ∫ s^{ν−1} exp(−s − x² / 4s) ds / Γ(ν),    ν = β − 1,

    makes of it an integral for the trapezoidal rule, with Gaussians that are the same for any β.
    """
    total = np.zeros(len(_LOG_PRECISIONS))
    for beta, ratio, weight in zip(betas, ratios, weights, strict=True):
        log_s = _LOG_PRECISIONS + 2 * np.log(ratio)
        gamma = np.exp((beta - 1) * log_s - np.exp(log_s))
        total += weight * gamma / gamma.sum()
    values = _gaussians() @ total.astype(np.float32)
    values[0] = 1.0  # what the flux is measured by
    return LogTable(_LOG_MIN, _LOG_MAX, values)


class MoffatPsf(_ShearedPsf):
    """Sum of Moffat profiles (1 + r² / r_d²)^{−β} of one shape, without the pixel (Moffat 1969).

    The transform of each is 2 (k r_d / 2)^{β−1} K_{β−1}(k r_d) / Γ(β−1), here right to 1e-5.

    Parameters
    ----------
    fwhm, beta : float or sequence of float
        Of each profile before the shear, arcsec; β from 1.5 to 10.
    weights : sequence of float, optional
        Part of the light of each; scaled to a sum of 1.
    axis_ratio : float, optional
    position_angle : float, optional
        Of the major axis, degrees from +x (columns) towards +y (rows).
    blur : float, optional
        FWHM of a round Gaussian that the PSF is convolved with, arcsec.
    """

    def __init__(self, fwhm, beta, weights=(1.0,), *, axis_ratio=1.0, position_angle=0.0, blur=0.0):
        fwhm, beta, weights = (np.atleast_1d(np.asarray(one, dtype=np.float64)) for one in (fwhm, beta, weights))
        if not fwhm.shape == beta.shape == weights.shape:
            raise ValueError(
                f"MoffatPsf: expected as many FWHM as β and weights, found {len(fwhm)}, {len(beta)} and {len(weights)}"
            )
        if not ((beta >= _BETAS[0]) & (beta <= _BETAS[1])).all():
            raise ValueError(f"MoffatPsf: expected β from {_BETAS[0]} to {_BETAS[1]}, found {beta.tolist()}")
        self._radii, self._betas = fwhm / (2 * np.sqrt(2 ** (1 / beta) - 1)), beta
        self._weights = weights / weights.sum()
        smallest = self._radii.min()
        ratios = self._radii / smallest
        self._table = _moffat_table(tuple(beta.tolist()), tuple(ratios.tolist()), tuple(self._weights.tolist()))
        super().__init__(smallest, axis_ratio, position_angle, blur)

    def _round_transform(self, k_squared):
        return self._table(k_squared)

    def light_beyond(self, radius):
        """Fraction of the light beyond a radius (arcsec) of the round profiles: Σ w (1 + r² / r_d²)^{1−β}."""
        return float(np.sum(self._weights * (1 + (radius / self._radii) ** 2) ** (1 - self._betas)))


class KolmogorovPsf(_ShearedPsf):
    """PSF of long exposures through Kolmogorov turbulence, without the pixel: exp(−(k / k₀)^{5/3}) (Fried 1966).

    Parameters
    ----------
    fwhm : float
        Before the shear, arcsec.
    axis_ratio, position_angle, blur : float, optional
        As of `MoffatPsf`.
    """

    def __init__(self, fwhm, *, axis_ratio=1.0, position_angle=0.0, blur=0.0):
        self._radius = fwhm / _KOLMOGOROV
        super().__init__(self._radius, axis_ratio, position_angle, blur)

    def _round_transform(self, k_squared):
        np.maximum(k_squared, np.float32(1e-30), out=k_squared)
        np.log(k_squared, out=k_squared)
        k_squared *= np.float32(5 / 6)
        np.exp(k_squared, out=k_squared)
        np.negative(k_squared, out=k_squared)
        return np.exp(k_squared, out=k_squared)

    def light_beyond(self, radius):
        """Fraction of the light beyond a radius (arcsec) of the round profile.

        By three terms of an asymptotic series: the j-th power of (k / k₀)^μ in the transform leaves
        (−1)^{j+1} 2^{jμ} sin(π j μ / 2) Γ(1 + j μ / 2) Γ(j μ / 2) / (π j!) R^{−jμ} beyond R = k₀ r. Right to 1.5 %
        beyond one FWHM, too much within it.
        """
        reduced = (radius / self._radius) ** (-5 / 3)
        return float(min(1.0, 0.5365122 * reduced + 1.8869626 * reduced**2 + 7.5 * reduced**3))
