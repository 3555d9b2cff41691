"""PSFs as surveys give them: on a stamp that ends, of sum 1."""

from .psfs import MeasuredPsf, draw_psf

__all__ = ["truncated"]


def truncated(psf, size, pixel_scale):
    """Cut a PSF at the edge of a stamp, and scale it to a sum of 1.

    Parameters
    ----------
    psf : object with ``transform`` and ``light_beyond``
        Such as `MoffatPsf`.
    size : int
        Side of the stamp in pixels.
    pixel_scale : float
        arcsec, that of the images to be drawn.

    Returns
    -------
    MeasuredPsf
    """
    return MeasuredPsf(draw_psf(psf, size, pixel_scale), pixel_scale)
