"""Discs with structure: their light as smooth components and a rest, and the aperture with half of it.

A structured disc is a sum of smooth components, exact everywhere (the disc itself, scaled, and a bar), and of a rest:
the light that structure adds to the smooth disc and takes from it, and knots. The rest's transform joins that of the
smooth components before both are multiplied by the PSF's.
"""

import dataclasses
import functools

import numpy as np
from scipy import optimize, special

from .bars import bar_brightness, bar_component
from .grid_transforms import grid_positions, grid_transform
from .profiles import surface_brightness
from .psfs import wave_numbers
from .radii import half_light_radius, light_within
from .structure import LAST_RADIUS, brightening, knots, transparency

__all__ = ["StructuredDisc", "structured_half_light_radius"]

_GAUSSIAN_HALF = np.sqrt(2 * np.log(2))  # half-light radius of a round Gaussian over its σ
_N_RADII, _N_ANGLES = 128, 96  # of the grid in the plane of the disc on which light is added up
_BRACKET = 0.1  # of ln r, in which the half-light radius is searched
_MARGIN = 0.05  # how far structure is drawn beyond the frame, over the frame's side
_N_POINTS = 64_000  # most points at which structure finer than the pixels is drawn
_STEPS_PER_RADIUS = 16  # points per semi-minor axis that are enough
_OVERSAMPLING = np.array([1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32])
_BLOCK = 16_000  # points at a time: larger temporary arrays take longer to allocate than to fill
_MISSING_SIGMA = 0.5  # r_h, of the Gaussian that makes up for details of some 10⁻⁴ of the flux that fade
_RESOLUTION = 1.8  # points to a wavelength, where details of arms fade


