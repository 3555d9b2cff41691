"""Galaxies and skies by GalSim alone, to try models on what no recipe of the package has drawn.

Nothing here comes from the package: profiles, PSFs, convolution and the truth are GalSim's, SciPy's and closed forms.
The galaxies are those of Ghosh et al. (2022, Table 1); a *sky* is everything else that an image of one of them is made
by: the PSF, the noise, a residual of the sky, spiral arms.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import galsim
import numpy as np
from astropy.io import fits
from scipy.optimize import brentq
from scipy.special import gamma, gammainc, gammaincinv

SIZE, PIXEL_SCALE = 239, 0.168
PSF_SIZE = 41
_ANGLES = np.linspace(0, np.pi / 2, 65)
_ACCURATE = galsim.GSParams(folding_threshold=2e-3, maxk_threshold=5e-4, kvalue_accuracy=1e-6, maximum_fft_size=32768)
# Light with arms is drawn as an image before the telescope sees it, two pixels for each of the telescope's.
_FINE = PIXEL_SCALE / 2
_N_PUPILS = 12


@dataclass(frozen=True)
class Sky:
    """What an image is made by, besides the galaxy.

    Parameters
    ----------
    psf : callable
        ``psf(rng)``: a GalSim profile of unit flux without the pixel, or a stamp (h, w) with the pixel in it.
    noise : float
        σ of a pixel, nJy.
    gain : float, optional
        Electrons of one nJy: the galaxy's own photon noise; none if not given.
    residual : float
        Sky that was left in, nJy a pixel.
    arms : float
        Contrast of spiral arms in discs; 0 for none.
    flux_factor, scale_factor : float
        What is wrong with the unit, or with the pixel scale, of the image.
    star : bool
        Point sources in place of galaxies.
    """

    psf: object
    noise: float = 1.6
    gain: float | None = None
    residual: float = 0.0
    arms: float = 0.0
    flux_factor: float = 1.0
    scale_factor: float = 1.0
    star: bool = False


def moffat(beta, blur=0.0):
    """Moffat PSFs of one β, seeing 0.85″ ± 0.12″, a little elliptical; blurred by a Gaussian of FWHM `blur`."""

    def draw(rng):
        fwhm = np.clip(rng.normal(0.85, 0.12), 0.55, 1.25)
        profile = galsim.Moffat(beta=beta, fwhm=fwhm, gsparams=_ACCURATE)
        profile = profile.shear(q=rng.uniform(0.9, 1), beta=rng.uniform(-90, 90) * galsim.degrees)
        return galsim.Convolve(profile, galsim.Gaussian(fwhm=blur)) if blur else profile

    return draw


def atmosphere_and_telescope(rng):
    """Kolmogorov turbulence and an obscured aperture of 8.2 m with small aberrations, at 480 nm."""
    fwhm = np.clip(rng.normal(0.82, 0.12), 0.55, 1.25)
    return galsim.Convolve(galsim.Kolmogorov(fwhm=fwhm), _optics(int(rng.integers(_N_PUPILS))), gsparams=_ACCURATE)


@lru_cache(maxsize=_N_PUPILS)
def _optics(number):
    aberrations = [0.0] * 4 + list(np.random.default_rng(number).normal(0, 0.05, 8))
    return galsim.OpticalPSF(lam=480, diam=8.2, obscuration=0.3, aberrations=aberrations)


def measured(paths):
    """Measured PSF stamps at the pixel scale of the images, one of them for each galaxy, turned by quarters."""
    stamps = [np.asarray(fits.getdata(path), float) for path in paths]

    def draw(rng):
        stamp = stamps[rng.integers(len(stamps))]
        stamp = np.rot90(stamp, rng.integers(4))
        return stamp / stamp.sum()

    return draw


def skies(psf_folder=None):
    """The skies by name; those of measured PSFs where a folder of FITS stamps is given."""
    plain = Sky(moffat(3.5))
    found = {
        "as the recipe: Moffat, β = 3.5": plain,
        "Moffat, β = 2.5": Sky(moffat(2.5)),
        "Kolmogorov and the telescope": Sky(atmosphere_and_telescope),
    }
    if psf_folder is not None:
        real = Sky(measured(sorted(Path(psf_folder).glob("*.fits"))))
        found |= {
            "measured PSFs": real,
            "measured PSFs, noise 2.2 nJy": replace(real, noise=2.2),
            "measured PSFs, photon noise": replace(real, gain=0.1),
        }
    return found | {
        "spiral arms of contrast 0.5": replace(plain, arms=0.5),
        "residual sky of 0.2 nJy": replace(plain, residual=0.2),
        "noise × 2": replace(plain, noise=3.2),
        "noise × 3": replace(plain, noise=4.8),
        "blurred by 0.8″ more": Sky(moffat(3.5, 0.8)),
        "flux × 10": replace(plain, flux_factor=10.0),
        "flux / 10": replace(plain, flux_factor=0.1),
        "pixel scale × 1.5": replace(plain, scale_factor=1.5),
        "stars": replace(plain, star=True),
    }


def draw(sky, seed, index):
    """Image, PSF stamp and truth of galaxy `index` of a seed.

    Returns
    -------
    image : (239, 239) float32 array, nJy
    psf : (41, 41) float32 array of sum 1
    truth : dict
        ``bulge_to_total``, ``effective_radius`` (arcsec), ``flux`` (nJy); NaN of a star's first two.
    """
    rng = np.random.default_rng([seed, index])
    components, truth = _galaxy(rng)
    psf = sky.psf(np.random.default_rng([seed, index, 1]))
    scale = PIXEL_SCALE * sky.scale_factor
    if isinstance(psf, np.ndarray):
        # an image of a star holds the pixel: it is not laid on again
        profile, method = galsim.InterpolatedImage(galsim.Image(psf, scale=PIXEL_SCALE), flux=1.0), "no_pixel"
    else:
        profile, method = psf, "auto"
    if sky.star:
        light, truth = profile.withFlux(truth["flux"]), {**truth, "bulge_to_total": np.nan, "effective_radius": np.nan}
    else:
        intrinsic, truth = _with_arms(components, truth, sky.arms, rng) if sky.arms else (_sum(components), truth)
        light = galsim.Convolve(intrinsic, profile, gsparams=_ACCURATE)
    image = light.drawImage(nx=SIZE, ny=SIZE, scale=scale, method=method, dtype=float).array
    stamp = profile.drawImage(nx=PSF_SIZE, ny=PSF_SIZE, scale=scale, method=method, dtype=float).array
    noise = np.random.default_rng([seed, index, 2])
    variance = sky.noise**2 + (np.maximum(image, 0) / sky.gain if sky.gain else 0)
    image = image + sky.residual + np.sqrt(variance) * noise.standard_normal(image.shape)
    return (sky.flux_factor * image).astype(np.float32), (stamp / stamp.sum()).astype(np.float32), truth


def _galaxy(rng):
    """Components (flux, radius, n, q, angle) of a galaxy of Ghosh et al. (2022, Table 1), and its truth."""
    flux, kind = rng.uniform(1e3, 5e6), rng.choice(3, p=[0.125, 0.125, 0.75])
    disc = [flux, rng.uniform(0.1, 5), round(rng.uniform(0.8, 1.2), 2), rng.uniform(0.25, 1), rng.uniform(-90, 90)]
    bulge = [flux, rng.uniform(0.1, 3), round(rng.uniform(3.5, 5), 1), rng.uniform(0.25, 1), rng.uniform(-15, 15)]
    fraction = (0.0, 1.0, rng.uniform())[kind]
    if kind == 1:
        bulge[1], bulge[4] = rng.uniform(0.1, 5), rng.uniform(-90, 90)
    else:
        bulge[4] += disc[4]
    disc[0], bulge[0] = (1 - fraction) * flux, fraction * flux
    components = [tuple(one) for one in (disc, bulge) if one[0] > 0]
    truth = {"bulge_to_total": fraction, "effective_radius": _half_light_radius(components), "flux": flux}
    return components, truth


def _light_within(radius, flux, r_half, n, q, _):
    """Flux of one component within a circle: the average over angles of the closed form."""
    g = np.sqrt(q * np.cos(_ANGLES) ** 2 + np.sin(_ANGLES) ** 2 / q)
    share = gammainc(2 * n, gammaincinv(2 * n, 0.5) * (radius * g / r_half) ** (1 / n)) / g**2
    return flux * np.trapezoid(share, _ANGLES) / _ANGLES[-1]


def _half_light_radius(components):
    """Radius of the circle with half of the light."""
    half, radii = 0.5 * sum(one[0] for one in components), [one[1] for one in components]
    return brentq(
        lambda r: sum(_light_within(r, *one) for one in components) - half,
        0.3 * min(radii),
        3 * max(radii),
        rtol=1e-6,
    )


def _sum(components):
    return galsim.Sum(
        [
            galsim.Sersic(n, half_light_radius=r, flux=flux, gsparams=_ACCURATE).shear(q=q, beta=angle * galsim.degrees)
            for flux, r, n, q, angle in components
        ]
    )


def _with_arms(components, truth, contrast, rng):
    """The galaxy with two logarithmic arms in its disc, and its truth: the arms move light within the disc."""
    disc = next((one for one in components if one[2] < 2), None)
    if disc is None:
        return _sum(components), truth
    flux, r_half, n, q, angle = disc
    n_pixels = 2 * int(SIZE * PIXEL_SCALE / _FINE / 2) + 1
    steps = (np.arange(3 * n_pixels) - 1.5 * n_pixels + 0.5) * _FINE / 3
    x, y = np.meshgrid(steps, steps)
    turn, pitch = np.radians(angle), np.tan(np.radians(rng.uniform(12, 30)))
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    radius = np.hypot(along * np.sqrt(q), across / np.sqrt(q)) + 1e-9
    k = gammaincinv(2 * n, 0.5)
    smooth = np.exp(-k * (radius / r_half) ** (1 / n))
    smooth *= flux * (_FINE / 3) ** 2 * k ** (2 * n) / (2 * np.pi * n * gamma(2 * n) * r_half**2)
    wave = np.cos(2 * (np.arctan2(across / q, along) - np.log(radius) / pitch) + rng.uniform(0, 2 * np.pi))
    light = smooth * (1 + contrast * wave * (1 - np.exp(-((radius / (0.5 * r_half)) ** 2))))
    light *= smooth.sum() / light.sum()
    distance, order = np.hypot(x, y).ravel(), np.argsort(np.hypot(x, y), axis=None)
    distance, inside = distance[order], np.cumsum(light.ravel()[order])
    bulge = [one for one in components if one is not disc]

    def excess(r):
        return np.interp(r, distance, inside) + sum(_light_within(r, *one) for one in bulge) - 0.5 * truth["flux"]

    half = brentq(excess, 0.2 * min(one[1] for one in components), 3 * max(one[1] for one in components), rtol=1e-6)
    pixels = light.reshape(n_pixels, 3, n_pixels, 3).sum(axis=(1, 3))
    arms = galsim.InterpolatedImage(galsim.Image(pixels, scale=_FINE), x_interpolant="lanczos5")
    return galsim.Sum([arms, *([_sum(bulge)] if bulge else [])]), {**truth, "effective_radius": half}
