"""Reading and checking of a recipe file."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import yaml

from ..core.known_parameters import (
    KNOWN_PARAMETERS,
    NANOJANSKY_ZERO_POINT,
    component_parameters,
    drawn_parameters,
    recipe_keys,
)
from ..io import locations
from ..rendering.structure import LIMITS, Structure
from .recipe import SPLITS, GalaxyKind, Recipe
from .recipe_sections import RecipeError, Section
from .recipe_sky import read_masks, read_neighbours, read_noise, read_psf, read_stars

if TYPE_CHECKING:
    from ..io.files import PathLike

__all__ = ["load_recipe"]


def load_recipe(recipe: PathLike | dict | Recipe, *, folder: PathLike | None = None) -> Recipe:
    """Read and check a recipe.

    Parameters
    ----------
    recipe : str, path, dict or Recipe
        Name of a shipped recipe (``"hsc_wide_g"``), path of a YAML file, or the content of one.
    folder : path, optional
        Where the relative paths in a recipe given as a dict start; the current folder if not given.

    Returns
    -------
    Recipe

    Raises
    ------
    RecipeError
        Naming the key, what was expected and what was found.
    FileNotFoundError
        If there is no such file.
    TypeError
        If it is none of these.
    """
    if isinstance(recipe, Recipe):
        return recipe
    if isinstance(recipe, dict):
        start = Path(folder or Path.cwd()).resolve()
        return _check(_with_base(recipe, "recipe", start), "recipe", start)
    if not isinstance(recipe, str | os.PathLike):
        raise TypeError(
            f"recipe: expected a name, the path of a YAML file, its content or a Recipe, found {type(recipe).__name__}"
        )
    path = _path_of(recipe, Path())
    return _check(_content(path), str(path), path.resolve().parent)


def _path_of(recipe, folder):
    """Path of a recipe, from its name or its path in a folder."""
    if Path(recipe).suffix not in (".yaml", ".yml"):
        return locations.data_recipe(str(recipe))
    path = folder / recipe
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; give the path of a recipe, or the name of one that ships")
    return path


def _content(path, above=()):
    """The content of a recipe file and of its bases; ``above`` are the files whose base it is."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise RecipeError(f"{path}: not YAML: {error}") from error
    path_and_above = (path.resolve(), *above)
    return _with_base(document, str(path), path_and_above[0].parent, path_and_above)


def _with_base(document, source, folder, above=()):
    """The content of a recipe on that of its base, if it has one."""
    top = Section(document, "", source)
    if "base" not in top:
        return document
    base = top.text("base")
    top.get("name", "a name of its own beside the base")
    try:
        path = _path_of(base, folder)
    except FileNotFoundError as error:
        top.fail("base", "the name of a recipe that ships or the path of a YAML file", base, str(error))
    if path.resolve() in above:
        top.fail("base", "a recipe that does not start from this one", base)
    content = _content(path, above)
    if any(key in document for key in recipe_keys("flux")):  # one replaces the other
        content = {key: value for key, value in content.items() if key not in recipe_keys("flux")}
    return {**content, **{key: value for key, value in document.items() if key != "base"}}


def _check(document, source, folder):
    top = Section(document, "", source)
    image = top.section("image")
    fields = {
        "name": top.text("name"),
        "band": top.text("band"),
        "size": image.number("size", 8, 4096, whole=True),
        "pixel_scale": float(image.number("pixel_scale", 1e-4, 100)),
        "unit": image.text("unit"),
        "zero_point": float(image.number("zero_point", -100, 100)),
        "scale_free": image.flag("scale_free") if "scale_free" in image else False,
    }
    if fields["scale_free"] and fields["pixel_scale"] != 1:
        image.fail("pixel_scale", "1 where the pixel is the unit of length (scale_free)", fields["pixel_scale"])
    image.finish()
    if fields["unit"] == "nJy" and abs(fields["zero_point"] - NANOJANSKY_ZERO_POINT) > 0.01:
        image.fail("zero_point", f"{NANOJANSKY_ZERO_POINT} for nJy", fields["zero_point"])
    brightness_is = top.one_of(*recipe_keys("flux"))
    brightness = _parameter(top, brightness_is)
    half_frame = fields["size"] * fields["pixel_scale"] / 2
    centre = {}
    if "centre" in top:
        section = top.section("centre")
        centre = {axis: section.distribution(axis, -half_frame, half_frame) for axis in ("x", "y") if axis in section}
        section.finish()
    psf, psf_size, psf_faults = read_psf(top.section("psf"), folder)
    kinds = _kinds(top.section("galaxies"), brightness_is)
    checked = Recipe(
        **fields,
        brightness=brightness,
        brightness_is=brightness_is,
        kinds=kinds,
        centre=centre,
        psf=psf,
        psf_size=psf_size,
        psf_faults=psf_faults,
        noise=_noise(top.section("noise"), folder, fields["scale_free"]),
        neighbours=read_neighbours(top.section("neighbours")) if "neighbours" in top else None,
        stars=read_stars(top.section("stars")) if "stars" in top else None,
        masks=read_masks(top.section("masks")) if "masks" in top else None,
        signal_to_noise=_signal_to_noise(top.section("signal_to_noise")) if "signal_to_noise" in top else None,
        split=_split(top.section("split")),
        parameters=_parameters(top),
        document=document,
        folder=folder,
    )
    top.finish()
    return checked


