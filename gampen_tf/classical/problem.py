"""Image to fit, limits of the parameters, and solution."""

import dataclasses
import functools

import numpy as np
import scipy.fft

from ..core.ellipticity import wrapped_angle
from .parameters import PixelGrid, Sersic, Source

__all__ = ["FitProblem", "Limits", "N_PARAMETERS", "Solution", "sources_of", "vector_of"]

_SMALLEST_RADIUS = 0.02  # px
_LARGEST_RADIUS = 5.0  # sides of the frame
_SMALLEST_AXIS_RATIO = 0.05
N_PARAMETERS = 5  # of a component
_FREE_CENTRE = 4.0  # px about the initial guess
_AT_LIMIT = 1e-5  # of the range


@dataclasses.dataclass(frozen=True)
class Limits:
    """(low, high) of the Sérsic index of each component of the galaxy, and of those of neighbours."""

    galaxy: tuple
    neighbours: tuple = (0.5, 6.0)


@dataclasses.dataclass(frozen=True)
class FitProblem:
    """An image to fit, with its noise, mask and PSF.

    Parameters
    ----------
    image, sigma : (H, W) float arrays
    mask : (H, W) bool array
        True where pixels do not count.
    psf : (h, w) float array
        With the pixel in it, of sum 1 and odd sides.
    pixel_scale, psf_scale : float
        arcsec.
    """

    image: np.ndarray
    sigma: np.ndarray
    mask: np.ndarray
    psf: np.ndarray
    pixel_scale: float
    psf_scale: float

    @property
    def grid(self):
        return PixelGrid(self.image.shape, self.pixel_scale)

    @property
    def n_pixels(self):
        """Number of pixels that are not masked."""
        return int(np.sum(~self.mask))

    @functools.cached_property
    def sharp_psf(self):
        """PSF without the response of the pixel, for fitters that integrate profiles over pixels.

        Band-limited, so right for PSFs that the pixels sample well; of a sharper one a part of the response remains.
        """
        shape = [2 * side for side in self.psf.shape]  # zeros around it: the division spreads a little light
        ky, kx = scipy.fft.fftfreq(shape[0])[:, None], scipy.fft.rfftfreq(shape[1])[None, :]
        transform = scipy.fft.rfft2(self.psf, shape) / (np.sinc(kx) * np.sinc(ky))
        sharp = scipy.fft.irfft2(transform, shape)[: self.psf.shape[0], : self.psf.shape[1]]
        return sharp / sharp.sum()

    def binned(self, factor):
        """Sums of blocks of pixels. The centre stays the centre: at the edges pixels are left out for that."""
        counts = [side // factor - (side - side // factor * factor) % 2 for side in self.image.shape]
        first = [(side - count * factor) // 2 for side, count in zip(self.image.shape, counts, strict=True)]
        inside = tuple(slice(at, at + count * factor) for at, count in zip(first, counts, strict=True))

        def blocks(array):
            return array[inside].reshape(counts[0], factor, counts[1], factor)

        return dataclasses.replace(
            self,
            image=blocks(self.image).sum(axis=(1, 3)),
            sigma=np.sqrt(blocks(self.sigma**2).sum(axis=(1, 3))),
            mask=blocks(self.mask).any(axis=(1, 3)),
            pixel_scale=self.pixel_scale * factor,
        )


@dataclasses.dataclass
class Solution:
    """Result of a fit: ``parameters`` is the vector of `vector_of`, with (low, high) of each in ``ranges``."""

    sources: list
    parameters: np.ndarray
    ranges: np.ndarray
    chi2: float
    converged: bool

    @property
    def free(self):
        """(M,) bool array: which parameters ended inside their limits."""
        low, high = self.ranges.T
        room = np.where(np.isfinite(high - low), _AT_LIMIT * (high - low), 0.0)
        return (self.parameters > low + room) & (self.parameters < high - room)


def vector_of(sources, limits, grid):
    """Sources as a vector of parameters, and (low, high) of each: two arrays, (M,) and (M, 2).

    For each source x, y in arcsec, and for each of its components flux, ln of the semi-major axis, Sérsic index, axis
    ratio and position angle: the total flux hardly depends on the others, the surface brightness would.
    """
    values, ranges = [], []
    scale = grid.pixel_scale
    radii = np.log([_SMALLEST_RADIUS * scale, _LARGEST_RADIUS * max(grid.shape) * scale])
    for number, source in enumerate(sources):
        values += [source.x, source.y]
        ranges += [(value - _FREE_CENTRE * scale, value + _FREE_CENTRE * scale) for value in (source.x, source.y)]
        for k, one in enumerate(source.components):
            values += [one.flux, np.log(one.semi_major_axis), one.sersic_index, one.axis_ratio, one.position_angle]
            ranges += [
                (0.0, np.inf),
                radii,
                limits.galaxy[k] if number == 0 else limits.neighbours,
                (_SMALLEST_AXIS_RATIO, 1.0),
                (-np.inf, np.inf),
            ]
    ranges = np.array([tuple(ends) for ends in ranges], float)
    return np.clip(values, *ranges.T), ranges


def sources_of(parameters, n_components):
    """Sources of a vector; ``n_components`` is the number of components of each."""
    sources, k = [], 0
    for n in n_components:
        rows = np.reshape(parameters[k + 2 : k + 2 + N_PARAMETERS * n], (n, N_PARAMETERS))
        components = tuple(
            Sersic(flux, np.exp(log_axis), index, ratio, wrapped_angle(angle))
            for flux, log_axis, index, ratio, angle in rows
        )
        sources.append(Source(parameters[k], parameters[k + 1], components))
        k += 2 + N_PARAMETERS * n
    return sources
