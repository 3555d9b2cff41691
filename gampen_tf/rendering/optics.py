"""PSFs of telescopes: diffraction at an annular aperture, with aberrations, behind an atmosphere or none.

The optical transfer function (OTF) is the autocorrelation of the pupil: two copies of the aperture are shifted against
each other by k λ / 2π, and over their overlap the phase factor exp(i Δφ), Δφ = φ(p + s/2) − φ(p − s/2), is integrated
(Goodman 2005, chapter 6). An annulus is a disc less a disc, and its overlap with its copy one of three kinds of lens,

    OTF(k) = Σ area(k) ⟨exp(i Δφ)⟩ / area(0):    disc on disc + obstacle on obstacle − 2 disc on obstacle

The area of a lens, with its cusp and its edges, has a closed form. The mean over a lens is smooth: it is computed on a
coarse grid of shifts, and brought to all wave numbers by cubic splines along rows and columns.
"""

import dataclasses
import functools

import numpy as np
from scipy import interpolate

from .psfs import wave_numbers
from .radial_psfs import gaussian_transform

__all__ = ["OpticalPsf"]

_N_ABERRATIONS = 8  # Z4 to Z11
# Nodes of the coarse grid along a half axis, and points in a lens along the shift and across it, of each kind of lens.
_DISC, _MIXED, _OBSTACLE = (20, 8, 12), (20, 5, 8), (4, 3, 4)
_CROWDING = 1.4  # of the nodes about the middle, where the phase factor changes fastest


def _zernikes(x, y):
    """Zernike polynomials Z4 to Z11 in Noll's order (Noll 1976), first the even ones (4, 5, 6, 11), then 7 to 10."""
    squared = x**2 + y**2
    even = (
        np.sqrt(3) * (2 * squared - 1),
        np.sqrt(24) * x * y,
        np.sqrt(6) * (x**2 - y**2),
        np.sqrt(5) * (6 * squared**2 - 6 * squared + 1),
    )
    odd = (
        np.sqrt(8) * (3 * squared - 2) * y,
        np.sqrt(8) * (3 * squared - 2) * x,
        np.sqrt(8) * (3 * x**2 - y**2) * y,
        np.sqrt(8) * (x**2 - 3 * y**2) * x,
    )
    return np.stack(even), np.stack(odd)


