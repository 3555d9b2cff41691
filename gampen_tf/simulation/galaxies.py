"""Draw the parameters of galaxies from a recipe: galaxy i of seed s depends on (s, i) alone."""

import numpy as np
from astropy import units
from astropy.table import Table
from tqdm import tqdm

from ..core.known_parameters import (
    KNOWN_PARAMETERS,
    column_unit,
    component_parameters,
    galaxy_parameters,
    wrapped_values,
)
from ..rendering.radii import circularised, half_light_radius, semi_major_axis
from .distributions import Distribution
from .noise import signal_to_noise

__all__ = ["draw_catalogue", "draw_galaxy", "generator"]

# Columns that hold no parameter of a galaxy.
_OTHER_UNITS = {
    "psf_fwhm": "arcsec",
    "psf_lam_over_diameter": "arcsec",
    "psf_blur": "arcsec",
    "noise_correlation": "pix",
    "noise_drop": "pix",
}
_MAX_TRIES = 1000


def generator(seed, index, stream):
    """Counter-based random numbers of galaxy ``index``: stream 0 for its parameters, 1 for its noise."""
    key = np.array([seed, index], dtype=np.uint64)  # typed: a list with a large seed would become floats
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, stream]))


def draw_galaxy(recipe, seed, index):
    """Draw all properties of galaxy ``index``, but not the pixels of its noise.

    Where the recipe asks for a signal-to-noise ratio, galaxies are drawn from the same stream until one has it.

    Returns
    -------
    dict
        ``kind``; ``flux`` in the recipe's pixel unit; ``bulge_to_total`` (nan for one component that is neither disc
        nor bulge); ``x``, ``y``; ``components``, ``psf`` and ``noise``, dicts; ``neighbours``, a list of dicts.
    """
    rng = generator(seed, index, 0)
    wanted = recipe.signal_to_noise
    if wanted is None:
        return _draw_any_galaxy(recipe, rng)
    for _ in range(_MAX_TRIES):
        galaxy = _draw_any_galaxy(recipe, rng)
        if signal_to_noise(recipe, galaxy, wanted["within"]) > wanted["above"]:
            return galaxy
    raise ValueError(
        f"recipe {recipe.name!r}: none of {_MAX_TRIES} galaxies had a signal-to-noise ratio above {wanted['above']:g} "
        f"within {wanted['within']:g} arcsec; ask for less, or draw brighter galaxies"
    )


def _draw_any_galaxy(recipe, rng):
    edges = np.cumsum([kind.fraction for kind in recipe.kinds])
    kind = recipe.kinds[min(int(np.searchsorted(edges, rng.uniform(), side="right")), len(recipe.kinds) - 1)]
    brightness = recipe.brightness.draw(rng)
    flux = brightness if recipe.brightness_is == "flux" else recipe.flux_of(brightness)
    names = list(kind.components)
    if kind.bulge_to_total is not None:
        bulge_to_total = kind.bulge_to_total.draw(rng)
        share = {"disc": 1 - bulge_to_total, "bulge": bulge_to_total}
    else:
        bulge_to_total = {"disc": 0.0, "bulge": 1.0}.get(names[0], np.nan)
        share = {names[0]: 1.0}
    components = {}
    for name in names:
        component = {"flux": share[name] * flux}
        for key, distribution in kind.components[name].items():
            component[key] = distribution.draw(rng)
            if distribution.relative_to is not None:
                component[key] += components[distribution.relative_to][key]
        if "semi_major_axis" in component:
            component["effective_radius"] = circularised(component.pop("semi_major_axis"), component["axis_ratio"])
        components[name] = {key: wrapped_values(key, value) for key, value in component.items()}
    galaxy = {
        "kind": kind.name,
        "flux": flux,
        "bulge_to_total": bulge_to_total,
        "x": recipe.centre["x"].draw(rng) if "x" in recipe.centre else 0.0,
        "y": recipe.centre["y"].draw(rng) if "y" in recipe.centre else 0.0,
        "components": components,
    }
    for group, source in (("psf", recipe.psf), ("noise", recipe.noise)):
        drawn = {"file": int(rng.integers(len(source["files"])))} if "files" in source else {}
        drawn.update({key: one.draw(rng) for key, one in source.items() if isinstance(one, Distribution)})
        galaxy[group] = drawn
    galaxy["neighbours"] = _neighbours(recipe, galaxy, rng) if recipe.neighbours else []
    return galaxy


def _neighbours(recipe, galaxy, rng):
    wanted = recipe.neighbours
    given = [key for key in component_parameters() if key in wanted]
    half_turns = {key: 0.5 * KNOWN_PARAMETERS[key].period for key in component_parameters() if key not in wanted}
    neighbours = []
    for _ in range(int(wanted["number"].draw(rng))):
        distance, direction = wanted["distance"].draw(rng), rng.uniform(0, 2 * np.pi)
        if "flux_ratio" in wanted:
            flux = galaxy["flux"] * wanted["flux_ratio"].draw(rng)
        else:
            flux = recipe.flux_of(wanted["magnitude"].draw(rng))
        neighbour = {
            "flux": flux,
            "x": galaxy["x"] + distance * np.cos(direction),
            "y": galaxy["y"] + distance * np.sin(direction),
            **{key: rng.uniform(-half, half) for key, half in half_turns.items()},
        }
        neighbour.update({key: wanted[key].draw(rng) for key in given})
        neighbours.append(neighbour)
    return neighbours


