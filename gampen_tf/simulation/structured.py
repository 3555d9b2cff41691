"""Galaxies with structure: spiral arms, bars and knots of star formation, beside smooth ellipticals.

Recipes draw smooth Sérsic components.  These galaxies are for models that learn what galaxies look like, such as
:mod:`gampen_tf.vae`: a disc with logarithmic arms, knots and a bulge, the same with a bar, clumps on a faint disc, or
an elliptical, each turned and inclined, blurred, with neighbours and noise.  The numbers are chosen so that they look
like nearby galaxies in a survey's images; they are fitted to nothing.
"""

import functools

import numpy as np
import scipy.fft

from ..rendering.profiles import surface_brightness
from ..rendering.psfs import inverse_transform, wave_numbers
from ..rendering.radial_psfs import MoffatPsf
from ..rendering.stamps import Component, draw_stamp
from .galaxies import generator

__all__ = ["KINDS", "draw_structured", "spiral_arms"]

KINDS = {"elliptical": 0.30, "spiral": 0.42, "barred": 0.16, "clumpy": 0.12}
_MOFFAT_BETA = 3.5
_FWHM_STEP = 0.1  # px: few PSFs, each transformed once
_RADIUS = (0.075, 0.110)  # effective radius over the side of the frame
_BRIGHTNESS = (0.7, 1.8)  # log₁₀ of the mean surface brightness within R_e, over the noise
_SCALE_LENGTHS = 1.678  # effective radius of an exponential disc in its scale lengths
_ARMS_END = 4.0  # scale lengths


def draw_structured(seed, index, *, size=161):
    """The image of galaxy `index` of `seed`, with neighbours, in units of the noise of a pixel.

    Parameters
    ----------
    seed, index : int
        All that is random depends on them alone.
    size : int
        Side of the frame in pixels; odd.

    Returns
    -------
    image : (size, size) float32 array
    kind : str
        One of `KINDS`.
    """
    rng = generator(seed, index, 0)
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    radius = size * rng.uniform(*_RADIUS)
    # a disc of finite thickness seen at any inclination is never thinner than 0.2
    tilt = rng.uniform(0.4, 1.0) if kind == "elliptical" else np.sqrt(0.04 + 0.96 * rng.uniform(0.15, 1.0) ** 2)
    place = {"axis_ratio": tilt, "position_angle": rng.uniform(0, 180), "x": 0.0, "y": 0.0}
    place["x"], place["y"] = rng.uniform(-0.02 * size, 0.02 * size, 2)
    canvas = _Canvas(size, round(rng.uniform(2.0, 4.0) / _FWHM_STEP) * _FWHM_STEP)
    _DRAWN[kind](canvas, rng, radius, place)
    _add_neighbours(canvas, rng)
    flux = 10 ** rng.uniform(*_BRIGHTNESS) * 2 * np.pi * radius**2
    noise = generator(seed, index, 1).standard_normal((size, size))
    return (flux * canvas.image() + noise).astype(np.float32), kind


class _Canvas:
    """Collects light of unit total flux, smooth components apart from what is drawn pixel by pixel, then blurs it."""

    def __init__(self, size, fwhm):
        self.size, self._fwhm = size, fwhm
        self._components, self._layers = [], []

    def component(self, flux, radius, sersic_index, **place):
        self._components.append(Component(flux, radius, sersic_index, **place))

    def light(self, light):
        """Surface brightness at the centres of the pixels, (size, size)."""
        self._layers.append((light, 0.0))

    def points(self, x, y, flux, blur=0.0):
        """Points of equal flux, `flux` in all, each a round Gaussian of σ `blur` pixels."""
        light = np.zeros((self.size, self.size))
        column, row = x + (self.size - 1) / 2, y + (self.size - 1) / 2
        inside = (np.minimum(column, row) >= 0) & (np.maximum(column, row) < self.size - 1)
        column, row = column[inside], row[inside]
        c, r = column.astype(int), row.astype(int)
        for dc, dr in ((0, 0), (0, 1), (1, 0), (1, 1)):
            weight = (1 - abs(column - c - dc)) * (1 - abs(row - r - dr))
            np.add.at(light, (r + dr, c + dc), weight * flux / len(x))
        self._layers.append((light, blur))

    def image(self):
        psf = _psf(self._fwhm)
        image = np.zeros((self.size, self.size))
        if self._components:
            image += draw_stamp(self._components, psf, self.size, 1.0)
        for light, blur in self._layers:
            image += _blurred(light, functools.partial(_psf_transform, self._fwhm), 1.0, blur)
        return image


