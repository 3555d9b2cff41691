"""The description and the catalogue of a data set in its folder."""

from __future__ import annotations

import numpy as np

from ..core.known_parameters import column_unit
from ..data import layout
from ..io.files import check_format, read_json, whole_file, write_whole
from ..io.provenance import package_versions
from ..io.workers import n_cores
from .catalogue import draw_catalogue

__all__ = ["check_output", "describe", "split_of_each", "write_catalogue"]


def describe(recipe, n_images, seed, format):
    """Description of a data set as plain data: what ``dataset.json`` holds."""
    ranges = layout.part_ranges(n_images)
    splits = layout.assign_splits(ranges, recipe.split)
    parameters = [{"name": name, "unit": column_unit(name)} for name in recipe.parameters]

    def files(number):
        return dict(zip(("file", "psf_file"), layout.part_paths(number, recipe.psf_size), strict=False))

    return {
        "format_version": layout.FORMAT_VERSION,
        "form": format,
        "recipe": recipe.document,
        "recipe_name": recipe.name,
        "recipe_sha256": recipe.sha256,
        "seed": seed,
        "n_images": n_images,
        "image_shape": [recipe.size, recipe.size, 1],
        "psf_shape": [recipe.psf_size] * 2 if recipe.psf_size else None,
        "pixel_scale": recipe.pixel_scale,
        "pixel_unit": recipe.unit,
        "zero_point": recipe.zero_point,
        "band": recipe.band,
        **({"scale_free": True} if recipe.scale_free else {}),
        "parameters": parameters,
        "shards": [
            {**files(number), "split": split, "first": first, "n_images": last - first}
            for number, ((first, last), split) in enumerate(zip(ranges, splits, strict=True))
        ],
        "versions": package_versions(("galsim", "numpy", "scipy")),
    }


def split_of_each(description):
    """Split of each image of a described data set: array of text."""
    return np.concatenate([np.full(part["n_images"], part["split"], dtype="U10") for part in description["shards"]])


def check_output(output, description):
    """Refuse a folder that holds another data set: parts of two would be mixed."""
    path = output / "dataset.json"
    if not path.is_file():
        if (output / "catalogue.fits").exists() or (output / "shards").exists():
            raise ValueError(f"{output}: holds data without a dataset.json; choose another folder or empty this one")
        return
    there = read_json(path)
    check_format(there.get("format_version"), layout.FORMAT_VERSION, path, "the description of a data set")
    for key in ("recipe_sha256", "seed", "n_images", "form"):
        if there.get(key) != description[key]:
            words = "format" if key == "form" else key
            raise ValueError(
                f"{path}: holds a data set with {words} {there.get(key)!r}, but {description[key]!r} was asked for. "
                "Choose another folder, or remove this one"
            )
    description["versions"] = there["versions"]


def write_catalogue(recipe, description, output, *, workers=None, progress_bar=True):
    """Write the description of a data set, and its catalogue unless it is there as it was written; returns its path."""
    if not (output / "dataset.json").is_file():
        (output / layout.DIGESTS).mkdir(parents=True, exist_ok=True)
    # The description goes first: what is there can be told from what was asked, should the run be stopped.
    write_whole(output / "dataset.json", layout.metadata_bytes(description))
    path = output / layout.CATALOGUE
    if not path.is_file() or layout.changed_files(output, layout.CATALOGUE, [layout.CATALOGUE]):
        numbers, workers = range(description["n_images"]), workers or n_cores()
        table = draw_catalogue(recipe, description["seed"], numbers, workers=workers, progress_bar=progress_bar)
        table.add_column(split_of_each(description), name="split", index=1)
        if description["form"] == "fits":
            table.add_column([layout.cutout_path(index) for index in table["index"]], name="file", index=2)
        with whole_file(path) as scratch:
            table.write(scratch, format="fits")
        layout.write_digests(output, layout.CATALOGUE, [layout.CATALOGUE])
    return path
