"""Draw the parameters of galaxies from a recipe: galaxy i of seed s depends on (s, i) alone."""

import numpy as np
from astropy import units
from astropy.table import Table

from gampen_tf.simulation.radii import half_light_radius

__all__ = ["draw_galaxy", "draw_catalogue", "generator"]

_PROPERTIES = ("effective_radius", "sersic_index", "axis_ratio", "position_angle")
_NEIGHBOUR = ("flux", "x", "y", "effective_radius", "sersic_index", "axis_ratio", "position_angle")
_UNITS = {
    "flux": units.nJy,
    "effective_radius": units.arcsec,
    "fwhm": units.arcsec,
    "position_angle": units.deg,
    "magnitude": units.mag,
    "sigma": units.nJy,
    "correlation": units.pix,
}


def generator(seed, index, stream):
    """Counter-based random numbers of galaxy ``index``: stream 0 for its parameters, 1 for its noise."""
    return np.random.Generator(np.random.Philox(key=[seed, index], counter=[0, 0, 0, stream]))


def _wrapped(angle):
    """The same orientation in [−90°, 90°)."""
    return (angle + 90.0) % 180.0 - 90.0


def draw_galaxy(recipe, seed, index):
    """Everything that is random about galaxy ``index`` but its noise.

    Returns
    -------
    dict
        ``kind``; ``flux``; ``bulge_to_total`` (nan for one component that is neither disc nor bulge); ``x``, ``y``;
        ``components`` and ``psf`` and ``noise``, dicts; ``neighbours``, a list of dicts.
    """
    rng = generator(seed, index, 0)
    edges = np.cumsum([kind.fraction for kind in recipe.kinds])
    kind = recipe.kinds[min(int(np.searchsorted(edges, rng.uniform(), side="right")), len(recipe.kinds) - 1)]
    brightness = recipe.brightness.draw(rng)
    flux = brightness if recipe.brightness_is == "flux" else 10 ** (-0.4 * (brightness - recipe.zero_point))
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
        for key in _PROPERTIES:
            distribution = kind.components[name][key]
            component[key] = distribution.draw(rng)
            if distribution.relative_to is not None:
                component[key] += components[distribution.relative_to][key]
        component["position_angle"] = _wrapped(component["position_angle"])
        components[name] = component
    galaxy = {
        "kind": kind.name,
        "flux": flux,
        "bulge_to_total": bulge_to_total,
        "x": recipe.centre["x"].draw(rng) if "x" in recipe.centre else 0.0,
        "y": recipe.centre["y"].draw(rng) if "y" in recipe.centre else 0.0,
        "components": components,
    }
    if "files" in recipe.psf:
        galaxy["psf"] = {"file": int(rng.integers(len(recipe.psf["files"])))}
    else:
        galaxy["psf"] = {key: distribution.draw(rng) for key, distribution in recipe.psf.items()}
    if "files" in recipe.noise:
        galaxy["noise"] = {"file": int(rng.integers(len(recipe.noise["files"])))}
    else:
        galaxy["noise"] = {key: distribution.draw(rng) for key, distribution in recipe.noise.items()}
    galaxy["neighbours"] = _neighbours(recipe, galaxy, rng) if recipe.neighbours else []
    return galaxy


def _neighbours(recipe, galaxy, rng):
    wanted = recipe.neighbours
    neighbours = []
    for _ in range(int(wanted["number"].draw(rng))):
        distance, direction = wanted["distance"].draw(rng), rng.uniform(0, 2 * np.pi)
        neighbour = {
            "flux": galaxy["flux"] * wanted["flux_ratio"].draw(rng),
            "x": galaxy["x"] + distance * np.cos(direction),
            "y": galaxy["y"] + distance * np.sin(direction),
            "position_angle": rng.uniform(-90, 90),
        }
        neighbour.update({key: wanted[key].draw(rng) for key in ("effective_radius", "sersic_index", "axis_ratio")})
        neighbours.append(neighbour)
    return neighbours


def draw_catalogue(recipe, seed, indices):
    """Parameters and labels of many galaxies.

    Parameters
    ----------
    recipe : Recipe
    seed : int
    indices : sequence of int

    Returns
    -------
    astropy.table.Table
        A row a galaxy, in the order of ``indices``: ``index``, ``kind``, the labels (of the whole galaxy, without its
        neighbours: ``bulge_to_total``, ``effective_radius`` of the circular aperture with half of its light, ``flux``,
        ``magnitude``; for galaxies of one component ``sersic_index``, ``axis_ratio`` and ``position_angle`` too),
        ``x`` and ``y``, each component's properties (``disc_flux`` …, nan where it has none), ``psf_…``, ``noise_…``,
        and, if the recipe has neighbours, ``n_neighbours`` and ``neighbour_…`` (nan beyond their number).
    """
    galaxies = [draw_galaxy(recipe, seed, int(index)) for index in indices]
    names = list(dict.fromkeys(name for kind in recipe.kinds for name in kind.components))
    table = Table()
    table["index"] = np.asarray(indices, dtype=np.int64)
    longest = max(len(kind.name) for kind in recipe.kinds)
    table["kind"] = np.array([galaxy["kind"] for galaxy in galaxies], dtype=f"U{longest}")

    def values_of(name, key):
        return np.array([galaxy["components"].get(name, {}).get(key, np.nan) for galaxy in galaxies], dtype=float)

    components = {name: {key: values_of(name, key) for key in ("flux", *_PROPERTIES)} for name in names}
    for key in ("bulge_to_total", "flux", "x", "y"):
        table[key] = np.array([galaxy[key] for galaxy in galaxies], dtype=np.float64)
    table["magnitude"] = recipe.zero_point - 2.5 * np.log10(table["flux"])
    stacked = [
        np.stack([components[name][key] for name in names], axis=1)
        for key in ("flux", "effective_radius", "axis_ratio", "sersic_index")
    ]
    table["effective_radius"] = half_light_radius(*stacked) if galaxies else np.zeros(0)
    alone = np.array([len(galaxy["components"]) == 1 for galaxy in galaxies], dtype=bool)
    for key in ("sersic_index", "axis_ratio", "position_angle"):
        first = np.array([next(iter(galaxy["components"].values()))[key] for galaxy in galaxies], dtype=np.float64)
        table[key] = np.where(alone, first, np.nan)
    for name in names:
        for key, values in components[name].items():
            table[f"{name}_{key}"] = values
    for group, source in (("psf", recipe.psf), ("noise", recipe.noise)):
        for key in ["file"] if "files" in source else source:
            table[f"{group}_{key}"] = np.array([galaxy[group][key] for galaxy in galaxies])
    if recipe.neighbours:
        _add_neighbours(table, recipe, galaxies)
    for name in table.colnames:
        unit = next((unit for key, unit in _UNITS.items() if name == key or name.endswith("_" + key)), None)
        if name in ("x", "y", "neighbour_x", "neighbour_y"):
            unit = units.arcsec
        table[name].unit = unit
    return table


def _add_neighbours(table, recipe, galaxies):
    most = recipe.neighbours["number"].support[1]
    table["n_neighbours"] = np.array([len(galaxy["neighbours"]) for galaxy in galaxies], dtype=np.int64)
    most = int(most) if np.isfinite(most) else int(max(table["n_neighbours"], default=0))
    for key in _NEIGHBOUR:
        values = np.full((len(galaxies), most), np.nan)
        for row, galaxy in enumerate(galaxies):
            values[row, : len(galaxy["neighbours"])] = [one[key] for one in galaxy["neighbours"]]
        table[f"neighbour_{key}"] = values