class StructuredDisc:
    """The light of one disc with structure: its flux is that of the component, as drawn.

    Parameters
    ----------
    component : Component
        The smooth disc, with the flux that the structured one shall have.
    structure : Structure

    Attributes
    ----------
    components : tuple of Component
        The smooth part, exact in and outside any frame: the disc scaled, and the bar.
    """

    def __init__(self, component, structure):
        self._component, self._structure = component, structure
        self._has_pattern = structure.changes_disc or structure.dust_depth > 0
        bar, knot = structure.bar_share, structure.knot_share
        self._bar_brightness = bar_brightness(structure)
        self._knots = knots(structure) if knot else (np.zeros(0),) * 3
        diffuse, light, knot_flux = self._add_up(1 - bar - knot, bar, knot * self._knots[2])
        within = _cumulative(light)
        scale = component.flux / (diffuse + bar + knot_flux.sum() + within[:, -1].mean())
        self._diffuse, self._bar = float(diffuse * scale), float(bar * scale)
        self._knot_flux, self._light, self._within = knot_flux * scale, light * scale, within * scale
        angle, axis_ratio = _polar_grid()[1], component.axis_ratio
        stretch = np.sqrt(np.cos(angle) ** 2 / axis_ratio + np.sin(angle) ** 2 * axis_ratio)
        self._reach = LAST_RADIUS * component.effective_radius * stretch
        self.components = (dataclasses.replace(component, flux=self._diffuse),)
        if bar:
            self.components += (bar_component(component, structure, self._bar),)

    def _add_up(self, diffuse, bar, knot_flux):
        """Factor on the smooth disc, light of the pattern on the polar grid, and flux of the knots behind the dust.

        From the shares of the disc's flux before dust, which are also those of the sum that the results belong to.
        """
        component, structure = self._component, self._structure
        radius, _, u, v = _polar_grid()
        if not self._has_pattern:
            return diffuse, np.zeros((len(u), len(radius))), knot_flux
        # 2π R dR of a step of the grid: dR = 2 √(6 R) d√(R / 6)
        area = 4 * np.pi / _N_RADII * np.sqrt(LAST_RADIUS) * radius**1.5
        smooth = surface_brightness(radius**2, component.sersic_index) * area
        added = np.zeros_like(u)
        if structure.changes_disc:
            added = smooth * (brightening(structure, u, v, component.axis_ratio) - 1)
        diffuse /= 1 + _cumulative(added)[:, -1].mean()
        light = diffuse * added
        if structure.dust_depth:
            bright = diffuse * (smooth + added) + bar * area * self._bar_brightness(u, v)
            light -= (1 - transparency(structure, u, v, component.axis_ratio)) * bright
            knot_flux = knot_flux * transparency(structure, *self._knots[:2], component.axis_ratio)
        return diffuse, light, knot_flux

    @property
    def is_smooth(self):
        """Whether the components are all of the light."""
        return not (self._has_pattern or self._knot_flux.size)

    @property
    def _knot_sigma(self):
        return self._structure.knot_size * self._component.effective_radius / _GAUSSIAN_HALF

    @property
    def _extent(self):
        """Half sides (x, y) of the box around the structure, arcsec."""
        return self._structure.last_radius * np.sqrt(self._component.shape[:2])

    def rest_within(self, radius):
        """Flux of all but the smooth components inside a circular aperture (arcsec) about the disc's centre."""
        position = _N_RADII * np.sqrt(np.minimum(radius / self._reach, 1))
        cell = np.minimum(position.astype(int), _N_RADII - 1)
        row = np.arange(_N_ANGLES)
        # Hermite's cubic, as the slope of the light within a radius is known
        part, low, high = position - cell, self._within[row, cell], self._within[row, cell + 1]
        slopes = (1 - part) * self._light[row, cell] - part * self._light[row, cell + 1]
        light = float(np.mean(low + part**2 * (3 - 2 * part) * (high - low) + part * (1 - part) * slopes))
        if self._knot_flux.size:
            x, y = self._knot_offsets()
            sigma = self._knot_sigma
            light += float(self._knot_flux @ special.chndtr((radius / sigma) ** 2, 2, (x**2 + y**2) / sigma**2))
        return light

    def rest_transform(self, size, period, pixel_scale):
        """Transform of all but the smooth components, of the light inside the frame and a little around it.

        What lies farther out is left as the smooth components draw it.

        Parameters
        ----------
        size : int
            Side of the frame in pixels.
        period : int
            Side of the Fourier grid in pixels.
        pixel_scale : float
            arcsec.

        Returns
        -------
        (period, period // 2 + 1) array of complex64, to be added to the transform of the smooth components
        """
        reach = min((0.5 + _MARGIN) * size, 0.5 * period) * pixel_scale
        transform = np.zeros((period, period // 2 + 1), np.complex64)
        box = self._box(reach) if self._has_pattern else None
        if box is not None:
            transform = self._pattern_transform(box, period, pixel_scale)
        if self._knot_flux.size:
            transform += self._knots_transform(reach, period, pixel_scale)
        return transform

    def _box(self, reach):
        """Centre (x, y) and half sides (x, y), arcsec, of the part of the window with structure; None without one."""
        centre, extent = np.array([self._component.x, self._component.y]), self._extent
        low, high = np.maximum(centre - extent, -reach), np.minimum(centre + extent, reach)
        return ((low + high) / 2, (high - low) / 2) if (high > low).all() else None

    def _pattern_transform(self, box, period, pixel_scale):
        """Transform of what arms, ring, lopsidedness, truncation and dust add to the smooth components and take."""
        component = self._component
        (x_centre, y_centre), half = box
        wanted = _STEPS_PER_RADIUS * pixel_scale / (component.effective_radius * np.sqrt(component.axis_ratio))
        affordable = np.sqrt(_N_POINTS / np.prod(2 * half / pixel_scale))
        finer = _OVERSAMPLING[np.searchsorted(_OVERSAMPLING[1:], min(wanted, affordable), side="right")]
        step = pixel_scale / float(finer)
        n_columns, n_rows = (8 * int(np.ceil(side / (4 * step))) for side in half)
        x = grid_positions(n_columns, step) + (x_centre - component.x)
        y = grid_positions(n_rows, step) + (y_centre - component.y)
        resolution = _RESOLUTION * step / component.effective_radius
        light = self._pattern(x, y, resolution) * np.float32(step**2)
        transform = grid_transform(light, step, period, pixel_scale)
        if np.allclose(half, self._extent):  # all of it is drawn: what was too fine for that comes back as smooth light
            missing = self._within[:, -1].mean() - transform[0, 0].real
            kx, ky, _ = wave_numbers(period, pixel_scale)
            variance = np.float32(0.5 * (_MISSING_SIGMA * component.effective_radius) ** 2)
            transform.real += np.exp(-variance * ky**2) * (np.float32(missing) * np.exp(-variance * kx**2))
        if x_centre or y_centre:
            kx, ky, _ = wave_numbers(period, pixel_scale)
            transform = transform * np.exp(-1j * kx * np.float32(x_centre)) * np.exp(-1j * ky * np.float32(y_centre))
        return transform

    def _pattern(self, x, y, resolution):
        """Surface brightness of the pattern at offsets from the disc's centre, flux per arcsec²: (rows, columns)."""
        image = np.zeros((len(y), len(x)), np.float32)
        x, y = x[None, :].astype(np.float32), y[:, None].astype(np.float32)
        (u_x, u_y), (v_x, v_y) = _to_plane(self._component)
        n_rows = max(1, _BLOCK // x.size)
        for first in range(0, len(y), n_rows):
            block = slice(first, first + n_rows)
            u, v = u_x * x + u_y * y[block], v_x * x + v_y * y[block]
            inside = np.flatnonzero(u * u + v * v < self._structure.last_radius**2)
            image[block].ravel()[inside] = self._pattern_at(u.ravel()[inside], v.ravel()[inside], resolution)
        return image

    def _pattern_at(self, u, v, resolution):
        component, structure = self._component, self._structure
        smooth = surface_brightness(u * u + v * v, component.sersic_index).astype(u.dtype)
        smooth *= self._diffuse / component.effective_radius**2
        factor = np.ones_like(u)
        if structure.changes_disc:
            factor = brightening(structure, u, v, component.axis_ratio, resolution)
        rest = smooth * (factor - 1)
        if structure.dust_depth:
            bright = smooth * factor
            if self._bar:
                bright += self._bar / component.effective_radius**2 * self._bar_brightness(u, v)
            rest -= (1 - transparency(structure, u, v, component.axis_ratio)) * bright
        return rest

    def _knot_offsets(self):
        """Offsets of the knots from the disc's centre on the sky, arcsec."""
        component = self._component
        angle, root = np.radians(component.position_angle), np.sqrt(component.axis_ratio)
        along = self._knots[0] * component.effective_radius / root
        across = self._knots[1] * component.effective_radius * root
        return along * np.cos(angle) - across * np.sin(angle), along * np.sin(angle) + across * np.cos(angle)

    def _knots_transform(self, reach, period, pixel_scale):
        x, y = self._knot_offsets()
        x, y = x + self._component.x, y + self._component.y
        drawn = np.maximum(abs(x), abs(y)) < reach
        kx, ky, _ = wave_numbers(period, pixel_scale)
        variance = np.float32(self._knot_sigma**2)
        x, y = x[drawn].astype(np.float32)[:, None], y[drawn].astype(np.float32)[:, None]
        flux = self._knot_flux[drawn].astype(np.float32)[:, None]
        columns = flux * np.exp(-1j * x * kx) * np.exp(-0.5 * variance * kx**2)
        rows = np.exp(-1j * y * ky.T) * np.exp(-0.5 * variance * ky.T**2)
        return rows.T @ columns


def structured_half_light_radius(lights):
    """Radius of the circular aperture that holds half of one galaxy's light, as drawn: before PSF and noise.

    In closed form where all is smooth, as `half_light_radius` has it.

    Parameters
    ----------
    lights : sequence of Component or StructuredDisc
        About one centre, which is that of the aperture.

    Returns
    -------
    float, arcsec
    """
    smooth, discs = [], []
    for light in lights:
        if isinstance(light, StructuredDisc):
            smooth.extend(light.components)
            if not light.is_smooth:
                discs.append(light)
        else:
            smooth.append(light)
    flux, *shape = np.array([(one.flux, one.effective_radius, one.axis_ratio, one.sersic_index) for one in smooth]).T
    radius = float(half_light_radius(flux[None], *(one[None] for one in shape))[0])
    if not discs:
        return radius
    half = 0.5 * (flux.sum() + sum(disc.rest_within(np.inf) for disc in discs))

    def excess(log_radius):
        within = float(flux @ light_within(np.exp(log_radius), *shape)[0])
        return within + sum(disc.rest_within(np.exp(log_radius)) for disc in discs) - half

    first = np.log(radius)
    step = -_BRACKET if excess(first) > 0 else _BRACKET
    while excess(first + step) * step < 0:
        first += step
    return float(np.exp(optimize.brentq(excess, *sorted((first, first + step)), xtol=1e-6, rtol=1e-6)))


@functools.lru_cache(maxsize=1)
def _polar_grid():
    """Radii (closer where there is more light), angles (midpoints of equal parts), u and v at them, (angles, radii)."""
    radius = LAST_RADIUS * np.linspace(0, 1, _N_RADII + 1) ** 2
    angle = (np.arange(_N_ANGLES) + 0.5) * (2 * np.pi / _N_ANGLES)
    u, v = np.cos(angle)[:, None] * radius, np.sin(angle)[:, None] * radius
    return radius, angle, u.astype(np.float32), v.astype(np.float32)


def _cumulative(light):
    """Integral up to each radius of the polar grid, along each of its angles, by the trapezoid rule with end terms."""
    slope = np.gradient(light, axis=1) / 12
    total = np.cumsum(light, axis=1) - 0.5 * (light + light[:, :1])
    return total - (slope - slope[:, :1])


def _to_plane(component):
    """The rows of the matrix that takes offsets on the sky (arcsec) to u and v."""
    angle, root = np.radians(component.position_angle), np.sqrt(component.axis_ratio)
    along, across = root / component.effective_radius, 1 / (root * component.effective_radius)
    rows = np.array([[along * np.cos(angle), along * np.sin(angle)], [-across * np.sin(angle), across * np.cos(angle)]])
    return rows.tolist()