def draw_catalogue(recipe, seed, indices, *, progress_bar=False):
    """The catalogue of many galaxies: true values of their parameters, and all that was drawn for each.

    Parameters
    ----------
    recipe : Recipe
    seed : int
    indices : sequence of int
    progress_bar : bool, optional

    Returns
    -------
    astropy.table.Table
        A row a galaxy, in the order of ``indices``: ``index``, ``kind``, the true values (of the whole galaxy, without
        its neighbours: ``bulge_to_total``, ``effective_radius`` of the circular aperture with half of its light,
        ``flux``, ``magnitude``; for galaxies of one component ``sersic_index``, ``axis_ratio``, ``position_angle`` and
        ``semi_major_axis`` of the half-light ellipse too), ``x`` and ``y`` (arcsec from the centre of the frame, which
        lies between pixels where its side is even, along columns and rows), each component's properties (``disc_flux``
        …, nan where it has none; its ``effective_radius`` is that of the circle with the area of its half-light
        ellipse), ``psf_…``, ``noise_…``, and, if the recipe has neighbours, ``n_neighbours`` and ``neighbour_…`` (nan
        beyond their number). Fluxes are in nJy whatever the pixel unit; ``noise_sigma`` and ``noise_gain`` are not.
    """
    bar = tqdm(indices, disable=not progress_bar, unit="galaxy", desc="catalogue")
    galaxies = [draw_galaxy(recipe, seed, int(index)) for index in bar]
    names = list(dict.fromkeys(name for kind in recipe.kinds for name in kind.components))
    table = Table()
    table["index"] = np.asarray(indices, dtype=np.int64)
    longest = max(len(kind.name) for kind in recipe.kinds)
    table["kind"] = np.array([galaxy["kind"] for galaxy in galaxies], dtype=f"U{longest}")

    def values_of(name, key):
        return np.array([galaxy["components"].get(name, {}).get(key, np.nan) for galaxy in galaxies], dtype=float)

    components = {name: {key: values_of(name, key) for key in ("flux", *component_parameters())} for name in names}
    for key in galaxy_parameters():
        table[key] = np.array([galaxy[key] for galaxy in galaxies], dtype=np.float64)
    table["magnitude"] = recipe.zero_point - 2.5 * np.log10(table["flux"])
    stacked = [
        np.stack([components[name][key] for name in names], axis=1)
        for key in ("flux", "effective_radius", "axis_ratio", "sersic_index")
    ]
    table["effective_radius"] = half_light_radius(*stacked) if galaxies else np.zeros(0)
    alone = np.array([len(galaxy["components"]) == 1 for galaxy in galaxies], dtype=bool)
    for key in (key for key in component_parameters() if KNOWN_PARAMETERS[key].of_one_component):
        first = np.array([next(iter(galaxy["components"].values()))[key] for galaxy in galaxies], dtype=np.float64)
        table[key] = np.where(alone, first, np.nan)
    circle = np.array([next(iter(galaxy["components"].values()))["effective_radius"] for galaxy in galaxies])
    table["semi_major_axis"] = semi_major_axis(circle, table["axis_ratio"])
    for name in names:
        for key, values in components[name].items():
            table[f"{name}_{key}"] = values
    for group in ("psf", "noise"):
        for key in galaxies[0][group] if galaxies else ():
            table[f"{group}_{key}"] = np.array([galaxy[group][key] for galaxy in galaxies])
    if recipe.neighbours:
        _add_neighbours(table, recipe, galaxies)
    for name in table.colnames:
        unit = recipe.unit if name == "noise_sigma" else _OTHER_UNITS.get(name) or column_unit(name)
        if unit == "nJy" and name != "noise_sigma" and recipe.unit != "nJy":
            table[name] *= recipe.nanojansky
        table[name].unit = units.Unit(unit, parse_strict="silent") if unit else None
    return table


def _add_neighbours(table, recipe, galaxies):
    most = recipe.neighbours["number"].support[1]
    table["n_neighbours"] = np.array([len(galaxy["neighbours"]) for galaxy in galaxies], dtype=np.int64)
    most = int(most) if np.isfinite(most) else int(max(table["n_neighbours"], default=0))
    for key in ("flux", "x", "y", *component_parameters()):
        values = np.full((len(galaxies), most), np.nan)
        for row, galaxy in enumerate(galaxies):
            values[row, : len(galaxy["neighbours"])] = [one[key] for one in galaxy["neighbours"]]
        table[f"neighbour_{key}"] = values
