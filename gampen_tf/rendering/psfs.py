"""Point spread functions: analytic ones and measured images, as transforms and as images.

The centre of a PSF is the centre of its frame: the middle pixel of an odd frame, between pixels in an even one.
"""

import functools

import numpy as np
import scipy.fft

__all__ = ["MeasuredPsf", "draw_psf", "inverse_transform", "psf_period", "wave_numbers"]

_FOLDED = 5e-4  # part of the light that a PSF's wings may fold into the frame


@functools.lru_cache(maxsize=16)
def wave_numbers(period, pixel_scale):
    """Wave numbers (rad per arcsec) of the half plane that a real transform needs, and the pixel's own transform."""
    ky = (2 * np.pi * scipy.fft.fftfreq(period, pixel_scale))[:, None]
    kx = (2 * np.pi * scipy.fft.rfftfreq(period, pixel_scale))[None, :]
    pixel = np.sinc(kx * pixel_scale / (2 * np.pi)) * np.sinc(ky * pixel_scale / (2 * np.pi))
    return kx.astype(np.float32), ky.astype(np.float32), pixel.astype(np.float32)


def inverse_transform(transform, size, period, pixel_scale):
    """The central (size, size) pixels of the image whose transform on the half plane is given; overwrites it."""
    if size % 2 == 0:  # the centre lies between pixels
        kx, ky, _ = wave_numbers(period, pixel_scale)
        half = np.complex64(0.5j * pixel_scale)
        transform = transform * np.exp(half * kx) * np.exp(half * ky)
    image = scipy.fft.irfft2(transform, (period, period), overwrite_x=True)
    return np.roll(image, (size // 2, size // 2), axis=(0, 1))[:size, :size]


class MeasuredPsf:
    """A PSF as the image of a star, with the response of its own pixels in it.

    Between its pixels it follows from their transform (band-limited interpolation), which is right where the image
    samples the PSF well. An undersampled one is aliased already, and is good only for images at its own pixel scale.

    Parameters
    ----------
    image : (h, w) array
        Scaled to a sum of 1: what lies beyond the frame is taken for nothing.
    pixel_scale : float
        Of the image, arcsec.
    """

    def __init__(self, image, pixel_scale):
        image = np.asarray(image, dtype=np.float64)
        self.image, self.pixel_scale = image / image.sum(), pixel_scale
        self._transforms = {}

    def light_beyond(self, radius):
        """All of the light inside the frame, none outside: the bound that `psf_period` needs."""
        return 0.0 if radius * 2 > max(self.image.shape) * self.pixel_scale else 1.0

    def transform(self, period, pixel_scale):
        """Transform of PSF and pixel on the half plane, kept for the next galaxy: periods are few."""
        if (period, pixel_scale) not in self._transforms:
            if len(self._transforms) >= 8:
                self._transforms.clear()
            self._transforms[period, pixel_scale] = self._transform(period, pixel_scale)
        return self._transforms[period, pixel_scale]

    def _transform(self, period, pixel_scale):
        ky = 2 * np.pi * scipy.fft.fftfreq(period, pixel_scale)
        kx = 2 * np.pi * scipy.fft.rfftfreq(period, pixel_scale)
        rows, columns = ((np.arange(n) - (n - 1) / 2) * self.pixel_scale for n in self.image.shape)
        transform = np.exp(-1j * np.outer(ky, rows)) @ self.image @ np.exp(-1j * np.outer(columns, kx))
        if self.pixel_scale != pixel_scale:  # out with the PSF's own pixel, in with that of the image
            for axis, k in ((1, ky), (0, kx)):
                ratio = np.sinc(k * pixel_scale / (2 * np.pi)) / np.sinc(k * self.pixel_scale / (2 * np.pi))
                transform *= np.expand_dims(np.where(abs(k) < np.pi / self.pixel_scale, ratio, 0), axis)
        return transform.astype(np.complex64)


def psf_period(psf, period, size, offset, pixel_scale):
    """The shortest period, not under ``period``, at which the wings of the PSF fold too little light into the frame.

    Parameters
    ----------
    psf : object with ``transform`` and ``light_beyond``
    period, size : float
        In pixels; ``size`` is that of the frame.
    offset : float
        Pixels from the centre of the frame to the light that is farthest out.
    pixel_scale : float
    """
    # Folded light spreads over the period: the frame gets its share of the area.
    while psf.light_beyond((period - size / 2 - offset) * pixel_scale) * min(1, size / period) ** 2 > _FOLDED:
        period = 1.1 * period + 1
    return period


def draw_psf(psf, size, pixel_scale, *, offset=(0.0, 0.0)):
    """Image of a PSF with the pixel in it, as a star at the centre of the frame shows it.

    Parameters
    ----------
    psf : object with ``transform`` and ``light_beyond``
    size : int
        Side in pixels.
    pixel_scale : float
        arcsec.
    offset : (float, float), optional
        Of the star from the centre of the frame, x and y in pixels.

    Returns
    -------
    (size, size) array of float32, of sum 1
    """
    period = 2 * scipy.fft.next_fast_len(int(np.ceil(psf_period(psf, 2 * size, size, 0.0, pixel_scale) / 2)), real=True)
    transform = psf.transform(period, pixel_scale).copy()
    if any(offset):
        kx, ky, _ = wave_numbers(period, pixel_scale)
        x, y = (np.complex64(-1j * one * pixel_scale) for one in offset)
        transform = transform * np.exp(x * kx) * np.exp(y * ky)
    image = inverse_transform(transform, size, period, pixel_scale).astype(np.float64)
    return (image / image.sum()).astype(np.float32)
