"""Crops of images around their brightest source, scaled to one size (Regier et al. 2015, § 3).

>>> crops = gampen_tf.vae.crop_sources(frames, size=69)
>>> crops.images.shape, crops.reasons[3]
((981, 69, 69, 1), 'blended: another source with 0.31 of its flux in the crop')

Sources are found by `sep`, SExtractor's own algorithms as a C library that needs NumPy alone: a few milliseconds a
frame.  It is an optional dependency (``pip install 'gampen_tf[vae]'``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["SourceCrops", "crop_sources", "downscale", "normalise"]

_THRESHOLD = 1.5  # σ of the background
_MIN_PIXELS = 9
_REACH = 4.5  # half side of the crop over the rms length along the major axis


@dataclass(frozen=True)
class SourceCrops:
    """Crops of :func:`crop_sources`, with what was refused and why.

    Attributes
    ----------
    images : (K, size, size, 1) float32 array
        Of the accepted frames, in their order; background subtracted, mean surface brightness conserved.
    accepted : (N,) bool array
    reasons : list of N str
        Empty where accepted.
    boxes : (N, 3) array
        Centre x, centre y and side of the crop, in the frame's pixels; NaN where nothing was found.
    """

    images: np.ndarray
    accepted: np.ndarray
    reasons: list[str]
    boxes: np.ndarray


def crop_sources(frames, *, size=69, max_neighbour=0.1):
    """Cut each frame around its brightest source, downscale it, and refuse blends.

    The crop is a square about the source's barycentre, 9 times as wide as the rms length of its isophotal light along
    the major axis: about 4.5 effective radii to either side of an exponential disc.  Frames are refused where nothing
    is found, where the source touches the frame's edge or its crop reaches beyond it, where the crop is narrower than
    `size` pixels (there is nothing to downscale), or where another source in it has more than `max_neighbour` of its
    flux: touching sources are told apart by SExtractor's deblending at that same contrast, so that a galaxy's own
    knots and arms remain parts of it.

    Parameters
    ----------
    frames : (N, H, W) or (N, H, W, 1) array
        Any unit; the noise is measured in each.
    size : int
        Side of the crops in pixels after downscaling.
    max_neighbour : float

    Returns
    -------
    SourceCrops

    Raises
    ------
    ImportError
        Without `sep`.
    """
    frames = np.asarray(frames)
    frames = frames[..., 0] if frames.ndim == 4 and frames.shape[-1] == 1 else frames
    if frames.ndim != 3:
        raise ValueError(f"frames of shape {frames.shape}; expected (N, H, W) or (N, H, W, 1), one band")
    images, reasons, boxes = [], [], np.full((len(frames), 3), np.nan)
    for i, frame in enumerate(frames):
        try:
            image, boxes[i] = _crop(np.ascontiguousarray(frame, np.float64), size, max_neighbour)
        except _Refused as refused:
            reasons.append(str(refused))
            continue
        reasons.append("")
        images.append(image)
    stacked = np.stack(images)[..., None] if images else np.zeros((0, size, size, 1), np.float32)
    return SourceCrops(stacked, np.array([not reason for reason in reasons], bool), reasons, boxes)


def downscale(image, box, size):
    """Downscale a square part of an image to size × size pixels, each the mean of the light over its area.

    Parameters
    ----------
    image : (H, W) array
    box : (float, float, float)
        Centre x, centre y, side, in pixels; pixel centres are at whole numbers.  It lies within the image.
    size : int

    Returns
    -------
    (size, size) float64 array
    """
    x, y, side = box
    rows = _overlaps(y - side / 2, side, size, image.shape[0])
    columns = _overlaps(x - side / 2, side, size, image.shape[1])
    return rows @ np.asarray(image, np.float64) @ columns.T


def normalise(images, softening=0.1):
    """Scale crops to about [0, 1]: divided by their bright level, then arcsinh, as colour pictures of surveys are.

    The bright level is the mean of the brightest hundredth of the pixels.  x → arcsinh(x / β) / arcsinh(1 / β).

    Parameters
    ----------
    images : (N, H, W, C) array
        Background subtracted.
    softening : float or None
        β, in units of the bright level; None for a linear scale.

    Returns
    -------
    (N, H, W, C) float32 array
        NaN where an image has no light.
    """
    images = np.asarray(images, np.float64)
    flat = images.reshape(len(images), int(np.prod(images.shape[1:])))
    n_bright = max(1, round(0.01 * flat.shape[1]))
    bright = np.mean(np.partition(flat, -n_bright, axis=1)[:, -n_bright:], axis=1)
    scaled = images / np.where(bright > 0, bright, np.nan).reshape(-1, *[1] * (images.ndim - 1))
    if softening is not None:
        scaled = np.arcsinh(scaled / softening) / np.arcsinh(1 / softening)
    return scaled.astype(np.float32)


class _Refused(Exception):
    """Why a frame is of no use."""


def _crop(frame, size, max_neighbour):
    try:
        import sep
    except ImportError as error:
        raise ImportError("finding sources needs the package sep: pip install 'gampen_tf[vae]'") from error

    if not np.isfinite(frame).all():
        raise _Refused(f"{np.sum(~np.isfinite(frame))} pixels are not finite")
    # one level for the frame: a mesh finer than the galaxy would take its own light for background
    background = sep.Background(frame, bw=frame.shape[1], bh=frame.shape[0])
    frame = frame - background.globalback
    sources = sep.extract(
        frame,
        _THRESHOLD,
        err=background.globalrms,
        minarea=_MIN_PIXELS,
        deblend_nthresh=32,
        deblend_cont=max_neighbour,
    )
    if len(sources) == 0:
        raise _Refused("no source found")
    main = int(np.argmax(sources["flux"]))
    x, y, side = sources["x"][main], sources["y"][main], 2 * _REACH * sources["a"][main]
    if sources["flag"][main] & sep.OBJ_TRUNC:
        raise _Refused("the source touches the edge of the frame")
    edges = np.array(
        [
            x - side / 2 + 0.5,
            y - side / 2 + 0.5,
            frame.shape[1] - x - side / 2 - 0.5,
            frame.shape[0] - y - side / 2 - 0.5,
        ]
    )
    if np.min(edges) < 0:
        raise _Refused(f"the crop of {side:.0f} px reaches {-np.min(edges):.0f} px beyond the frame")
    if side < size:
        raise _Refused(f"the crop of {side:.0f} px is narrower than {size} px: the image is not well enough resolved")
    inside = np.maximum(abs(sources["x"] - x), abs(sources["y"] - y)) < side / 2
    inside[main] = False
    rivals = sources["flux"][inside] / sources["flux"][main]
    if rivals.size and np.max(rivals) > max_neighbour:
        raise _Refused(f"blended: another source with {np.max(rivals):.2f} of its flux in the crop")
    return downscale(frame, (x, y, side), size).astype(np.float32), (x, y, side)


def _overlaps(start, side, size, n_pixels):
    """(size, n_pixels) matrix of the share of each pixel in each coarse one, rows of sum one."""
    edges = start + side / size * np.arange(size + 1)
    pixels = np.arange(n_pixels)
    high = np.minimum(edges[1:, None], pixels + 0.5)
    low = np.maximum(edges[:-1, None], pixels - 0.5)
    return np.maximum(high - low, 0) * (size / side)
