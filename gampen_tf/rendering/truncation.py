"""PSFs as surveys give them: on a stamp that ends, of sum 1."""

import numpy as np

from .psfs import MeasuredPsf, draw_psf

__all__ = ["truncated"]


def truncated(psf, size, pixel_scale, *, radius=None):
    """Cut a PSF at the edge of a stamp, or at a radius in it, and scale it to a sum of 1.

    Parameters
    ----------
    psf : object with ``transform`` and ``light_beyond``
        Such as `MoffatPsf`.
    size : int
        Side of the stamp in pixels.
    pixel_scale : float
        arcsec, that of the images to be drawn.
    radius : float, optional
        Pixels whose centres are farther than this (arcsec) are 0.

    Returns
    -------
    MeasuredPsf
    """
    image = draw_psf(psf, size, pixel_scale)
    if radius is not None:
        offsets = (np.arange(size) - (size - 1) / 2) * pixel_scale
        image = np.where(offsets[:, None] ** 2 + offsets**2 <= radius**2, image, np.float32(0))
    return MeasuredPsf(image, pixel_scale)
