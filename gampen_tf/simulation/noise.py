"""Noise of the sky, Poisson noise of the light, and the signal-to-noise ratio of a galaxy."""

import functools

import numpy as np
from astropy.io import fits
from scipy import ndimage

from ..rendering.stamps import draw_stamp
from .lights import lights_of
from .psf_families import psf_of

__all__ = ["draw_noise", "photon_noise", "signal_to_noise"]


@functools.lru_cache(maxsize=16)
def _sky(path, size):
    with fits.open(path) as hdus:
        hdu = next((hdu for hdu in hdus if hdu.is_image and hdu.data is not None), None)
        sky = None if hdu is None else np.asarray(hdu.data, dtype=np.float32)
    if sky is None or sky.ndim != 2 or min(sky.shape) < size or not np.isfinite(sky).all():
        found = "no image" if sky is None else f"shape {sky.shape}, {np.sum(~np.isfinite(sky))} pixels not finite"
        raise ValueError(f"{path}: expected finite sky pixels, at least {size} x {size}; found {found}")
    return sky


@functools.lru_cache(maxsize=16)
def _sky_sigma(path, size):
    """Standard deviation of the sky by the median absolute deviation, which hardly counts the sources in the field."""
    sky = _sky(path, size)
    # not astropy.stats.mad_std, whose factor has more digits: noise that was drawn before would be another
    return 1.4826 * float(np.median(abs(sky - np.median(sky))))


def _smoothed(size, rng, sigma, reach, smooth):
    """Noise of standard deviation ``sigma``, of white noise that a separable kernel has smoothed."""
    white = rng.standard_normal((size + 2 * reach, size + 2 * reach), dtype=np.float32)
    kernel = np.zeros(2 * reach + 1)
    kernel[reach] = 1
    kernel = smooth(kernel)
    # Variance per pixel stays sigma²: the smoothing has multiplied it by the square of this sum.
    return smooth(white)[reach : reach + size, reach : reach + size] * np.float32(sigma / np.sum(kernel**2))


def _drop_kernel(side):
    """Overlap of a square drop, ``side`` pixels wide about the centre of a pixel, with that pixel and those beside."""
    reach = int(np.ceil((side + 1) / 2)) - 1
    edges = np.arange(-reach, reach + 1)
    return np.clip(np.minimum(edges + 0.5, side / 2) - np.maximum(edges - 0.5, -side / 2), 0, None) / side


def draw_noise(recipe, noise, rng):
    """Noise of the sky for one image, and what the subtraction of the sky has left.

    Parameters
    ----------
    recipe : Recipe
    noise : dict
        What the galaxy drew: ``file``; or ``sigma``, and ``correlation`` or ``drop``; ``residual_constant``, and
        ``residual_gradient`` with its ``residual_direction``.
    rng : numpy.random.Generator

    Returns
    -------
    (size, size) array of float32
    """
    image = _random_noise(recipe, noise, rng)
    if "residual_constant" in noise or "residual_gradient" in noise:
        image = image + _residual(recipe.size, noise)
    return image


def _residual(size, noise):
    """A constant, and a plane whose change across the frame is the gradient."""
    position = np.linspace(-0.5, 0.5, size)
    slope = noise.get("residual_gradient", 0.0)
    angle = np.deg2rad(noise.get("residual_direction", 0.0))
    plane = slope * (np.cos(angle) * position[None, :] + np.sin(angle) * position[:, None])
    return (noise.get("residual_constant", 0.0) + plane).astype(np.float32)


def _random_noise(recipe, noise, rng):
    """Noise of the sky alone, of mean zero where it is drawn."""
    size = recipe.size
    if "file" in noise:
        sky = _sky(recipe.noise["files"][noise["file"]], size)
        row, column = (int(rng.integers(side - size + 1)) for side in sky.shape)
        return np.rot90(sky[row : row + size, column : column + size], int(rng.integers(4)))
    if noise.get("drop", 0.0) > 1:
        kernel = _drop_kernel(noise["drop"])

        def smooth(array):
            for axis in range(array.ndim):
                array = ndimage.convolve1d(array, kernel, axis=axis, mode="constant")
            return array

        return _smoothed(size, rng, noise["sigma"], len(kernel) // 2, smooth)
    correlation = noise.get("correlation", 0.0)
    if correlation == 0:
        return rng.standard_normal((size, size), dtype=np.float32) * np.float32(noise["sigma"])

    def smooth(array):
        # The edges are cut away afterwards; the kernel's own array is as wide as the kernel.
        mode = "wrap" if array.ndim == 2 else "constant"
        return ndimage.gaussian_filter(array, correlation, mode=mode, truncate=4.0)

    return _smoothed(size, rng, noise["sigma"], int(np.ceil(4 * correlation)), smooth)


def photon_noise(image, gain, rng):
    """Noise of a galaxy's own light: of variance image / gain.

    Normal, not Poisson: the electrons of the sky, far more than one a pixel, are counted with those of the galaxy.

    Parameters
    ----------
    image : array of float32
        Light without sky; where rounding has made it negative there is no noise.
    gain : float
        Electrons per pixel unit.
    rng : numpy.random.Generator

    Returns
    -------
    array of float32
    """
    sigma = np.sqrt(np.maximum(image, 0) * np.float32(1 / gain))
    return sigma * rng.standard_normal(image.shape, dtype=np.float32)


def signal_to_noise(recipe, galaxy, radius):
    """Signal-to-noise ratio of a galaxy, without its neighbours, within a circle about its centre.

    The noise is the root of N σ² + F / gain: N pixels of sky, taken as independent, and the light F itself.

    Parameters
    ----------
    recipe : Recipe
    galaxy : dict
        See `draw_galaxy`.
    radius : float
        arcsec; pixels count whose centre is inside.
    """
    components, discs = lights_of(galaxy)
    image = draw_stamp(components, psf_of(recipe, galaxy), recipe.size, recipe.pixel_scale, discs=discs)
    position = (np.arange(recipe.size) - (recipe.size - 1) / 2) * recipe.pixel_scale
    inside = np.hypot(position[None, :] - galaxy["x"], position[:, None] - galaxy["y"]) < radius
    light, noise = float(image[inside].sum(dtype=np.float64)), galaxy["noise"]
    sigma = _sky_sigma(recipe.noise["files"][noise["file"]], recipe.size) if "file" in noise else noise["sigma"]
    variance = inside.sum() * sigma**2 + (max(light, 0.0) / noise["gain"] if "gain" in noise else 0.0)
    return light / np.sqrt(variance) if variance > 0 else np.inf