def _gauss(n):
    """Nodes and weights of Gauss-Legendre's rule on (0, 1)."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return 0.5 * (nodes + 1), 0.5 * weights


@dataclasses.dataclass(frozen=True)
class _Lens:
    """What a disc and a smaller one have in common, their centres a distance apart.

    Lengths are in radii of the aperture.
    """

    larger: float
    smaller: float
    weight: float  # of its integral in the OTF
    n_nodes: int
    n_along: int
    n_across: int

    @property
    def is_symmetric(self):
        return self.larger == self.smaller

    def area(self, distance):
        """Area of the lens; nothing where the discs lie apart."""
        a, b = self.larger, self.smaller
        d = np.clip(distance, max(a - b, 1e-12), a + b)
        near = (d**2 + a**2 - b**2) / (2 * d)  # from the centre of the larger disc to the chord
        height = np.sqrt(np.maximum(a**2 - near**2, 0))
        sectors = a**2 * np.arctan2(height, near) + b**2 * np.arctan2(height, d - near)
        return sectors - d * height

    def points(self, distance):
        """Points in the lens: along, across, weight of sum 1, each (distances, points).

        The origin is the middle between the centres, and the smaller disc lies ahead. The points are those of
        Gauss-Legendre's rule; across the shift in the angle whose sine gives the place, which takes the square root
        out of the ends. A symmetric lens has points in the half ahead alone, which the other half mirrors.
        """
        half = 0.5 * distance[:, None, None]
        chord = (distance**2 + self.larger**2 - self.smaller**2) / (2 * np.maximum(distance, 1e-12))
        is_past = chord > distance  # the widest part of the smaller disc lies in the larger one
        height = np.where(is_past, self.smaller, np.sqrt(np.maximum(self.larger**2 - chord**2, 0)))
        position, weight = _gauss(self.n_across)
        turn = np.pi * (position - 0.5)
        across = np.minimum(height, self.smaller)[:, None, None] * np.sin(turn)[:, None]
        rim, obstacle = (np.sqrt(np.maximum(one**2 - across**2, 0)) for one in (self.larger, self.smaller))
        end = np.minimum(rim - half, half + obstacle)
        start = np.zeros_like(end) if self.is_symmetric else half - obstacle
        length = np.maximum(end - start, 0)
        along_position, along_weight = _gauss(self.n_along)
        along = start + length * along_position
        weight = (weight * np.cos(turn))[:, None] * length * along_weight
        total = weight.sum(axis=(1, 2), keepdims=True)
        weight = np.where(total > 0, weight / np.where(total > 0, total, 1), 1 / weight[0].size)
        return (one.reshape(len(distance), -1) for one in np.broadcast_arrays(along, across, weight))


@functools.lru_cache(maxsize=16)
def _lenses(obscuration):
    """The lenses of an annular aperture."""
    area = np.pi * (1 - obscuration**2)
    disc = _Lens(1.0, 1.0, 1 / area, *_DISC)
    if obscuration == 0:
        return (disc,)
    return (
        disc,
        _Lens(1.0, obscuration, -2 / area, *_MIXED),
        _Lens(obscuration, obscuration, 1 / area, *_OBSTACLE),
    )


@functools.lru_cache(maxsize=64)
def _area_on_half_plane(lens, period, pixel_scale, lam_over_diameter):
    """Part of the OTF without aberrations that a lens gives, on the half plane: float32."""
    kx, ky, _ = wave_numbers(period, pixel_scale)
    shift = np.hypot(kx, ky).astype(np.float64) * (lam_over_diameter / np.pi)
    return (lens.weight * lens.area(shift)).astype(np.float32)


def _nodes(lens, sampling):
    """Shifts of the coarse grid along an axis: to the edge of the lens, or to the highest wave number."""
    position = np.linspace(-1, 1, 2 * lens.n_nodes + 1)
    return min(lens.larger + lens.smaller, sampling) * np.sinh(_CROWDING * position) / np.sinh(_CROWDING)


@functools.lru_cache(maxsize=64)
def _to_half_plane(lens, period, pixel_scale, lam_over_diameter):
    """Matrices (rows, nodes) and (nodes, columns) of spline interpolation from the coarse grid to the half plane."""
    nodes = _nodes(lens, lam_over_diameter / pixel_scale)
    spline = interpolate.make_interp_spline(nodes, np.eye(len(nodes)), k=3)
    kx, ky, _ = wave_numbers(period, pixel_scale)
    rows, columns = (
        spline(np.clip(k.ravel() * (lam_over_diameter / np.pi), nodes[0], nodes[-1])).astype(np.float32)
        for k in (ky, kx)
    )
    return rows, np.ascontiguousarray(columns.T)


@functools.lru_cache(maxsize=64)
def _differences(lens, sampling):
    """Phase differences over a lens for 1 rad of each polynomial, at the coarse grid's nodes of the half plane.

    Returns
    -------
    even, odd : (4, nodes × points) arrays of float32
        Of the even polynomials, which a turn by 180° leaves as they are, and of the odd ones.
    weight : (nodes, points) array of float32
        Of sum 1 at each node.
    """
    nodes = _nodes(lens, sampling)
    shift_x, shift_y = np.meshgrid(nodes[lens.n_nodes :], nodes)
    direction = np.arctan2(shift_y, shift_x).reshape(-1, 1)
    shift = np.minimum(np.hypot(shift_x, shift_y), lens.larger + lens.smaller).ravel()  # beyond: no lens, any value
    along, across, weight = lens.points(shift)
    values = [
        _zernikes(
            ahead * np.cos(direction) - across * np.sin(direction),
            ahead * np.sin(direction) + across * np.cos(direction),
        )
        for ahead in (along + 0.5 * shift[:, None], along - 0.5 * shift[:, None])
    ]
    even, odd = ((one - other).reshape(4, -1).astype(np.float32) for one, other in zip(*values, strict=True))
    return even, odd, weight.astype(np.float32)


def _mean_phase_factor(lens, radians, sampling):
    """Mean of exp(i Δφ) on the coarse grid, real and imaginary part: (rows, columns), from −y to +y and −x to +x."""
    even, odd, weight = _differences(lens, sampling)
    # At p and −p the phase differences are e + o and −e + o: the mean of their two factors is cos e exp(i o).
    weighted = np.cos(radians[[0, 1, 2, 7]] @ even).reshape(weight.shape) * weight
    phase = (radians[3:7] @ odd).reshape(weight.shape)
    for function, parity in ((np.cos, 1), (np.sin, -1)):  # Hermitian: the value at −k is the conjugate of that at k
        half = np.einsum("np,np->n", weighted, function(phase)).reshape(2 * lens.n_nodes + 1, lens.n_nodes + 1)
        yield np.hstack([parity * half[::-1, :0:-1], half])


class OpticalPsf:
    """PSF of a telescope with an annular aperture and aberrations, without the pixel.

    Parameters
    ----------
    lam_over_diameter : float
        Wavelength over the diameter of the aperture, arcsec.
    obscuration : float, optional
        Diameter of the central obscuration over that of the aperture.
    aberrations : (8,) sequence of float, optional
        Coefficients of the Zernike polynomials Z4 to Z11, in waves: defocus, oblique and vertical astigmatism, vertical
        and horizontal coma, two of trefoil, spherical aberration. Noll's order (Noll 1976), polynomials of root mean
        square 1 over the whole disc (not the annulus alone), and signs as `galsim.OpticalPSF` has them. The transform
        is right to 2e-3 up to 0.1 waves of all together in space (λ/D of one or two pixels), and behind an atmosphere
        (λ/D of a tenth of a pixel) up to 3 waves of defocus and 0.3 of each other.
    atmosphere : MoffatPsf or KolmogorovPsf, optional
        That the light passes before it.
    blur : float, optional
        FWHM of a round Gaussian that the PSF is convolved with (jitter, detector), arcsec.
    """

    def __init__(
        self, lam_over_diameter, obscuration=0.0, aberrations=(0.0,) * _N_ABERRATIONS, *, atmosphere=None, blur=0.0
    ):
        self._radians = np.asarray(2 * np.pi * np.asarray(aberrations), dtype=np.float32)
        if self._radians.shape != (_N_ABERRATIONS,):
            raise ValueError(
                f"OpticalPsf: expected {_N_ABERRATIONS} aberrations, Z4 to Z11, found shape {self._radians.shape}"
            )
        if not 0 <= obscuration < 1:
            raise ValueError(f"OpticalPsf: expected an obscuration from 0 to below 1, found {obscuration}")
        self._lam_over_diameter, self._obscuration = float(lam_over_diameter), float(obscuration)
        self._atmosphere, self._blur = atmosphere, blur

    def transform(self, period, pixel_scale):
        """Transform of PSF and pixel on the half plane: (period, period // 2 + 1), complex64, or float32 if it is real.

        Real without aberrations: the image is symmetric then.
        """
        if self._atmosphere is None:
            factor = wave_numbers(period, pixel_scale)[2]
        else:
            factor = self._atmosphere.transform(period, pixel_scale)
        if self._blur:
            factor = factor * gaussian_transform(self._blur, period, pixel_scale)
        grid = period, pixel_scale, self._lam_over_diameter
        lenses = _lenses(self._obscuration)
        areas = [_area_on_half_plane(lens, *grid) for lens in lenses]
        if not self._radians.any():
            return factor * sum(areas)
        real, imaginary = np.zeros((2, *factor.shape), np.float32)
        for lens, area in zip(lenses, areas, strict=True):
            rows, columns = _to_half_plane(lens, *grid)
            means = _mean_phase_factor(lens, self._radians, self._lam_over_diameter / pixel_scale)
            for total, mean in zip((real, imaginary), means, strict=True):
                part = rows @ mean @ columns
                part *= area
                total += part
        transform = np.empty(factor.shape, np.complex64)
        np.multiply(real, factor, out=transform.real)
        np.multiply(imaginary, factor, out=transform.imag)
        return transform

    def light_beyond(self, radius):
        """Fraction of the light beyond a radius (arcsec) that is large against the aberrations.

        2 λ/D / (π² r (1 − ε)) by diffraction at the edges of the aperture, and the atmosphere's own.
        """
        edges = 2 * self._lam_over_diameter / (np.pi**2 * radius * (1 - self._obscuration))
        atmosphere = 0.0 if self._atmosphere is None else self._atmosphere.light_beyond(radius)
        return float(min(1.0, edges + atmosphere))
