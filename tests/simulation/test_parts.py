"""Files of a data set as they are written."""

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from toy_simulations import make


@pytest.fixture(scope="module")
def cutouts(tmp_path_factory):
    return make(tmp_path_factory.mktemp("data") / "cutouts", "fits")


def test_header_says_where_north_is_and_what_a_pixel_holds(cutouts):
    header = fits.getheader(cutouts.path / cutouts.catalogue["file"][4])
    wcs = WCS(header)
    np.testing.assert_allclose(proj_plane_pixel_scales(wcs) * 3600, 0.2)
    centre = wcs.pixel_to_world(15.5, 15.5)  # even frame: between pixels
    assert centre.separation(type(centre)(0 * units.deg, 0 * units.deg)).arcsec < 1e-6
    left, up = wcs.pixel_to_world(10.5, 15.5), wcs.pixel_to_world(15.5, 20.5)
    east, north = centre.spherical_offsets_to(left)
    assert (east.arcsec, north.arcsec) == pytest.approx((1.0, 0.0), abs=1e-6)
    east, north = centre.spherical_offsets_to(up)
    assert (east.arcsec, north.arcsec) == pytest.approx((0.0, 1.0), abs=1e-6)
    assert (header["BUNIT"], header["MAGZERO"], header["FILTER"]) == ("nJy", 31.4, "r")
    assert units.Unit(header["BUNIT"]) == units.nJy
    assert (header["RECIPE"], header["SEED"], header["INDEX"]) == ("toy", 3, 4)


def test_another_pixel_unit_gives_the_same_fluxes_in_nanojansky(tmp_path):
    # Counts at zero point 27: a pixel unit is 10^{0.4 · 4.4} nJy.
    factor = 10 ** (0.4 * (31.4 - 27.0))
    image = {"size": 32, "pixel_scale": 0.2, "unit": "count", "zero_point": 27.0}
    noise = {"gaussian": {"sigma": 2.0 / factor}}
    counts = make(tmp_path / "counts", "fits", n_images=3, image=image, noise=noise)
    nanojansky = make(tmp_path / "nanojansky", "fits", n_images=3)
    np.testing.assert_allclose(counts.images() * factor, nanojansky.images(), rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(counts.truth(["flux", "magnitude"]), nanojansky.truth(["flux", "magnitude"]))
    assert counts.catalogue["flux"].unit == counts.catalogue["sersic_flux"].unit == units.nJy
    assert counts.catalogue["noise_sigma"].unit == units.count
    np.testing.assert_allclose(counts.catalogue["noise_sigma"], 2.0 / factor)