def spiral_arms(component, psf, size, pixel_scale, *, n_arms=2, phase=0.0, pitch=20.0, contrast=0.5, sharpness=2.0):
    """Light that spiral arms add to a smooth disc, and take from it between them, after the PSF.

    Along each ellipse of constant radius it adds up to nothing, so that flux and half-light radius stay the disc's.

    Parameters
    ----------
    component : Component
        The disc.
    psf : object with ``transform`` and ``light_beyond``
    size : int
        Side of the frame in pixels; odd.
    pixel_scale : float
        arcsec.
    n_arms : int, optional
    phase, pitch : float, optional
        Where an arm begins, in rad; angle between arm and circle, in degrees.
    contrast : float, optional
        Of the arms to the disc: 0 for none, 1 for nothing between them.
    sharpness : float, optional

    Returns
    -------
    (size, size) array
    """
    place = {
        "axis_ratio": component.axis_ratio,
        "position_angle": component.position_angle,
        "x": component.x / pixel_scale,
        "y": component.y / pixel_scale,
    }
    radius = component.effective_radius / pixel_scale
    coordinates = _face_on(size, place)
    smooth = (
        component.flux
        / radius**2
        * surface_brightness((coordinates[0] ** 2 + coordinates[1] ** 2) / radius**2, component.sersic_index)
    )
    excess = _excess(
        coordinates,
        radius / _SCALE_LENGTHS,
        n_arms,
        phase,
        pitch=np.radians(pitch),
        contrast=contrast,
        sharpness=sharpness,
    )
    return _blurred(smooth * excess, functools.partial(psf.transform, pixel_scale=pixel_scale), pixel_scale)


def _elliptical(canvas, rng, radius, place):
    canvas.component(1.0, radius, round(rng.uniform(2.5, 4.5), 1), **place)


def _spiral(canvas, rng, radius, place, bar_flux=0.0):
    n_arms, phase = int(rng.choice([2, 2, 2, 3, 4])), rng.uniform(0, 2 * np.pi)
    bulge_flux, knots_flux = rng.uniform(0.02, 0.4), rng.uniform(0.0, 0.15)
    arms = _arms(
        _face_on(canvas.size, place),
        radius / _SCALE_LENGTHS,
        n_arms,
        phase,
        pitch=rng.choice([-1, 1]) * np.radians(rng.uniform(10, 30)),
        contrast=rng.uniform(0.3, 0.8),
        sharpness=rng.uniform(1, 4),
    )
    canvas.light(arms * (1 - bulge_flux - knots_flux - bar_flux) / np.sum(arms))
    bulge_radius = radius * rng.uniform(0.12, 0.35)
    # a bulge is rounder than the disc around it
    canvas.component(
        bulge_flux,
        bulge_radius,
        round(rng.uniform(1.5, 3.5), 1),
        **{**place, "axis_ratio": 0.5 + 0.5 * place["axis_ratio"]},
    )
    _add_knots(canvas, rng, int(rng.integers(10, 40)), radius, place, knots_flux)
    if bar_flux:
        x, y = _face_on(canvas.size, place)
        length, width = radius * rng.uniform(0.5, 0.9), rng.uniform(0.15, 0.3)
        along, across = x * np.cos(phase) + y * np.sin(phase), y * np.cos(phase) - x * np.sin(phase)
        bar = np.exp(-((np.hypot(along, across / width) / length) ** 3))
        canvas.light(bar * bar_flux / np.sum(bar))


def _barred(canvas, rng, radius, place):
    _spiral(canvas, rng, radius, place, bar_flux=rng.uniform(0.1, 0.3))


def _clumpy(canvas, rng, radius, place):
    clumps_flux, blur = rng.uniform(0.15, 0.5), radius * rng.uniform(0.04, 0.15)
    canvas.component(1 - clumps_flux, radius, 1.0, **place)
    _add_knots(canvas, rng, int(rng.integers(8, 30)), 0.9 * radius, place, clumps_flux, blur)


