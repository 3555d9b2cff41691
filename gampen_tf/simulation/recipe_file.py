"""Reading and checking of a recipe file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from ..core.known_parameters import KNOWN_PARAMETERS, NANOJANSKY_ZERO_POINT, drawn_parameters
from ..io import locations
from .recipe import COMPONENT, SPLITS, GalaxyKind, Recipe
from .recipe_sections import RecipeError, Section

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
    """
    if isinstance(recipe, Recipe):
        return recipe
    return _check(*_read(recipe, folder))


def _read(recipe, folder=None):
    if isinstance(recipe, dict):
        document, source, folder = recipe, "recipe", Path(folder or Path.cwd()).resolve()
    else:
        path = Path(recipe)
        if path.suffix not in (".yaml", ".yml"):
            path = locations.data_recipe(str(recipe))
        source, folder = str(path), path.resolve().parent
        try:
            document = yaml.safe_load(path.read_text())
        except yaml.YAMLError as error:
            raise RecipeError(f"{source}: not YAML: {error}") from error
        if not isinstance(document, dict):
            raise RecipeError(f"{source}: expected a mapping of keys, found {type(document).__name__}")
    if "base" in document:
        base = document["base"]
        if isinstance(base, str) and base.endswith((".yaml", ".yml")):
            base = folder / base
        document = {**_read(base)[0], **{key: value for key, value in document.items() if key != "base"}}
    return document, source, folder


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
    }
    image.finish()
    if fields["unit"] == "nJy" and abs(fields["zero_point"] - NANOJANSKY_ZERO_POINT) > 0.01:
        image.fail("zero_point", f"{NANOJANSKY_ZERO_POINT} for nJy", fields["zero_point"])
    if ("flux" in top) == ("magnitude" in top):
        top.fail("flux", "either flux or magnitude", "both" if "flux" in top else "neither")
    brightness_is = "flux" if "flux" in top else "magnitude"
    limits = (1e-30, 1e30) if brightness_is == "flux" else (-50, 100)
    brightness = top.distribution(brightness_is, *limits)
    half_frame = fields["size"] * fields["pixel_scale"] / 2
    centre = {}
    if "centre" in top:
        section = top.section("centre")
        centre = {axis: section.distribution(axis, -half_frame, half_frame) for axis in ("x", "y") if axis in section}
        section.finish()
    psf, psf_size = _psf(top.section("psf"), folder)
    kinds = _kinds(top.section("galaxies"))
    parameters = top.get("parameters", "a list of parameters")
    drawn = drawn_parameters()
    if not isinstance(parameters, list) or not parameters or not all(one in drawn for one in parameters):
        top.fail("parameters", f"a list out of {', '.join(drawn)}", parameters)
    checked = Recipe(
        **fields,
        brightness=brightness,
        brightness_is=brightness_is,
        kinds=kinds,
        centre=centre,
        psf=psf,
        psf_size=psf_size,
        noise=_noise(top.section("noise"), folder),
        neighbours=_neighbours(top.section("neighbours")) if "neighbours" in top else None,
        signal_to_noise=_signal_to_noise(top.section("signal_to_noise")) if "signal_to_noise" in top else None,
        split=_split(top.section("split")),
        parameters=tuple(parameters),
        document=document,
        folder=folder,
    )
    top.finish()
    return checked


def _kinds(galaxies):
    kinds = []
    for name in galaxies.content:
        section = galaxies.section(name)
        components = {}
        parts = section.section("components")
        for component in parts.content:
            part = parts.section(component)
            limits = dict(COMPONENT)
            if "semi_major_axis" in part:
                del limits["effective_radius"]
                limits = {"semi_major_axis": KNOWN_PARAMETERS["semi_major_axis"].component_range, **limits}
            components[component] = {
                key: part.distribution(key, *ends, components=tuple(components)) for key, ends in limits.items()
            }
            part.finish()
        if len(components) == 1:
            bulge_to_total = None
        elif set(components) == {"disc", "bulge"}:
            bulge_to_total = section.distribution("bulge_to_total", 0.0, 1.0)
        else:
            section.fail("components", "one component, or a disc and a bulge", list(components))
        kinds.append(GalaxyKind(name, float(section.number("fraction", 0, 1)), components, bulge_to_total))
        section.finish()
    total = sum(kind.fraction for kind in kinds)
    if not kinds or abs(total - 1) > 1e-6:
        galaxies.fail_whole("kinds whose fractions add to 1", total)
    return tuple(kinds)


