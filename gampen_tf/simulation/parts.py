"""Drawing and writing of one part of a data set."""

import io
from pathlib import Path

import numpy as np
from astropy.io import fits

from ..data.layout import changed_files, files_of_part, part_ranges, write_digests
from ..io.files import write_whole
from .images import draw_image_and_psf
from .recipe_file import load_recipe

__all__ = ["write_part"]


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
    paths = files_of_part(job["form"], number, first, last, recipe.psf_size)
    if job["form"] == "fits":
        changed = set(changed_files(job["output"], number, paths))
        for index, path in zip(range(first, last), paths, strict=True):
            file = Path(job["output"]) / path
            if path in changed or not file.is_file():
                write_whole(file, _fits_bytes(recipe, job["seed"], index))
    else:
        drawn = (draw_image_and_psf(recipe, job["seed"], index)[: len(paths)] for index in range(first, last))
        for path, records in zip(paths, zip(*drawn, strict=True), strict=True):
            write_whole(Path(job["output"]) / path, np.stack(records).astype("<f4").tobytes())
    write_digests(job["output"], number, paths)
    return last - first


def _fits_bytes(recipe, seed, index):
    """FITS file of a galaxy, with pixel unit, zero point, pixel scale and WCS in the header.

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
