"""Transforms of light on grids finer than the pixels, at the wave numbers of the pixels."""

import functools

import numpy as np

from .psfs import wave_numbers

__all__ = ["grid_positions", "grid_transform"]


def grid_positions(n, step):
    """Coordinates of n points along an axis, the middle of which is the origin."""
    return (np.arange(n) - (n - 1) / 2) * step


@functools.lru_cache(maxsize=32)
def _waves(n, step, period, pixel_scale):
    """Cosine and sine at the points of an axis, for the wave numbers that are not negative: (wave numbers, n) each."""
    kx = wave_numbers(period, pixel_scale)[0].astype(np.float64)
    phase = kx.T * grid_positions(n, step)
    return np.cos(phase).astype(np.float32), np.sin(phase).astype(np.float32)


def grid_transform(light, step, period, pixel_scale):
    """Fourier transform of light on a grid of any step, by products of matrices: the step need not divide the pixel.

    Parameters
    ----------
    light : (rows, columns) array of float32
        Flux at each point; the middle of the grid is the origin.
    step : float
        arcsec.
    period : int
        Side of the Fourier grid in pixels.
    pixel_scale : float
        arcsec.

    Returns
    -------
    (period, period // 2 + 1) array of complex64, as `scipy.fft.irfft2` orders it
    """
    cosine_y, sine_y = _waves(light.shape[0], step, period, pixel_scale)
    cosine_x, sine_x = _waves(light.shape[1], step, period, pixel_scale)
    even, odd = light @ cosine_x.T, light @ sine_x.T
    cc, cs, sc, ss = cosine_y @ even, cosine_y @ odd, sine_y @ even, sine_y @ odd
    transform = np.empty((period, period // 2 + 1), np.complex64)
    n_positive = (period + 1) // 2
    positive, negative = slice(0, n_positive), slice(period // 2, 0, -1)
    transform.real[:n_positive], transform.imag[:n_positive] = (cc - ss)[positive], -(sc + cs)[positive]
    transform.real[n_positive:], transform.imag[n_positive:] = (cc + ss)[negative], (sc - cs)[negative]
    return transform
