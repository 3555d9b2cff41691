"""From drawn parameters to the image of a galaxy: PSF, components, neighbours, noise."""

import numpy as np

from ..rendering.stamps import Component, PointSource, draw_stamp
from .catalogue import draw_catalogue
from .galaxies import draw_galaxy, generator
from .lights import lights_of
from .masks import draw_mask
from .noise import draw_noise, photon_noise
from .psf_families import psf_of
from .psf_stamps import draw_psf_stamp
from .recipe_file import load_recipe

__all__ = ["draw", "draw_image", "draw_image_and_psf"]


def draw_image_and_psf(recipe, seed, index):
    """Image of galaxy ``index`` of ``seed`` and that of its PSF.

    Returns
    -------
    image : (size, size) float32 array
        In the recipe's pixel unit; NaN where it is masked.
    psf_image : (psf size, psf size) float32 array
        With the pixel in it, of sum 1 unless the recipe has faults; None if the recipe asks for none.
    """
    galaxy = draw_galaxy(recipe, seed, index)
    components, discs = lights_of(galaxy)
    components += [Component(**neighbour) for neighbour in galaxy["neighbours"]]
    components += [PointSource(**star) for star in galaxy["stars"]]
    psf = psf_of(recipe, galaxy)
    image = draw_stamp(components, psf, recipe.size, recipe.pixel_scale, discs=discs)
    rng = generator(seed, index, 1)
    sky = draw_noise(recipe, galaxy["noise"], rng)
    if "gain" in galaxy["noise"]:
        image += photon_noise(image, galaxy["noise"]["gain"], rng)
    image += sky
    if recipe.masks:
        image[draw_mask(recipe.size, galaxy["mask"], generator(seed, index, 2))] = np.nan
    if not recipe.psf_size:
        return image, None
    faults = galaxy["psf_image"]
    return image, draw_psf_stamp(psf, recipe.psf_size, recipe.pixel_scale, faults, generator(seed, index, 3))


def draw_image(recipe, seed, index):
    """Image of galaxy ``index`` of ``seed``: (size, size) float32, in the recipe's pixel unit."""
    return draw_image_and_psf(recipe, seed, index)[0]


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
