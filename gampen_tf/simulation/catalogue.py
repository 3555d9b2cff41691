"""Catalogues of drawn galaxies: true values, and all that was drawn for each."""

import functools

import numpy as np
from astropy import units
from astropy.table import Table
from tqdm import tqdm

from ..core.ellipticity import mean_ellipse
from ..core.known_parameters import KNOWN_PARAMETERS, column_unit, component_parameters, galaxy_parameters
from ..io.workers import in_parts
from ..rendering.radii import half_light_radius, semi_major_axis
from ..rendering.structured_discs import structured_half_light_radius
from .galaxies import draw_galaxy
from .lights import lights_of

__all__ = ["draw_catalogue"]

_AT_ONCE = 512  # galaxies that a worker draws for one answer

# Columns that hold no parameter of a galaxy.
_OTHER_UNITS = {
    "psf_fwhm": "arcsec",
    "psf_lam_over_diameter": "arcsec",
    "psf_blur": "arcsec",
    "noise_correlation": "pix",
    "noise_drop": "pix",
    "noise_residual_direction": "deg",
    "psf_image_offset_x": "pix",
    "psf_image_offset_y": "pix",
    "mask_cosmic_ray_length": "pix",
    "mask_region_radius": "pix",
}
# Columns in the recipe's pixel unit, whatever it is.
_IN_PIXEL_UNIT = ("noise_sigma", "noise_residual_constant", "noise_residual_gradient")


def draw_catalogue(recipe, seed, indices, *, workers=1, progress_bar=False):
    """The catalogue of many galaxies: true values of their parameters, and all that was drawn for each.

    Parameters
    ----------
    recipe : Recipe
    seed : int
    indices : sequence of int
    workers : int, optional
        Processes that draw; 1 draws in this one.
    progress_bar : bool, optional

    Returns
    -------
    astropy.table.Table
        A row a galaxy, in the order of ``indices``: ``index``, ``kind``, the true values (of the whole galaxy, without
        its neighbours: ``bulge_to_total``, ``effective_radius`` of the circular aperture with half of its light,
        ``flux``, ``magnitude``, ``axis_ratio`` and ``position_angle``, see `mean_ellipse`; for galaxies of one
        component ``sersic_index`` and ``semi_major_axis`` of the half-light ellipse too), ``x`` and ``y`` (arcsec from
        the centre of the frame, which lies between pixels where its side is even, along columns and rows), each
        component's properties (``disc_flux`` …, nan where it has none; its ``effective_radius`` is that of the circle
        with the area of its half-light ellipse), ``psf_…``, ``noise_…``, ``psf_image_…``, ``mask_…`` and
        ``structure_…`` as far as the recipe has them
        (nan where a kind has no such number), ``n_neighbours``, ``neighbour_…``, ``n_stars`` and ``star_…`` (nan beyond
        their number). Fluxes are in nJy whatever the pixel unit; the noise, its residual and the gain are not.
    """
    galaxies = []
    with tqdm(total=len(indices), disable=not progress_bar, unit="galaxy", desc="catalogue") as bar:
        for some in in_parts(functools.partial(_galaxies, recipe, seed), indices, _AT_ONCE, workers):
            galaxies.extend(some)
            bar.update(len(some))
    names = list(dict.fromkeys(name for kind in recipe.kinds for name in kind.components))
    table = Table()
    table["index"] = np.asarray(indices, dtype=np.int64)
    longest = max(len(kind.name) for kind in recipe.kinds)
    table["kind"] = np.array([galaxy["kind"] for galaxy in galaxies], dtype=f"U{longest}")

    def values_of(name, key):
        return np.array([galaxy["components"].get(name, {}).get(key, np.nan) for galaxy in galaxies], dtype=float)

    def first_of(key):
        return np.array([next(iter(galaxy["components"].values()))[key] for galaxy in galaxies], dtype=float)

    components = {name: {key: values_of(name, key) for key in ("flux", *component_parameters())} for name in names}
    for key in galaxy_parameters():
        table[key] = np.array([galaxy[key] for galaxy in galaxies], dtype=np.float64)
    table["magnitude"] = recipe.zero_point - 2.5 * np.log10(table["flux"])
    stacked = {
        key: np.stack([components[name][key] for name in names], axis=1) for key in ("flux", *component_parameters())
    }
    light = (stacked[key] for key in ("flux", "effective_radius", "axis_ratio", "sersic_index"))
    table["effective_radius"] = half_light_radius(*light) if galaxies else np.zeros(0)
    for row, galaxy in enumerate(galaxies):
        if galaxy["structure"]:
            table["effective_radius"][row] = galaxy["half_light_radius"]
    alone = np.array([len(galaxy["components"]) == 1 for galaxy in galaxies], dtype=bool)
    for key in (key for key in component_parameters() if KNOWN_PARAMETERS[key].of_one_component):
        table[key] = np.where(alone, first_of(key), np.nan)
    ellipses = mean_ellipse(
        *(
            np.stack([components[name][key] for name in names], axis=1)
            for key in ("flux", "axis_ratio", "position_angle")
        )
    )
    for key, whole in zip(("axis_ratio", "position_angle"), ellipses, strict=True):
        table[key] = np.where(alone, first_of(key), whole)
    table["semi_major_axis"] = np.where(
        alone, semi_major_axis(first_of("effective_radius"), first_of("axis_ratio")), np.nan
    )
    for name in names:
        for key, values in components[name].items():
            table[f"{name}_{key}"] = values
    for group in ("psf", "noise", "psf_image", "mask", "structure"):
        for key in dict.fromkeys(key for galaxy in galaxies for key in galaxy[group]):
            everywhere = all(key in galaxy[group] for galaxy in galaxies)
            missing = None if everywhere else np.nan
            table[f"{group}_{key}"] = np.array([galaxy[group].get(key, missing) for galaxy in galaxies])
    if recipe.neighbours:
        _add_company(table, "neighbour", recipe.neighbours, galaxies, component_parameters())
    if recipe.stars:
        _add_company(table, "star", recipe.stars, galaxies, ())
    for name in table.colnames:
        in_pixel_unit = name in _IN_PIXEL_UNIT
        unit = recipe.unit if in_pixel_unit else _OTHER_UNITS.get(name) or column_unit(name)
        if unit == "nJy" and not in_pixel_unit and recipe.unit != "nJy":
            table[name] *= recipe.nanojansky
        table[name].unit = units.Unit(unit, parse_strict="silent") if unit else None
    return table


def _galaxies(recipe, seed, indices):
    galaxies = [draw_galaxy(recipe, seed, int(index)) for index in indices]
    for galaxy in galaxies:
        if galaxy["structure"]:  # no closed form, and it takes as long as all else
            smooth, discs = lights_of(galaxy)
            galaxy["half_light_radius"] = structured_half_light_radius([*smooth, *discs])
    return galaxies


def _add_company(table, word, wanted, galaxies, shape):
    """Columns of what else is in the frames: its number, and a column with as many values as there can be of it."""
    lists = [galaxy[f"{word}s"] for galaxy in galaxies]
    most = wanted["number"].support[1]
    table[f"n_{word}s"] = np.array([len(one) for one in lists], dtype=np.int64)
    most = int(most) if np.isfinite(most) else int(max(table[f"n_{word}s"], default=0))
    for key in ("flux", "x", "y", *shape):
        values = np.full((len(lists), most), np.nan)
        for row, company in enumerate(lists):
            values[row, : len(company)] = [one[key] for one in company]
        table[f"{word}_{key}"] = values
