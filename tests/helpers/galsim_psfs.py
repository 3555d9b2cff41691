"""PSFs as GalSim has them, to draw with beside the package's own."""

import galsim
import numpy as np
import scipy.fft

from gampen_tf.rendering.psfs import wave_numbers


class AnalyticPsf:
    """A PSF in closed form, by GalSim, without the pixel.

    Parameters
    ----------
    profile : galsim.GSObject
        Unit flux.
    light_beyond : callable, optional
        Fraction of the light beyond a radius (arcsec); none at any radius if not given.
    """

    def __init__(self, profile, light_beyond=lambda radius: 0.0):
        self.profile, self.light_beyond = profile, light_beyond

    def transform(self, period, pixel_scale):
        """Transform of PSF and pixel on the half plane: (period, period // 2 + 1), as `scipy.fft.irfft2` orders it."""
        half = period // 2
        image = galsim.ImageCD(galsim.BoundsI(0, half, -half, half), scale=2 * np.pi / (period * pixel_scale))
        self.profile.drawKImage(image=image, recenter=False)
        pixel = wave_numbers(period, pixel_scale)[2]
        return (scipy.fft.ifftshift(image.array[:-1], axes=0) * pixel).astype(np.complex64)
