"""Noise-free images of galaxies with measured values in place of the true ones, for residual images.

Three measured numbers leave open how a galaxy is flattened or turned. The galaxy is therefore redrawn
as it was simulated, with what was measured put in: total flux, share of the bulge, radii scaled alike until half of the
light lies within the measured radius, and the shape and centre if those were measured. The difference from the image
then shows what the errors of the measurement cost.
"""

from __future__ import annotations

import numpy as np

from ..core.ellipticity import NAMES as ELLIPTICITY
from ..core.ellipticity import axis_ratio_and_angle
from ..core.known_parameters import KNOWN_PARAMETERS, component_parameters
from ..rendering.radii import circularised
from ..rendering.stamps import Component, PointSource, draw_stamp
from ..rendering.structured_discs import structured_half_light_radius
from .galaxies import draw_galaxy
from .lights import lights_of
from .psf_families import psf_of
from .recipe_file import load_recipe

__all__ = ["redraw", "reduced_chi_squared"]

# Beyond, squares overflow the single precision in which images are drawn.
_LARGEST = 1e15


def redraw(data, indices, values, names):
    """Noise-free images of galaxies of a simulated data set, with measured values in place of the true ones.

    Parameters
    ----------
    data : DataSet
        With the recipe that made it.
    indices : (n,) int array
        Images of the data set.
    values : (n, P) array
        Measured values, in the units of the data set. Of a single component, a Sérsic index or axis ratio that cannot
        be drawn is moved to the nearest that can.
    names : sequence of P str

    Returns
    -------
    (n, H, W) float32 array
        In the data set's pixel unit; NaN where a value is NaN or reaches 10¹⁵.

    Raises
    ------
    ValueError
        If the data set holds no recipe or is several joined, or its recipe draws others than it holds.
    """
    if not data.recipe:
        raise ValueError(f"{data.path}: no recipe in dataset.json; only simulated galaxies can be redrawn")
    if isinstance(data.recipe, list):
        raise ValueError(f"{data.path}: several data sets joined, of a recipe each; redraw the galaxies of one of them")
    recipe = load_recipe(data.recipe, folder=data.recipe_folder)
    images = np.full((len(indices), recipe.size, recipe.size), np.nan, np.float32)
    for row, (index, measured) in enumerate(zip(indices, np.asarray(values, float), strict=True)):
        measured = dict(zip(names, measured, strict=True))
        if not all(np.isfinite(value) and abs(value) < _LARGEST for value in measured.values()):
            continue
        galaxy = draw_galaxy(recipe, data.seed, int(data.catalogue["index"][index]))
        expected = float(data.catalogue["flux"][index])
        if abs(galaxy["flux"] * recipe.nanojansky - expected) > 1e-6 * expected:
            raise ValueError(
                f"{data.path}: the recipe in dataset.json draws galaxy {index} with a flux of "
                f"{galaxy['flux'] * recipe.nanojansky:.6g} nJy, the catalogue has {expected:.6g}; simulate the data "
                "set again with this version to have residual images"
            )
        components, discs = _as_measured(galaxy, measured, recipe)
        components += [Component(**neighbour) for neighbour in galaxy["neighbours"]]
        components += [PointSource(**star) for star in galaxy["stars"]]
        images[row] = draw_stamp(components, psf_of(recipe, galaxy), recipe.size, recipe.pixel_scale, discs=discs)
    return images


def reduced_chi_squared(images, models, noise, radius, pixel_scale, n_parameters=0):
    """Squared differences over the variance of the sky, within a circle about the centre, per degree of freedom.

    Parameters
    ----------
    images, models : (n, H, W) array
    noise : float or (n,) array
        Standard deviation of the sky per pixel.
    radius : (n,) array
        Of the circle, arcsec; at least one pixel is taken.
    pixel_scale : float
        arcsec.
    n_parameters : int, optional
        Number of parameters that were fitted to these pixels, taken from the degrees of freedom: 7 in the paper.

    Returns
    -------
    (n,) array
        About 1 for a perfect model (Li et al. 2022, equation 11, with a circle of one effective radius); NaN where the
        circle has no more pixels than there are parameters.
    """
    images, models = np.asarray(images, float), np.asarray(models, float)
    height, width = images.shape[1:]
    y, x = np.mgrid[:height, :width]
    distance = pixel_scale * np.hypot(x - 0.5 * (width - 1), y - 0.5 * (height - 1))
    reach = np.maximum(np.asarray(radius, float), 0.75 * pixel_scale)
    inside = distance <= reach[:, None, None]
    squares = ((images - models) / np.reshape(np.broadcast_to(noise, len(images)), (-1, 1, 1))) ** 2
    freedom = np.sum(inside, axis=(1, 2)) - n_parameters
    return np.sum(np.where(inside, squares, 0.0), axis=(1, 2)) / np.where(freedom > 0, freedom, np.nan)


def _as_measured(galaxy, measured, recipe):
    """Components and structured discs of a drawn galaxy with the measured values in them."""
    flux = measured["flux"] / recipe.nanojansky if "flux" in measured else galaxy["flux"]
    if "magnitude" in measured:
        flux = recipe.flux_of(measured["magnitude"])
    components = {name: dict(properties) for name, properties in galaxy["components"].items()}
    if len(components) == 1:
        only = next(iter(components.values()))
        shape = {key: KNOWN_PARAMETERS[key] for key in component_parameters() if key != "effective_radius"}
        only.update({key: measured[key] for key in shape if key in measured}, flux=flux)
        if set(ELLIPTICITY) <= set(measured):
            ellipse = axis_ratio_and_angle(*(measured[name] for name in ELLIPTICITY))
            only.update(zip(("axis_ratio", "position_angle"), map(float, ellipse), strict=True))
        for key, known in shape.items():
            if known.period is None:  # a point estimate may lie beyond what can be drawn
                low, high = known.draw.limits
                only[key] = min(max(only[key], low), high)
        if "semi_major_axis" in measured:
            only["effective_radius"] = circularised(measured["semi_major_axis"], only["axis_ratio"])
    else:
        bulge_to_total = measured.get("bulge_to_total", galaxy["bulge_to_total"])
        components["disc"]["flux"], components["bulge"]["flux"] = (1 - bulge_to_total) * flux, bulge_to_total * flux
    galaxy = {**galaxy, **{key: measured.get(key, galaxy[key]) for key in ("x", "y")}, "components": components}
    if "effective_radius" in measured:
        lights, discs = lights_of(galaxy)
        factor = measured["effective_radius"] / structured_half_light_radius([*lights, *discs])
        for component in components.values():
            component["effective_radius"] *= factor
    return lights_of(galaxy)