def _psf(section, folder):
    """(what a galaxy's PSF is drawn from, side of its image or None)"""
    if "files" in section:
        psf = {"files": section.files("files", folder)}
        if "pixel_scale" in section:
            psf["pixel_scale"] = float(section.number("pixel_scale", 1e-4, 100))
    elif "airy" in section:
        airy = section.section("airy")
        psf = {
            "lam_over_diameter": airy.distribution("lam_over_diameter", 1e-3, 100),
            "obscuration": airy.distribution("obscuration", 0, 0.9),
            "blur": airy.distribution("blur", 1e-3, 100),
        }
        airy.finish()
    else:
        moffat = section.section("moffat")
        psf = {
            "beta": moffat.distribution("beta", 1.1, 100),
            "fwhm": moffat.distribution("fwhm", 1e-3, 100),
            "axis_ratio": moffat.distribution("axis_ratio", 0.05, 1.0),
            "position_angle": moffat.distribution("position_angle", -360, 360),
        }
        moffat.finish()
        if "wings" in section:
            wings = section.section("wings")
            psf["wings_fraction"] = wings.distribution("fraction", 0, 1)
            psf["wings_fwhm_ratio"] = wings.distribution("fwhm_ratio", 1, 100)
            psf["wings_beta"] = wings.distribution("beta", 1.1, 100)
            wings.finish()
    size = section.number("image_size", 3, 512, whole=True) if "image_size" in section else None
    section.finish()
    return psf, size


def _noise(section, folder):
    if "files" in section:
        noise = {"files": section.files("files", folder)}
    else:
        gaussian = section.section("gaussian")
        noise = {"sigma": gaussian.distribution("sigma", 0, 1e30)}
        if "correlation" in gaussian and "drop" in gaussian:
            gaussian.fail("drop", "either correlation or drop", "both")
        if "correlation" in gaussian:
            noise["correlation"] = gaussian.distribution("correlation", 0, 20)
        if "drop" in gaussian:
            noise["drop"] = gaussian.distribution("drop", 0, 20)
        gaussian.finish()
    if "gain" in section:
        noise["gain"] = section.distribution("gain", 1e-12, 1e12)
    section.finish()
    return noise


def _signal_to_noise(section):
    wanted = {"above": float(section.number("above", 0, 1e6)), "within": float(section.number("within", 1e-3, 1e3))}
    section.finish()
    return wanted


def _neighbours(section):
    if ("flux_ratio" in section) == ("magnitude" in section):
        section.fail("flux_ratio", "either flux_ratio or magnitude", "both" if "magnitude" in section else "neither")
    brightness = {"flux_ratio": (0, 1e6)} if "flux_ratio" in section else {"magnitude": (-50, 100)}
    neighbours = {
        "number": section.distribution("number", 0, 100),
        **{key: section.distribution(key, *limits) for key, limits in brightness.items()},
        "distance": section.distribution("distance", 0, 1e4),
        # their orientation is random
        **{key: section.distribution(key, *ends) for key, ends in COMPONENT.items() if key != "position_angle"},
    }
    section.finish()
    return neighbours


def _split(section):
    split = {name: float(section.number(name, 0, 1)) for name in SPLITS if name in section}
    section.finish()
    if abs(sum(split.values()) - 1) > 1e-6:
        section.fail_whole("fractions of train, validation and test that add to 1", section.content)
    return split
