"""The image of a PSF as a survey hands it over: a finite stamp with faults."""

import numpy as np

from ..rendering.psfs import draw_psf

__all__ = ["FAULTS", "draw_psf_stamp"]

#: What may be wrong with a stamp, and its limits: ``signal_to_noise`` of the star, or of the model, that it comes from,
#: √(Σ p²) / σ; ``offset`` of its centre along either axis, in pixels; ``background`` left in it, as a part of the light
#: in the whole stamp (negative wings); ``width``, the factor by which it is too wide; ``sum`` of its pixels.
FAULTS = {
    "signal_to_noise": (1.0, 1e9),
    "offset": (-2.0, 2.0),
    "background": (-0.5, 0.5),
    "width": (0.5, 2.0),
    "sum": (1e-6, 1e6),
}


def draw_psf_stamp(psf, size, pixel_scale, faults, rng):
    """A stamp of a PSF with faults.

    Parameters
    ----------
    psf : PSF
        See `gampen_tf.rendering`.
    size : int
        Side in pixels.
    pixel_scale : float
        arcsec.
    faults : dict
        ``offset_x``, ``offset_y`` and the other keys of `FAULTS`, each optional; without any the stamp has no noise and
        the sum 1.
    rng : numpy.random.Generator
        For the noise.

    Returns
    -------
    (size, size) array of float32
    """
    # a PSF that is wider by a factor looks as on pixels that are finer by it
    stamp = draw_psf(
        psf,
        size,
        pixel_scale / faults.get("width", 1.0),
        offset=(faults.get("offset_x", 0.0), faults.get("offset_y", 0.0)),
    ).astype(np.float64)
    if "signal_to_noise" in faults:
        sigma = np.sqrt(np.sum(stamp**2)) / faults["signal_to_noise"]
        stamp += sigma * rng.standard_normal(stamp.shape)
    stamp += faults.get("background", 0.0) / stamp.size
    return (stamp * faults.get("sum", 1.0)).astype(np.float32)