def _parameters(top):
    drawn = drawn_parameters()
    expected = f"a list out of {', '.join(drawn)}"
    parameters = top.get("parameters", expected)
    if not isinstance(parameters, list) or not parameters:
        top.fail("parameters", expected, parameters)
    for name in parameters:
        if name in drawn:
            continue
        known = KNOWN_PARAMETERS.get(name) if isinstance(name, str) else None
        advice = "correct its name or remove it"
        if known is not None:
            columns = " and ".join(known.derived_from)
            advice = f"it follows from {columns} in the catalogue: remove it, and train with parameters=[{name!r}, ...]"
        top.fail("parameters", expected, name, advice)
    return tuple(parameters)


def _parameter(section, key, components=()):
    """Distribution of a galaxy's parameter, within the limits that it has for all recipes."""
    return section.distribution(key, *KNOWN_PARAMETERS[key].draw.limits, components=components)


def _kinds(galaxies, brightness_is):
    kinds = []
    for name in galaxies.content:
        section = galaxies.section(name)
        components = {}
        parts = section.section("components")
        for component in parts.content:
            part = parts.section(component)
            ways = [recipe_keys(parameter) for parameter in component_parameters()]
            ways = [keys for keys in ways if any(key in part for key in keys) or _default(keys[0]) is None]
            keys = [part.one_of(*keys) if len(keys) > 1 else keys[0] for keys in ways]
            components[component] = {key: _parameter(part, key, tuple(components)) for key in keys}
            part.finish()
        if len(components) == 1:
            bulge_to_total = None
        elif set(components) == {"disc", "bulge"}:
            bulge_to_total = _parameter(section, "bulge_to_total")
        else:
            section.fail("components", "one component, or a disc and a bulge", list(components))
        structure = _structure(section, components) if "structure" in section else {}
        brightness = _parameter(section, brightness_is) if brightness_is in section else None
        fraction = float(section.number("fraction", 0, 1))
        kinds.append(GalaxyKind(name, fraction, components, bulge_to_total, brightness, structure))
        section.finish()
    total = sum(kind.fraction for kind in kinds)
    if not kinds or abs(total - 1) > 1e-6:
        galaxies.fail_whole("kinds whose fractions add to 1", total)
    return tuple(kinds)


def _default(parameter):
    """Value of a parameter of components in recipes that do not name it, None where they must."""
    return KNOWN_PARAMETERS[parameter].draw.default


def _structure(section, components):
    """Distributions of the structure of a kind's disc."""
    if "disc" not in components:
        section.fail("structure", "a component named disc, which has the structure", list(components))
    part = section.section("structure")
    fields = [field.name for field in dataclasses.fields(Structure)]
    structure = {key: part.distribution(key, *LIMITS.get(key, (-np.inf, np.inf))) for key in fields if key in part}
    part.finish()
    return structure


def _noise(section, folder, scale_free):
    noise = read_noise(section, folder)
    if scale_free and not ("sigma" in noise and noise["sigma"].support == (1, 1)):
        section.fail_whole("a gaussian of sigma 1 where the noise is the unit of flux (scale_free)", section.content)
    return noise


def _signal_to_noise(section):
    wanted = {"above": float(section.number("above", 0, 1e6)), "within": float(section.number("within", 1e-3, 1e3))}
    section.finish()
    return wanted


def _split(section):
    split = {name: float(section.number(name, 0, 1)) for name in SPLITS if name in section}
    section.finish()
    if abs(sum(split.values()) - 1) > 1e-6:
        section.fail_whole("fractions of train, validation and test that add to 1", section.content)
    return split
