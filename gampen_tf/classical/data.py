"""What a fit is made to, between which limits, and what comes out."""

import dataclasses
import functools

import numpy as np
import scipy.fft

from gampen_tf.classical.conversion import COMPONENT, Frame, to_imfit

__all__ = ["Data", "Limits", "Solution", "vector_of"]

_SMALLEST_RADIUS = 0.02         # px
_LARGEST_RADIUS = 5.0           # sides of the frame
_LARGEST_ELLIPTICITY = 0.95
_FREE_CENTRE = 4.0              # px about the initial guess
_AT_LIMIT = 1e-5                # of the range


@dataclasses.dataclass(frozen=True)
class Limits:
    """(low, high) of the Sérsic index of each component of the galaxy, and of those of neighbours."""

    galaxy: tuple
    neighbours: tuple = (0.5, 6.0)


@dataclasses.dataclass(frozen=True)
class Data:
    """An image and all that is known of it.

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
    def frame(self):
        return Frame(self.image.shape, self.pixel_scale)

    @property
    def n_pixels(self):
        """Of those that count."""
        return int(np.sum(~self.mask))

    @functools.cached_property
    def sharp_psf(self):
        """The PSF less the pixel's response, for those who integrate profiles over pixels themselves.

        Band-limited, so right for PSFs that the pixels sample well; a sharper one keeps what it cannot be rid of.
        """
        shape = [2 * side for side in self.psf.shape]       # zeros around it: the division spreads a little light
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
            self, image=blocks(self.image).sum(axis=(1, 3)), sigma=np.sqrt(blocks(self.sigma**2).sum(axis=(1, 3))),
            mask=blocks(self.mask).any(axis=(1, 3)), pixel_scale=self.pixel_scale * factor,
        )


@dataclasses.dataclass
class Solution:
    """Where a fit ended: ``parameters`` is imfit's vector, (low, high) of each in ``ranges``."""

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


def vector_of(sources, limits, frame):
    """imfit's vector of some sources, and (low, high) of each parameter: two arrays, (M,) and (M, 2)."""
    largest = _LARGEST_RADIUS * max(frame.shape)
    values, ranges = [], []
    for number, source in enumerate(sources):
        centre, components = to_imfit(source, frame)
        values += centre
        ranges += [(value - _FREE_CENTRE, value + _FREE_CENTRE) for value in centre]
        for k, component in enumerate(components):
            ends = {"PA": (-np.inf, np.inf), "ell": (0.0, _LARGEST_ELLIPTICITY), "I_e": (0.0, np.inf),
                    "n": limits.galaxy[k] if number == 0 else limits.neighbours, "r_e": (_SMALLEST_RADIUS, largest)}
            values += [component[name] for name in COMPONENT]
            ranges += [ends[name] for name in COMPONENT]
    ranges = np.array(ranges, float)
    return np.clip(values, *ranges.T), ranges
