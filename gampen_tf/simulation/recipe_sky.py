"""Reading and checking of what a recipe says of the sky: PSF, noise, company and masks."""

from __future__ import annotations

from ..core.known_parameters import KNOWN_PARAMETERS, component_parameters
from .masks import DEFECTS
from .psf_families import FAMILIES, PsfKind
from .psf_stamps import FAULTS
from .recipe_sections import Section

__all__ = ["read_masks", "read_neighbours", "read_noise", "read_psf", "read_stars"]

_COUNT = (0, 100)


def read_psf(section, folder):
    """Kinds of PSFs, side of the stamps that go with the images or None, and distributions of the stamps' faults."""
    if "mixture" in section:
        entries = section.get("mixture", "a list of PSFs, each with a weight")
        if not isinstance(entries, list) or not entries:
            section.fail("mixture", "a list of PSFs, each with a weight", entries)
        parts = [Section(one, f"{section.place}.mixture[{i}]", section.source) for i, one in enumerate(entries)]
        kinds = [_psf_kind(part, folder, float(part.number("weight", 0, 1))) for part in parts]
        for part in parts:
            part.finish()
        total = sum(kind.weight for kind in kinds)
        if abs(total - 1) > 1e-6:
            section.fail("mixture", "weights that add to 1", total)
    else:
        kinds = [_psf_kind(section, folder, 1.0)]
    size = section.number("image_size", 3, 512, whole=True) if "image_size" in section else None
    faults = {}
    if "image_faults" in section:
        if size is None:
            section.fail("image_faults", "image_size beside it, the side of the images that have the faults", "none")
        part = section.section("image_faults")
        faults = {key: part.distribution(key, *limits) for key, limits in FAULTS.items() if key in part}
        part.finish()
    section.finish()
    return tuple(kinds), size, faults


def _psf_kind(section, folder, weight):
    name = section.one_of(*FAMILIES, "files")
    distributions, files, pixel_scale = {}, (), None
    if name == "files":
        files = section.files("files", folder)
        if "pixel_scale" in section:
            pixel_scale = float(section.number("pixel_scale", 1e-4, 100))
    else:
        family, part = FAMILIES[name], section.section(name)
        distributions = {key: part.distribution(key, *limits) for key, limits in family.limits.items()}
        for key, limits in family.optional.items():
            if key in part:
                distributions[key] = part.distribution(key, *limits)
        part.finish()
        for place, keys in family.sections.items():
            if place in section:
                part = section.section(place)
                for key, limits in keys.items():
                    distributions[f"{place}_{key}"] = part.distribution(key, *limits)
                part.finish()
    stamp = section.number("stamp", 5, 2049, whole=True) if "stamp" in section else None
    return PsfKind(name, distributions, weight, files, pixel_scale, stamp)


def read_noise(section, folder):
    """Distributions and files that noise, photon noise and residual of the sky are drawn from."""
    if section.one_of("gaussian", "files") == "files":
        noise = {"files": section.files("files", folder)}
    else:
        gaussian = section.section("gaussian")
        noise = {"sigma": gaussian.distribution("sigma", 0, 1e30)}
        if "correlation" in gaussian or "drop" in gaussian:
            smoothing = gaussian.one_of("correlation", "drop")
            noise[smoothing] = gaussian.distribution(smoothing, 0, 20)
        gaussian.finish()
    if "gain" in section:
        noise["gain"] = section.distribution("gain", 1e-12, 1e12)
    if "residual" in section:
        residual = section.section("residual")
        for key in ("constant", "gradient"):
            if key in residual:
                noise[f"residual_{key}"] = residual.distribution(key, -1e30, 1e30)
        residual.finish()
    section.finish()
    return noise


def read_neighbours(section):
    """Distributions of number, brightness, distance and shape of the galaxies beside the one in the middle."""
    return _company(section, [key for key in component_parameters() if KNOWN_PARAMETERS[key].period is None])


def read_stars(section):
    """Distributions of the number, the brightness and the distance of stars in the frame."""
    return _company(section, [])


def _company(section, shape):
    brightness = section.one_of("flux_ratio", "magnitude")
    limits = (0, 1e6) if brightness == "flux_ratio" else KNOWN_PARAMETERS[brightness].draw.limits
    company = {
        "number": section.distribution("number", *_COUNT),
        brightness: section.distribution(brightness, *limits),
        "distance": section.distribution("distance", 0, 1e4),
        # their orientation is random
        **{key: section.distribution(key, *KNOWN_PARAMETERS[key].draw.limits) for key in shape},
    }
    section.finish()
    return company


def read_masks(section):
    """Distributions of what is masked in an image."""
    masks = {key: section.distribution(key, *limits) for key, limits in DEFECTS.items() if key in section}
    for number, size in (("cosmic_rays", "cosmic_ray_length"), ("regions", "region_radius")):
        if number in masks and size not in masks:
            section.get(size, f"a number of pixels, for the {number.replace('_', ' ')}")
    section.finish()
    return masks
