"""Files of a simulated data set: their names, their lengths, and which galaxies and split each part holds.

``dataset.json``      what it is: recipe, seed, pixels, format of the files (key ``form``), galaxies of each part
``catalogue.fits``    a row a galaxy, in the order of the images
``shards/``           raw little-endian float32 records, (H, W) each, no header: a file for each part, and one of
                      the PSF images if the recipe asks for them; or
``cutouts/``          a FITS file a galaxy, with the PSF image in the extension ``PSF``

A part (shard) belongs to one split. Files appear under their names only when they are whole, so that a run that was
killed goes on with the parts that are missing.
"""

import json
from pathlib import Path

__all__ = [
    "FORMAT_VERSION",
    "assign_splits",
    "cutout_path",
    "metadata_bytes",
    "part_is_written",
    "part_paths",
    "part_ranges",
    "record_shapes",
]

FORMAT_VERSION = 1
_IMAGES_PER_PART = 128
_PARTS_AT_LEAST = 20


def part_ranges(n_images):
    """(first, last + 1) galaxy of each part: at most 128 galaxies each, and 20 parts if there are so many galaxies."""
    each = min(_IMAGES_PER_PART, max(1, n_images // _PARTS_AT_LEAST))
    return [(first, min(first + each, n_images)) for first in range(0, n_images, each)]


def assign_splits(ranges, split):
    """Name of the split of each part: always that which is furthest behind its share of the galaxies so far."""
    counts = dict.fromkeys(split, 0)
    names, total = [], 0
    for first, last in ranges:
        total += last - first
        name = max(split, key=lambda one: split[one] * total - counts[one])
        counts[name] += last - first
        names.append(name)
    return names


def part_paths(number, psf_size):
    """Paths of the files of a part, relative to the data set: images, and PSF images if there are any."""
    return [f"shards/shard-{number:05d}.f32"] + ([f"shards/psf-{number:05d}.f32"] if psf_size else [])


def record_shapes(recipe):
    """Shapes of one record of each file of a part."""
    return [(recipe.size,) * 2] + ([(recipe.psf_size,) * 2] if recipe.psf_size else [])


def cutout_path(index):
    """Path of a cutout, relative to the data set."""
    return f"cutouts/{index:07d}.fits"


def part_is_written(output, format, number, first, last, recipe):
    """Whether all files of a part are there (a shard of the wrong length is not)."""
    if format == "fits":
        return all((Path(output) / cutout_path(index)).is_file() for index in range(first, last))
    files = zip(part_paths(number, recipe.psf_size), record_shapes(recipe), strict=True)
    return all(_has_length(Path(output) / path, 4 * (last - first) * h * w) for path, (h, w) in files)


def _has_length(path, n_bytes):
    return path.is_file() and path.stat().st_size == n_bytes


def metadata_bytes(metadata):
    """The content of ``dataset.json``."""
    # keys stay in order: that of kinds and components is a part of the recipe, and decides which galaxies it draws
    return (json.dumps(metadata, indent=1) + "\n").encode()