_DRAWN = {"elliptical": _elliptical, "spiral": _spiral, "barred": _barred, "clumpy": _clumpy}


def _face_on(size, place):
    """Coordinates of the pixels in the plane of the disc, as shear by the axis ratio conserves its area."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    x, y = x - place["x"], y - place["y"]
    angle, root = np.radians(place["position_angle"]), np.sqrt(place["axis_ratio"])
    return (x * np.cos(angle) + y * np.sin(angle)) * root, (y * np.cos(angle) - x * np.sin(angle)) / root


def _arms(coordinates, scale_length, n_arms, phase, **shape):
    """Surface brightness of an exponential disc with logarithmic arms; the mean over a circle is the disc's."""
    radius = np.hypot(*coordinates) / scale_length
    edge = np.clip((_ARMS_END - radius) / 0.5, 0, 1)
    return np.exp(-radius) * (1 + _excess(coordinates, scale_length, n_arms, phase, **shape)) * edge


def _excess(coordinates, scale_length, n_arms, phase, *, pitch, contrast, sharpness):
    """Of logarithmic arms over the smooth disc, relative to it; the mean over a circle is nothing."""
    x, y = coordinates
    radius = np.hypot(x, y) / scale_length
    angle = np.arctan2(y, x) - phase - np.log(np.maximum(radius, 0.05)) / np.tan(pitch)
    crest = np.exp(sharpness * np.cos(n_arms * angle)) / np.i0(sharpness)
    strength = contrast * (1 - np.exp(-((radius / 0.7) ** 2)))  # none at the centre
    return strength * (crest - 1)


def _blurred(light, psf_transform, pixel_scale, blur=0.0):
    """An image after a PSF, given by its transform for a period, and a round Gaussian of σ `blur` pixels."""
    size = len(light)
    period = 2 * scipy.fft.next_fast_len(int(np.ceil(0.6 * size)), real=True)
    padded = np.zeros((period, period), np.float32)
    padded[:size, :size] = light
    # the frame's centre goes to the origin, where inverse_transform looks for it
    padded = np.roll(padded, (-(size // 2),) * 2, axis=(0, 1))
    transform = scipy.fft.rfft2(padded)
    if blur:
        kx, ky, _ = wave_numbers(period, 1.0)
        transform = transform * np.exp(-0.5 * np.float32(blur) ** 2 * (kx**2 + ky**2))
    return inverse_transform(transform * psf_transform(period), size, period, pixel_scale)


def _add_knots(canvas, rng, n_knots, radius, place, flux, blur=0.0):
    """Points spread as a Gaussian with the half-light radius given, in the plane of the disc."""
    x, y = rng.normal(0, radius / 1.1774, (2, n_knots))
    angle, root = np.radians(place["position_angle"]), np.sqrt(place["axis_ratio"])
    x, y = x / root, y * root
    canvas.points(
        place["x"] + x * np.cos(angle) - y * np.sin(angle),
        place["y"] + x * np.sin(angle) + y * np.cos(angle),
        flux,
        blur,
    )


def _add_neighbours(canvas, rng):
    """Stars and small discs anywhere in the frame, of up to half of the galaxy's flux."""
    half = 0.5 * canvas.size
    for _ in range(rng.poisson(0.6)):
        flux, (x, y) = 10 ** rng.uniform(-2.5, -0.3), rng.uniform(-half, half, 2)
        if rng.uniform() < 0.5:
            canvas.points(np.array([x]), np.array([y]), flux)
        else:
            canvas.component(
                flux,
                canvas.size * rng.uniform(0.01, 0.03),
                1.0,
                axis_ratio=rng.uniform(0.3, 1),
                position_angle=rng.uniform(0, 180),
                x=x,
                y=y,
            )


@functools.lru_cache(maxsize=64)
def _psf(fwhm):
    return MoffatPsf(fwhm, _MOFFAT_BETA)


@functools.lru_cache(maxsize=64)
def _psf_transform(fwhm, period):
    return _psf(fwhm).transform(period, 1.0)
