"""Files of a simulated data set: their names, their lengths, and which galaxies and split each part holds.

``dataset.json``      what it is: recipe, seed, pixels, format of the files (key ``form``), galaxies of each part
``catalogue.fits``    a row a galaxy, in the order of the images
``shards/``           raw little-endian float32 records, (H, W) each, no header: a file for each part, and one of
                      the PSF images if the recipe asks for them; or
``cutouts/``          a FITS file a galaxy, with the PSF image in the extension ``PSF``
``digests/``          sha256 of the files of each part, and of the catalogue; data sets of earlier versions have none

A part (shard) belongs to one split. Files appear under their names only when they are whole, so that a run that was
killed goes on with the parts that are missing, or are not as they were written.
"""

import json
from pathlib import Path

from ..io.files import read_json, sha256, to_json, write_whole

__all__ = [
    "CATALOGUE",
    "DIGESTS",
    "FORMAT_VERSION",
    "assign_splits",
    "changed_files",
    "cutout_path",
    "files_of_part",
    "metadata_bytes",
    "part_is_written",
    "part_paths",
    "part_ranges",
    "record_shapes",
    "write_digests",
]

CATALOGUE = "catalogue.fits"
#: Folder of the digests. It is made with a new data set; where it is missing, lengths are all that is checked.
DIGESTS = "digests"

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


def files_of_part(format, number, first, last, psf_size):
    """Paths of the files that hold the galaxies of a part, relative to the data set."""
    return [cutout_path(index) for index in range(first, last)] if format == "fits" else part_paths(number, psf_size)


def part_is_written(output, format, number, first, last, recipe):
    """Whether all files of a part are there, of the right length and as they were written."""
    paths = files_of_part(format, number, first, last, recipe.psf_size)
    if format == "fits":
        is_there = all((Path(output) / path).is_file() for path in paths)
    else:
        shapes = record_shapes(recipe)
        is_there = all(
            _has_length(Path(output) / path, 4 * (last - first) * h * w)
            for path, (h, w) in zip(paths, shapes, strict=True)
        )
    return is_there and not changed_files(output, number, paths)


def write_digests(output, part, paths):
    """Keep the digests of files that were just written, if the data set has digests.

    Parameters
    ----------
    output : path
        The data set.
    part : int or str
        What the files are: the number of a part, or `CATALOGUE`.
    paths : list of str
        Relative to the data set.
    """
    if (Path(output) / DIGESTS).is_dir():
        write_whole(_digest_file(output, part), to_json({path: sha256(Path(output) / path) for path in paths}))


def changed_files(output, part, paths):
    """Files that are missing or not as they were written; none where the data set has no digests."""
    if not (Path(output) / DIGESTS).is_dir():
        return []
    try:
        kept = read_json(_digest_file(output, part))
    except (FileNotFoundError, ValueError):  # stopped before they were written, or damaged themselves
        return list(paths)
    files = {path: Path(output) / path for path in paths}
    return [path for path, file in files.items() if not file.is_file() or sha256(file) != kept.get(path)]


def _digest_file(output, part):
    return Path(output) / DIGESTS / (f"part-{part:05d}.json" if isinstance(part, int) else f"{part}.json")


def _has_length(path, n_bytes):
    return path.is_file() and path.stat().st_size == n_bytes


def metadata_bytes(metadata):
    """The content of ``dataset.json``."""
    # keys stay in order: that of kinds and components is a part of the recipe, and decides which galaxies it draws
    return (json.dumps(metadata, indent=1) + "\n").encode()
