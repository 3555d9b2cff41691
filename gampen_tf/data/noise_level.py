"""The noise of an image, measured from its own pixels."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

__all__ = ["noise_level"]

# Radius about the centre within which the galaxy is, in parts of the frame's side.
_GALAXY = 0.3
# Pixels above the sky by so many standard deviations belong to sources, and are left out.
_CLIP = 2.0
_ROUNDS = 50
# The share of the pixels that lie lowest, whose end is set against the median.
_LOWEST = 0.1


def noise_level(images: ArrayLike, mask: ArrayLike | None = None) -> np.ndarray:
    """Standard deviation of the noise of a pixel, for each image.

    It is measured on the pixels farther from the centre than 0.3 of the frame's shorter side, from the side of their
    values below the median (the distance to the lowest tenth): galaxies and neighbours only add light. What lies 2 σ
    above the sky is left out, and the rest taken for a normal distribution that is cut there, until nothing changes:
    light in a part of the pixels does not move it. Noise that is correlated between pixels counts as it is in one.

    Parameters
    ----------
    images : (..., H, W) array
        Of one band; NaN where a pixel is lost.
    mask : (..., H, W) bool array, optional
        True where a pixel is bad; broadcast to the images.

    Returns
    -------
    (...) float64 array
        In the unit of the images; NaN where no pixel is left, 0 where all are equal.
    """
    images = np.asarray(images)
    height, width = images.shape[-2:]
    y, x = (np.arange(side) - (side - 1) / 2 for side in (height, width))
    outside = np.hypot(y[:, None], x) > _GALAXY * min(height, width)
    bad = np.zeros((), bool) if mask is None else np.asarray(mask, bool)
    bad = np.broadcast_to(bad, images.shape).reshape(-1, height, width)
    levels = [_level(image[outside & ~lost]) for image, lost in zip(images.reshape(bad.shape), bad, strict=True)]
    return np.array(levels, np.float64).reshape(images.shape[:-2])


def _level(pixels):
    pixels = np.sort(pixels[np.isfinite(pixels)].astype(np.float64))
    if not pixels.size:
        return np.nan
    kept, share = pixels.size, 1.0
    for _ in range(_ROUNDS):
        middle, low = (_quantile(pixels[:kept], q) for q in (0.5, _LOWEST))
        # where these quantiles of a normal distribution lie, of which the lowest `share` is left
        middle_at, low_at = ndtri(0.5 * share), ndtri(_LOWEST * share)
        sigma = (middle - low) / (middle_at - low_at)
        now = int(np.searchsorted(pixels, middle + (_CLIP - middle_at) * sigma, side="right"))
        if now == kept:
            break
        kept, share = now, ndtr(_CLIP)
    return sigma


def _quantile(values, q):
    """A quantile of sorted values."""
    place = q * (len(values) - 1)
    lower = int(place)
    upper = min(lower + 1, len(values) - 1)
    return values[lower] + (place - lower) * (values[upper] - values[lower])
