"""Initial values of a fit: moments of the sources that SEP detects; for two components variations of a fit of one."""

import dataclasses

import numpy as np

from .parameters import Sersic, Source

__all__ = ["Detections", "detect", "overlooked", "two_component_starts"]

_THRESHOLD = 2.5  # sigma per pixel, of the image smoothed by SEP's 3 × 3 kernel
_RESIDUAL_THRESHOLD = 4.0
_FEWEST_PIXELS = 5
_MOST_OVERLOOKED = 2  # a round
_MOST_NEIGHBOURS = 5  # that are worth parameters of their own
_REACH = 0.25  # of the frame: the galaxy is looked for this far from the centre
# B/T, and radii of disc and bulge over that of the single profile. Bulges larger than their discs are among them.
_STARTS = ((0.5, 1.1, 0.7), (0.2, 1.0, 0.4), (0.8, 0.6, 1.1), (0.4, 0.5, 2.0))


@dataclasses.dataclass(frozen=True)
class Detections:
    """The galaxy, its neighbours (brightest first), and the pixels of each: (H, W) of 0, 1 for the galaxy, 2 …"""

    galaxy: Source
    neighbours: tuple
    segments: np.ndarray


def detect(image, sigma, mask, pixel_scale, psf_sigma):
    """Detect the galaxy at the centre and its neighbours.

    Parameters
    ----------
    image : (H, W) array
    sigma : (H, W) array
        Noise per pixel.
    mask : (H, W) bool array
        True where pixels do not count.
    pixel_scale : float
        arcsec.
    psf_sigma : float
        Of the PSF, pixels: taken out of the sizes.

    Returns
    -------
    Detections
        Where nothing stands out of the noise, a galaxy in the centre with the flux and the size of the central light.
    """
    pixels, found, segments = _extract(image, sigma, mask, _THRESHOLD)
    centre = 0.5 * (np.array(image.shape[::-1]) - 1)
    distance = np.array([np.hypot(*(np.array([one["x"], one["y"]]) - centre)) for one in found])
    near = distance < _REACH * min(image.shape)
    if not near.any():
        return Detections(_central_light(image, mask, pixel_scale), (), np.zeros(image.shape, int))
    # The brightest near the centre, a neighbour as far away as the edge of the search counting a hundredth.
    weight = (
        np.where(near, [max(one["flux"], 0) for one in found], -1) * 0.01 ** (distance / distance[near].max())
        if len(found) > 1
        else np.ones(1)
    )
    chosen = int(np.argmax(weight))
    sources = [
        _source(one, pixels, mask, segments, i + 1, centre, pixel_scale, psf_sigma) for i, one in enumerate(found)
    ]
    others = sorted((i for i in range(len(found)) if i != chosen), key=lambda i: -found[i]["flux"])
    numbers = np.zeros(len(found) + 1, int)
    for number, i in enumerate([chosen, *others], start=1):
        numbers[i + 1] = number
    return Detections(sources[chosen], tuple(sources[i] for i in others[:_MOST_NEIGHBOURS]), numbers[segments])


def overlooked(residual, sigma, mask, pixel_scale, psf_sigma, galaxy):
    """Detect sources in the residuals of a fit: neighbours that the light of others hides.

    Parameters
    ----------
    residual, sigma : (H, W) arrays
        Image minus model, noise per pixel.
    mask : (H, W) bool array
    pixel_scale, psf_sigma : float
        arcsec, pixels.
    galaxy : Source
        What is left of it, in its middle, is no neighbour.

    Returns
    -------
    tuple of Source
        The most significant, brightest first.
    """
    pixels, found, segments = _extract(residual, sigma, mask, _RESIDUAL_THRESHOLD)
    centre = 0.5 * (np.array(residual.shape[::-1]) - 1)
    middle = centre + np.array([galaxy.x, galaxy.y]) / pixel_scale
    others = [
        i
        for i, one in enumerate(found)
        if one["flux"] > 0 and np.hypot(one["x"] - middle[0], one["y"] - middle[1]) > 3 * psf_sigma
    ]
    others = sorted(others, key=lambda i: -found[i]["flux"])[:_MOST_OVERLOOKED]
    return tuple(_source(found[i], pixels, mask, segments, i + 1, centre, pixel_scale, psf_sigma) for i in others)


def _extract(image, sigma, mask, threshold):
    """SEP's detections: the pixels as it takes them, its table (empty where it fails), and its map of segments."""
    import sep

    pixels, noise = (np.ascontiguousarray(one, dtype=np.float32) for one in (image, sigma))
    mask = np.array(mask, bool)  # a copy: SEP refuses an array that is read-only, as one mask for all images is
    sep.set_extract_pixstack(max(300_000, 4 * pixels.size))
    try:
        return pixels, *sep.extract(
            pixels, threshold, err=noise, mask=mask, minarea=_FEWEST_PIXELS, segmentation_map=True
        )
    except Exception as error:
        if type(error) is not Exception:  # what SEP itself raises, in fields crowded beyond its limits
            raise
        return pixels, (), np.zeros(image.shape, int)


def _source(one, pixels, mask, segments, number, centre, pixel_scale, psf_sigma):
    """A single Sérsic profile of the moments of a detection, its size that of the circle with half of its light."""
    import sep

    extent = 6 * max(float(one["a"]), 1.0)
    elsewhere = mask | ((segments != number) & (segments != 0))
    radius, _ = sep.flux_radius(pixels, [one["x"]], [one["y"]], [extent], 0.5, mask=elsewhere)
    flux, _, _ = sep.sum_circle(pixels, [one["x"]], [one["y"]], [extent], mask=elsewhere)
    ratio = float(np.clip(one["b"] / max(one["a"], 1e-3), 0.15, 0.95))
    seen = float(radius[0]) if np.isfinite(radius[0]) and radius[0] > 0 else float(one["a"])
    size = np.sqrt(max(seen**2 - (1.18 * psf_sigma) ** 2, 0.09 * seen**2))  # 1.18 σ holds half of a Gaussian
    component = Sersic(
        float(max(flux[0], one["flux"], 1e-3)),
        size * pixel_scale / np.sqrt(ratio),
        1.5,
        ratio,
        float(np.rad2deg(one["theta"])),
    )
    return Source(float(one["x"] - centre[0]) * pixel_scale, float(one["y"] - centre[1]) * pixel_scale, (component,))


def _central_light(image, mask, pixel_scale):
    height, width = image.shape
    y, x = np.indices(image.shape)
    inside = (np.hypot(x - 0.5 * (width - 1), y - 0.5 * (height - 1)) < 0.125 * min(image.shape)) & ~mask
    flux = float(np.sum(image[inside]))
    return Source(0.0, 0.0, (Sersic(max(flux, 1e-3), 0.05 * min(image.shape) * pixel_scale, 1.5, 0.7, 0.0),))


def two_component_starts(source):
    """Initial values of disc and bulge, from the best single profile.

    Returns
    -------
    list of Source
        Each a disc (n = 1) and a bulge (n = 4).
    """
    (one,) = source.components
    ratio = float(np.clip(one.axis_ratio, 0.3, 0.9))
    return [
        Source(
            source.x,
            source.y,
            (
                Sersic((1 - share) * one.flux, disc * one.semi_major_axis, 1.0, ratio, one.position_angle),
                Sersic(share * one.flux, bulge * one.semi_major_axis, 4.0, ratio, one.position_angle),
            ),
        )
        for share, disc, bulge in _STARTS
    ]
