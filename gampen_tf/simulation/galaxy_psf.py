"""The PSF of a drawn galaxy."""

import functools

import galsim
import numpy as np
from astropy.io import fits

from ..rendering.psfs import AnalyticPsf, MeasuredPsf

__all__ = ["galaxy_psf"]


@functools.lru_cache(maxsize=128)
def _psf_from_file(path, pixel_scale):
    with fits.open(path) as hdus:
        hdu = next((hdu for hdu in hdus if hdu.is_image and hdu.data is not None), None)
        image = None if hdu is None else np.asarray(hdu.data, dtype=np.float64)
    if image is None or image.ndim != 2 or not np.isfinite(image).all() or image.sum() <= 0:
        found = "no image" if image is None else f"shape {image.shape}"
        raise ValueError(f"{path}: expected a finite 2-D PSF image of positive sum, found {found}")
    return MeasuredPsf(image, pixel_scale)


def _moffat(fwhm, beta):
    """A round Moffat profile, and its light beyond a radius in closed form."""
    core = fwhm / (2 * np.sqrt(2 ** (1 / beta) - 1))
    return galsim.Moffat(beta=beta, fwhm=fwhm), lambda radius: (1 + (radius / core) ** 2) ** (1 - beta)


def galaxy_psf(recipe, galaxy):
    """The PSF of a drawn galaxy: an `AnalyticPsf` or a `MeasuredPsf`."""
    psf = galaxy["psf"]
    if "file" in psf:
        return _psf_from_file(recipe.psf["files"][psf["file"]], recipe.psf.get("pixel_scale", recipe.pixel_scale))
    if "lam_over_diameter" in psf:
        airy = galsim.Airy(lam_over_diam=psf["lam_over_diameter"], obscuration=psf["obscuration"])
        # Encircled energy of an annular aperture at large radii: 1 − 2 λ/D / (π² r (1 − ε)).
        tail = 2 * psf["lam_over_diameter"] / (np.pi**2 * (1 - psf["obscuration"]))
        profile = galsim.Convolve([airy, galsim.Gaussian(fwhm=psf["blur"])])
        return AnalyticPsf(profile, lambda radius: min(1.0, tail / radius))
    profile, light_beyond = _moffat(psf["fwhm"], psf["beta"])
    if "wings_fraction" in psf:
        fraction, core_beyond = psf["wings_fraction"], light_beyond
        wings, wings_beyond = _moffat(psf["fwhm"] * psf["wings_fwhm_ratio"], psf["wings_beta"])
        profile = galsim.Sum([profile * (1 - fraction), wings * fraction])

        def light_beyond(radius):
            return (1 - fraction) * core_beyond(radius) + fraction * wings_beyond(radius)

    return AnalyticPsf(profile.shear(q=psf["axis_ratio"], beta=psf["position_angle"] * galsim.degrees), light_beyond)
