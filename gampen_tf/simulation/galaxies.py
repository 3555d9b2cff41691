"""Draw the parameters of galaxies from a recipe: galaxy i of seed s depends on (s, i) alone."""

import numpy as np

from ..core.known_parameters import (
    KNOWN_PARAMETERS,
    component_parameters,
    wrapped_values,
)
from ..rendering.radii import circularised
from .distributions import Distribution
from .noise import signal_to_noise
from .psf_families import draw_psf_values

__all__ = ["draw_galaxy", "generator"]

_MAX_TRIES = 1000


def generator(seed, index, stream):
    """Counter-based random numbers of galaxy ``index``: stream 0 for its parameters, 1 for its
    noise, 2 for its mask, 3 for its PSF's image."""
    key = np.array([seed, index], dtype=np.uint64)  # typed: a list with a large seed would become floats
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, stream]))


def draw_galaxy(recipe, seed, index):
    """Draw all properties of galaxy ``index``, but not the pixels of its noise.

    Where the recipe asks for a signal-to-noise ratio, galaxies are drawn from the same stream until one has it.

    Returns
    -------
    dict
        ``kind``; ``flux`` in the recipe's pixel unit; ``bulge_to_total`` (nan for one component that is neither disc
        nor bulge); ``x``, ``y``; ``components``, ``psf``, ``noise``, ``psf_image``,
        ``mask`` and ``structure``, dicts; ``neighbours`` and
        ``stars``, lists of dicts.
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
    brightness = (kind.brightness or recipe.brightness).draw(rng)
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
        for key in component_parameters():
            if KNOWN_PARAMETERS[key].draw.default is not None:
                component.setdefault(key, KNOWN_PARAMETERS[key].draw.default)
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
    galaxy["psf"] = draw_psf_values(recipe.psf, rng)
    galaxy["noise"] = _noise_values(recipe.noise, rng)
    galaxy["neighbours"] = _neighbours(recipe, galaxy, rng) if recipe.neighbours else []
    galaxy["psf_image"] = _fault_values(recipe.psf_faults, rng)
    galaxy["stars"] = _company(recipe, recipe.stars, galaxy, rng) if recipe.stars else []
    galaxy["mask"] = {key: one.draw(rng) for key, one in (recipe.masks or {}).items()}
    galaxy["structure"] = {key: one.draw(rng) for key, one in kind.structure.items()}
    if galaxy["structure"].get("knot_share") and "knot_seed" not in galaxy["structure"]:
        galaxy["structure"]["knot_seed"] = int(rng.integers(2**31))
    return galaxy


def _noise_values(source, rng):
    drawn = {"file": int(rng.integers(len(source["files"])))} if "files" in source else {}
    drawn.update({key: one.draw(rng) for key, one in source.items() if isinstance(one, Distribution)})
    if "residual_gradient" in drawn:
        drawn["residual_direction"] = rng.uniform(-180, 180)
    return drawn


def _fault_values(faults, rng):
    drawn = {}
    for key, distribution in faults.items():
        for name in ("offset_x", "offset_y") if key == "offset" else (key,):
            drawn[name] = distribution.draw(rng)
    return drawn


def _neighbours(recipe, galaxy, rng):
    wanted = recipe.neighbours
    given = [key for key in component_parameters() if key in wanted]
    half_turns = {key: 0.5 * KNOWN_PARAMETERS[key].period for key in component_parameters() if key not in wanted}

    def shape():
        turned = {key: rng.uniform(-half, half) for key, half in half_turns.items()}
        return turned | {key: wanted[key].draw(rng) for key in given}

    return _company(recipe, wanted, galaxy, rng, shape)


def _company(recipe, wanted, galaxy, rng, shape=dict):
    """What else is in the frame: dicts of flux, place and what ``shape()`` draws for each."""
    company = []
    for _ in range(int(wanted["number"].draw(rng))):
        distance, direction = wanted["distance"].draw(rng), rng.uniform(0, 2 * np.pi)
        if "flux_ratio" in wanted:
            flux = galaxy["flux"] * wanted["flux_ratio"].draw(rng)
        else:
            flux = recipe.flux_of(wanted["magnitude"].draw(rng))
        place = {"x": galaxy["x"] + distance * np.cos(direction), "y": galaxy["y"] + distance * np.sin(direction)}
        company.append({"flux": flux, **place, **shape()})
    return company
