"""Images of galaxies: Sérsic components convolved with a PSF and the pixel, on a small frame.

The plain way to such an image is a fast Fourier transform over a period so long that nothing folds back into the
frame; a large galaxy of Sérsic index 4 then asks for transforms of 10⁸ points for a frame of 6·10⁴. Here the period
is hardly longer than the frame. By Poisson's summation the inverse transform of the samples of the product
F(k) PSF(k) pixel(k) is exactly the image plus its copies shifted by whole periods. A copy reaches the frame with
its far wings alone, which are smooth: their light is computed in real space on a coarse grid, interpolated,
and taken away.
"""

import dataclasses
import functools

import numpy as np
import scipy.fft
from scipy import interpolate

from .profiles import enclosed_fraction, sersic_transform, shape_matrix, surface_brightness
from .psfs import inverse_transform, psf_period, wave_numbers

__all__ = ["Component", "PointSource", "draw_stamp"]

_SHORT, _LONG = 1.07, 1.45  # period over side of the frame
_NARROW = 0.1  # semi-major axis of a disc, over the side, from which the long period is taken
_CLEARANCE = 0.3  # distance of the centre of any copy from the frame, over its side
_RINGS = 4  # rings of copies that are summed one by one; those beyond are integrated
_NEGLIGIBLE = 1e-6  # part of a galaxy's light that may be left folded into the frame


@dataclasses.dataclass(frozen=True)
class Component:
    """An elliptical Sérsic component: flux in pixel units, radius and centre offsets in arcsec, angle in degrees."""

    flux: float
    effective_radius: float
    sersic_index: float
    axis_ratio: float = 1.0
    position_angle: float = 0.0
    x: float = 0.0
    y: float = 0.0

    @property
    def shape(self):
        return shape_matrix(self.effective_radius, self.axis_ratio, self.position_angle)


@dataclasses.dataclass(frozen=True)
class PointSource:
    """A star: flux in pixel units, offsets in arcsec."""

    flux: float
    x: float = 0.0
    y: float = 0.0


