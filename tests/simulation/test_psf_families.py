"""The PSF of drawn galaxies."""

import galsim
import numpy as np
import pytest
from astropy.io import fits
from toy_recipes import toy_recipe

from gampen_tf.simulation import load_recipe
from gampen_tf.simulation.catalogue import draw_catalogue
from gampen_tf.simulation.images import draw_image, draw_image_and_psf


def moffat(fwhm=0.8):
    return galsim.Moffat(beta=4.0, fwhm=fwhm).shear(q=0.8, beta=40 * galsim.degrees)


def test_psf_files_are_drawn_evenly_and_named_in_the_catalogue(tmp_path):
    for number, fwhm in enumerate((0.6, 0.8, 1.0)):
        fits.writeto(tmp_path / f"psf_{number}.fits", moffat(fwhm).drawImage(nx=41, ny=41, scale=0.2).array)
    recipe = load_recipe(toy_recipe(psf={"files": "psf_*.fits", "image_size": 41}), folder=tmp_path)
    catalogue = draw_catalogue(recipe, 1, range(600))
    counts = np.bincount(catalogue["psf_file"])
    assert len(counts) == 3
    assert abs(counts - 200).max() < 50  # 4.3 sigma
    for index in range(5):
        expected = fits.getdata(tmp_path / f"psf_{catalogue['psf_file'][index]}.fits")
        _, psf = draw_image_and_psf(recipe, 1, index)
        np.testing.assert_allclose(psf, expected / expected.sum(), atol=1e-6)


@pytest.mark.parametrize("content", [np.zeros((5, 5)), np.full((5, 5), np.nan), np.ones((2, 5, 5)), None])
def test_files_that_are_no_psf_are_named(tmp_path, content):
    fits.PrimaryHDU(content).writeto(tmp_path / "psf.fits")
    recipe = load_recipe(toy_recipe(psf={"files": "psf.fits"}), folder=tmp_path)
    with pytest.raises(ValueError, match=r"psf\.fits: expected a finite 2-D PSF image of positive sum, found"):
        draw_image(recipe, 1, 0)
