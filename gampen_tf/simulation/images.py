"""From drawn parameters to the image of a galaxy: PSF, components, neighbours, noise."""

import functools

import galsim
import numpy as np
from astropy.io import fits
from scipy import ndimage

from gampen_tf.recipes import load_recipe
from gampen_tf.simulation.galaxies import draw_catalogue, draw_galaxy, generator
from gampen_tf.simulation.stamps import Component, draw_stamp

__all__ = ["draw", "draw_image", "galaxy_psf"]


@functools.lru_cache(maxsize=128)
def _psf_from_file(path, pixel_scale):
    with fits.open(path) as hdus:
        hdu = next(hdu for hdu in hdus if hdu.data is not None)
        image = np.asarray(hdu.data, dtype=np.float64)
    if image.ndim != 2 or not np.isfinite(image).all() or image.sum() <= 0:
        raise ValueError(f"{path}: expected a finite 2-D PSF image of positive sum, found shape {image.shape}")
    # The pixel response is in the measured PSF already; the drawing adds one more unless it is taken out.
    measured = galsim.InterpolatedImage(galsim.Image(image, scale=pixel_scale), flux=1.0)
    return galsim.Convolve([measured, galsim.Deconvolve(galsim.Pixel(pixel_scale))])


@functools.lru_cache(maxsize=16)
def _sky(path, size):
    with fits.open(path) as hdus:
        hdu = next(hdu for hdu in hdus if hdu.data is not None)
        sky = np.asarray(hdu.data, dtype=np.float32)
    if sky.ndim != 2 or min(sky.shape) < size or not np.isfinite(sky).all():
        raise ValueError(f"{path}: expected finite sky pixels, at least {size} x {size}; found shape {sky.shape}")
    return sky


def galaxy_psf(recipe, galaxy):
    """The PSF of a drawn galaxy, a `galsim.GSObject` of unit flux without the pixel."""
    psf = galaxy["psf"]
    if "file" in psf:
        return _psf_from_file(recipe.psf["files"][psf["file"]], recipe.psf.get("pixel_scale", recipe.pixel_scale))
    return galsim.Moffat(beta=psf["beta"], fwhm=psf["fwhm"]).shear(
        q=psf["axis_ratio"], beta=psf["position_angle"] * galsim.degrees
    )


def _noise(recipe, noise, rng):
    size = recipe.size
    if "file" in noise:
        sky = _sky(recipe.noise["files"][noise["file"]], size)
        row, column = (int(rng.integers(side - size + 1)) for side in sky.shape)
        return np.rot90(sky[row : row + size, column : column + size], int(rng.integers(4)))
    correlation = noise.get("correlation", 0.0)
    if correlation == 0:
        return rng.standard_normal((size, size), dtype=np.float32) * np.float32(noise["sigma"])
    pad = int(np.ceil(4 * correlation))
    white = rng.standard_normal((size + 2 * pad, size + 2 * pad), dtype=np.float32)
    blurred = ndimage.gaussian_filter(white, correlation, mode="wrap", truncate=4.0)
    kernel = np.zeros(2 * pad + 1)
    kernel[pad] = 1
    kernel = ndimage.gaussian_filter1d(kernel, correlation, mode="constant", truncate=4.0)
    # Variance per pixel stays sigma²: the blur has multiplied it by the sum of the squared kernel.
    return blurred[pad : pad + size, pad : pad + size] * np.float32(noise["sigma"] / np.sum(kernel**2))


def draw_image(recipe, seed, index):
    """Image of galaxy ``index`` of ``seed``: (size, size) float32, in the recipe's pixel unit."""
    galaxy = draw_galaxy(recipe, seed, index)
    components = [
        Component(**component, x=galaxy["x"], y=galaxy["y"])
        for component in galaxy["components"].values()
        if component["flux"] > 0
    ]
    components += [Component(**neighbour) for neighbour in galaxy["neighbours"]]
    image = draw_stamp(components, galaxy_psf(recipe, galaxy), recipe.size, recipe.pixel_scale)
    image += _noise(recipe, galaxy["noise"], generator(seed, index, 1))
    return image


def draw(recipe, seed, indices):
    """Draw galaxies in memory.

    Parameters
    ----------
    recipe : str, path, dict or Recipe
    seed : int
    indices : sequence of int

    Returns
    -------
    images : (N, H, W, 1) float32 array
    catalogue : astropy.table.Table
        See `draw_catalogue`.
    """
    recipe = load_recipe(recipe)
    images = np.empty((len(indices), recipe.size, recipe.size, 1), dtype=np.float32)
    for row, index in enumerate(indices):
        images[row, ..., 0] = draw_image(recipe, seed, int(index))
    return images, draw_catalogue(recipe, seed, indices)
