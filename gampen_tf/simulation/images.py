"""From drawn parameters to the image of a galaxy: PSF, components, neighbours, noise."""

import numpy as np

from ..rendering.psfs import draw_psf
from ..rendering.stamps import Component, draw_stamp
from .galaxies import draw_catalogue, draw_galaxy, generator
from .galaxy_psf import galaxy_psf
from .noise import draw_noise, poisson_noise
from .recipe_file import load_recipe

__all__ = ["draw", "draw_image", "draw_image_and_psf"]


def draw_image_and_psf(recipe, seed, index):
    """Image of galaxy ``index`` of ``seed`` and that of its PSF.

    Returns
    -------
    image : (size, size) float32 array
        In the recipe's pixel unit.
    psf_image : (psf size, psf size) float32 array
        Of sum 1, with the pixel in it; None if the recipe asks for none.
    """
    galaxy = draw_galaxy(recipe, seed, index)
    components = [
        Component(**component, x=galaxy["x"], y=galaxy["y"])
        for component in galaxy["components"].values()
        if component["flux"] > 0
    ]
    components += [Component(**neighbour) for neighbour in galaxy["neighbours"]]
    psf = galaxy_psf(recipe, galaxy)
    image = draw_stamp(components, psf, recipe.size, recipe.pixel_scale)
    rng = generator(seed, index, 1)
    sky = draw_noise(recipe, galaxy["noise"], rng)
    if "gain" in galaxy["noise"]:
        image = poisson_noise(image, galaxy["noise"]["gain"], rng)
    image += sky
    return image, draw_psf(psf, recipe.psf_size, recipe.pixel_scale) if recipe.psf_size else None


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
