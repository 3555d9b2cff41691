"""How a simulated data set lies on disk, and the writing of one part of it.

``dataset.json``      what it is: recipe, seed, pixels, and which part holds which galaxies
``catalogue.fits``    a row a galaxy, in the order of the images
``shards/``           raw little-endian float32 records, (H, W) each, no header: a file for each part, and one of
                      the PSF images if the recipe asks for them; or
``cutouts/``          a FITS file a galaxy, with the PSF image in the extension ``PSF``

A part (shard) belongs to one split. Files appear under their names only when they are whole, so that a run that was
killed goes on with the parts that are missing.
"""

import errno
import io
import json
import os
from pathlib import Path

import numpy as np
from astropy.io import fits

from gampen_tf.recipes import load_recipe
from gampen_tf.simulation.images import draw_image_and_psf

__all__ = [
    "FORMAT_VERSION",
    "assign_splits",
    "cutout_path",
    "metadata_bytes",
    "part_is_written",
    "part_paths",
    "part_ranges",
    "record_shapes",
    "write_atomically",
    "write_part",
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


def write_atomically(path, content):
    """Write bytes under a name that appears only when all of them are on disk.

    Raises
    ------
    OSError
        Saying how much was to be written, if the disk is full.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(
                error.errno,
                f"the disk is full: {len(content) / 1e6:.1f} MB for {path} did not fit. "
                "Make room and run the same command again: it goes on where it stopped",
            ) from error
        raise


def part_paths(number, psf_size):
    """Paths of the files of a part, relative to the data set: images, and PSF images if there are any."""
    return [f"shards/shard-{number:05d}.f32"] + ([f"shards/psf-{number:05d}.f32"] if psf_size else [])


def record_shapes(recipe):
    """Shapes of one record of each file of a part."""
    return [(recipe.size,) * 2] + ([(recipe.psf_size,) * 2] if recipe.psf_size else [])


def cutout_path(index):
    """Path of a cutout, relative to the data set."""
    return f"cutouts/{index:07d}.fits"


def part_is_written(output, form, number, first, last, recipe):
    """Whether all files of a part are there (a shard of the wrong length is not)."""
    if form == "fits":
        return all((Path(output) / cutout_path(index)).is_file() for index in range(first, last))
    files = zip(part_paths(number, recipe.psf_size), record_shapes(recipe), strict=True)
    return all(_has_length(Path(output) / path, 4 * (last - first) * h * w) for path, (h, w) in files)


def _has_length(path, n_bytes):
    return path.is_file() and path.stat().st_size == n_bytes


def write_part(job, number):
    """Draw and write part ``number`` of a data set.

    Parameters
    ----------
    job : dict
        What `dataset.json` holds, with ``output`` and ``recipe_folder``: plain values, that travel to any worker.
    number : int

    Returns
    -------
    int
        Number of galaxies drawn.
    """
    recipe = load_recipe(job["recipe"], folder=job["recipe_folder"])
    first, last = part_ranges(job["n_images"])[number]
    if job["form"] == "fits":
        for index in range(first, last):
            path = Path(job["output"]) / cutout_path(index)
            if not path.is_file():
                write_atomically(path, _fits_bytes(recipe, job["seed"], index))
    else:
        paths = part_paths(number, recipe.psf_size)
        drawn = (draw_image_and_psf(recipe, job["seed"], index)[: len(paths)] for index in range(first, last))
        for path, records in zip(paths, zip(*drawn, strict=True), strict=True):
            write_atomically(Path(job["output"]) / path, np.stack(records).astype("<f4").tobytes())
    return last - first


def _fits_bytes(recipe, seed, index):
    """A cutout as users bring theirs: pixel unit, zero point, pixel scale and a WCS in the header.

    The centre of the frame is at RA = Dec = 0, north up and east left.
    """
    header = fits.Header()
    header["BUNIT"] = (recipe.unit, "pixel unit")
    header["MAGZERO"] = (recipe.zero_point, "AB magnitude of one pixel unit")
    header["FILTER"] = recipe.band
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRPIX1"] = header["CRPIX2"] = (recipe.size + 1) / 2
    header["CRVAL1"], header["CRVAL2"] = 0.0, 0.0
    header["CUNIT1"], header["CUNIT2"] = "deg", "deg"
    header["CD1_1"], header["CD1_2"] = -recipe.pixel_scale / 3600, 0.0
    header["CD2_1"], header["CD2_2"] = 0.0, recipe.pixel_scale / 3600
    header["RECIPE"], header["SEED"], header["INDEX"] = recipe.name, seed, index
    image, psf = draw_image_and_psf(recipe, seed, index)
    hdus = fits.HDUList([fits.PrimaryHDU(image, header)])
    if psf is not None:
        hdus.append(fits.ImageHDU(psf, name="PSF"))
    stream = io.BytesIO()
    hdus.writeto(stream)
    return stream.getvalue()


def metadata_bytes(metadata):
    """The content of ``dataset.json``."""
    # keys stay in order: that of kinds and components is a part of the recipe, and decides which galaxies it draws
    return (json.dumps(metadata, indent=1) + "\n").encode()