def _component_transform(component, period, pixel_scale):
    """Transform of one component on the half plane, phase of its offset included."""
    kx, ky, _ = wave_numbers(period, pixel_scale)
    if isinstance(component, PointSource):
        transform = np.full((period, period // 2 + 1), component.flux, np.float32)
    else:
        xx, yy, xy = (np.float32(moment) for moment in component.shape)
        k_squared = xx * kx**2 + yy * ky**2
        k_squared += (2 * xy * kx) * ky
        transform = sersic_transform(k_squared, component.sersic_index)
        transform *= np.float32(component.flux)
    if component.x or component.y:
        return transform * np.exp(-1j * kx * np.float32(component.x)) * np.exp(-1j * ky * np.float32(component.y))
    return transform


@functools.lru_cache(maxsize=32)
def _interpolation(size, n_nodes):
    """Nodes (in pixels from the centre) and the (size, n_nodes) matrix of cubic-spline interpolation to the pixels."""
    edge = (size - 1) / 2
    nodes = np.linspace(-edge, edge, n_nodes)
    return nodes, interpolate.make_interp_spline(nodes, np.eye(n_nodes), k=3)(np.arange(size) - edge)


def _copies(component, copies, nodes, period, pixel_scale):
    """Sum of the shifted copies of a component at the nodes of a coarse grid, per pixel area, without flux."""
    xx, yy, xy = component.shape
    determinant = component.effective_radius**4
    x = nodes * pixel_scale - component.x
    shift = period * pixel_scale
    dx = x[None, None, :] + shift * copies[:, 0, None, None]
    dy = (nodes * pixel_scale - component.y)[None, :, None] + shift * copies[:, 1, None, None]
    radius_squared = (yy * dx**2 + xx * dy**2 - 2 * xy * dx * dy) / determinant
    light = surface_brightness(radius_squared, component.sersic_index).sum(axis=0)
    return light * (pixel_scale / component.effective_radius) ** 2


def _ring(first, last):
    """Integer shifts (x, y) with first <= max(|x|, |y|) <= last."""
    x, y = np.meshgrid(np.arange(-last, last + 1), np.arange(-last, last + 1))
    keep = np.maximum(abs(x), abs(y)) >= first
    return np.stack([x[keep], y[keep]], axis=1).astype(np.float64)


_NEAR, _FAR = _ring(1, 1), _ring(2, _RINGS)


def _light_beyond(component, half_side):
    """Fraction of the light outside a square of half side ``half_side`` (arcsec) about the component."""
    angles = (np.arange(64) + 0.5) * np.pi / 64
    cosine, sine = np.cos(angles), np.sin(angles)
    xx, yy, xy = component.shape
    reach = half_side / np.maximum(abs(cosine), abs(sine))
    radius = reach * np.sqrt(yy * cosine**2 + xx * sine**2 - 2 * xy * cosine * sine) / component.effective_radius**2
    # Light inside the sector of angle dθ of a sheared profile: P(radius) weighted by the area that the sector takes.
    weight = 1 / (yy * cosine**2 + xx * sine**2 - 2 * xy * cosine * sine)
    return 1 - np.sum(weight * enclosed_fraction(radius, component.sersic_index)) / np.sum(weight)


def _folded_light(component, size, period, pixel_scale):
    """Light of all copies of a component in the frame: (size, size), or None where it is negligible."""
    if isinstance(component, PointSource):
        return None  # the period is long enough for the wings of the PSF
    reach = (period - size / 2) * pixel_scale - max(abs(component.x), abs(component.y))
    widest = component.effective_radius / np.sqrt(component.axis_ratio)
    if 1 - enclosed_fraction(reach / widest, component.sersic_index) < _NEGLIGIBLE:
        return None
    narrowest = component.effective_radius * np.sqrt(component.axis_ratio)
    n_nodes = 61 if component.sersic_index < 2 or narrowest < 1 else 31
    nodes, to_pixels = _interpolation(size, n_nodes)
    light = to_pixels @ _copies(component, _NEAR, nodes, period, pixel_scale) @ to_pixels.T
    nodes, to_pixels = _interpolation(size, 9)
    light += to_pixels @ _copies(component, _FAR, nodes, period, pixel_scale) @ to_pixels.T
    light += _light_beyond(component, (_RINGS + 0.5) * period * pixel_scale) / period**2
    return component.flux * light


def _period(components, psf, size, pixel_scale):
    """Period in pixels: longer where wings in the frame are so narrow that the PSF blurs them, or for offset light."""
    narrow = any(
        isinstance(component, Component)
        and component.sersic_index < 2
        and component.effective_radius / np.sqrt(component.axis_ratio) > _NARROW * size * pixel_scale
        for component in components
    )
    offset = max(max(abs(component.x), abs(component.y)) for component in components) / pixel_scale
    period = max((_LONG if narrow else _SHORT) * size, (0.5 + _CLEARANCE) * size + offset)
    period = psf_period(psf, period, size, offset, pixel_scale)
    return 2 * scipy.fft.next_fast_len(int(np.ceil(period / 2)), real=True)


def draw_stamp(components, psf, size, pixel_scale, *, discs=(), period=None):
    """Draw galaxies convolved with a PSF and the pixel.

    Parameters
    ----------
    components : sequence of Component or PointSource
    psf : object with ``transform`` and ``light_beyond``
        A PSF of this room, such as `MoffatPsf` or `MeasuredPsf`.
    size : int
        Side of the frame in pixels. Offsets are from its centre, which lies between pixels where the side is even.
    pixel_scale : float
        arcsec.
    discs : sequence of StructuredDisc, optional
        Discs with structure, beside the components.
    period : int, optional
        Side of the Fourier grid in pixels; chosen from the components if not given.

    Returns
    -------
    (size, size) array of float32, flux per pixel
    """
    components = [*components, *(part for disc in discs for part in disc.components)]
    if period is None:
        period = _period(components, psf, size, pixel_scale)
    transform = sum(_component_transform(component, period, pixel_scale) for component in components)
    for disc in discs:
        if not disc.is_smooth:
            transform = transform + disc.rest_transform(size, period, pixel_scale)
    transform = transform * psf.transform(period, pixel_scale)
    image = inverse_transform(transform, size, period, pixel_scale)
    for component in components:
        folded = _folded_light(component, size, period, pixel_scale)
        if folded is not None:
            image = image - folded
    return np.ascontiguousarray(image, dtype=np.float32)
