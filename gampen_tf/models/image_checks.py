"""Checks of images: galaxies cut by the frame, and bright neighbours.

Both checks rest on one fact: the galaxy is centred and alike under a turn by 180°, and what surrounds it is not. The
image is averaged in some 30 × 30 blocks; the smaller of a block and of the one opposite is the galaxy's light (and the
symmetric part of everything else), the excess of one over the other is a neighbour's. A companion exactly opposite
another of the same flux, or a pair of equals centred between the two, is taken for one galaxy. A pixel that is NaN
counts as the one opposite, so that it makes no neighbour.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["bright_neighbour", "cut_by_frame", "lost_and_neighbours", "lost_fraction", "neighbour_fraction"]

_N_BLOCKS = 32
_SIGNIFICANT = 5.0
# Logarithmic slopes of the light at the frame's edge that are believed.
_SLOPES = (0.5, 20.0)
_CHUNK = 16
_LARGEST_LOSS = 0.25
_LARGEST_NEIGHBOURS = 0.1
# The noise is measured on about so many pixels of an image.
_N_FOR_NOISE = 10_000


def cut_by_frame(images: ArrayLike, *, largest_loss: float = _LARGEST_LOSS) -> np.ndarray:
    """True where more than a share ``largest_loss`` of the galaxy's light is estimated to lie outside the frame.

    The default leaves alone what training holds (a Sérsic index of 5 whose half-light radius is an eighth of the frame
    loses a sixth of its light) and flags half-light radii of three eighths of the frame or more, at any index.

    Parameters
    ----------
    images : (N, H, W) or (N, H, W, C) array
        Background-subtracted, galaxy in the centre; bands are summed.
    """
    return lost_fraction(images) > largest_loss


def bright_neighbour(images: ArrayLike, *, largest_fraction: float = _LARGEST_NEIGHBOURS) -> np.ndarray:
    """True where neighbours hold more than ``largest_fraction`` of the galaxy's own light.

    Parameters
    ----------
    images : (N, H, W) or (N, H, W, C) array
        As for :func:`cut_by_frame`.
    """
    return neighbour_fraction(images) > largest_fraction


def lost_fraction(images: ArrayLike) -> np.ndarray:
    """Fraction of each galaxy's light outside the frame, (N,), extrapolated from the frame's edge.

    The mean symmetric light Σ in the outer eighth of the frame, and the logarithmic slope γ from the ring before it to
    there, belong to a Sérsic profile of index 2 with x = κ (R/R_e)^(1/2) = 2 γ at the frame's edge; outside a frame of
    area A it holds 4 A Σ Γ(4, x) eˣ / x⁴. For indices of 1 and 4 with the same Σ and γ the light outside is 0.7 and 1.4
    times that. Zero where Σ is not significant (5 σ).
    """
    return _lost_fraction(*_in_chunks(images))


def neighbour_fraction(images: ArrayLike) -> np.ndarray:
    """Light of neighbours over that of the galaxy, (N,); zero where no block has a significant (5 σ) excess."""
    return _neighbour_fraction(*_in_chunks(images))


def lost_and_neighbours(images: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """`cut_by_frame` and `bright_neighbour` with their defaults, in one pass over the images: two (N,) bool arrays."""
    blocks, sigma = _in_chunks(images)
    return _lost_fraction(blocks, sigma) > _LARGEST_LOSS, _neighbour_fraction(blocks, sigma) > _LARGEST_NEIGHBOURS


def _lost_fraction(blocks: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    light = _symmetric(blocks, sigma)
    radius = _radius(blocks.shape[1:])
    outer, inner = radius > 0.875, (radius > 0.6875) & (radius <= 0.875)
    at_edge, before = (np.mean(light[:, ring], axis=1) for ring in (outer, inner))
    with np.errstate(divide="ignore", invalid="ignore"):
        span = np.log(np.mean(radius[outer]) / np.mean(radius[inner]))
        slope = np.clip(np.nan_to_num(np.log(before / at_edge) / span, nan=_SLOPES[0]), *_SLOPES)
        x = 2 * slope
        outside = 4 * at_edge * radius.size * (6 + 6 * x + 3 * x**2 + x**3) / x**4
        lost = outside / (outside + np.sum(light, axis=(1, 2)))
    # opposite blocks are one measurement
    significant = at_edge > _SIGNIFICANT * sigma / np.sqrt(0.5 * np.sum(outer))
    return np.where(significant, np.clip(lost, 0, 1), 0.0)


def _neighbour_fraction(blocks: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    light = _symmetric(blocks, sigma)
    opposite = blocks[:, ::-1, ::-1]
    excess = blocks - opposite
    # near the centre a shift of a fraction of a pixel makes an excess of some per cent of the light
    bound = _SIGNIFICANT * np.sqrt(2) * sigma[:, None, None] + 0.3 * np.maximum(opposite, 0)
    neighbours = np.sum(np.where(excess > bound, excess, 0.0), axis=(1, 2))
    # a galaxy as faint as the noise of its frame is not infinitely outshone
    floor = _SIGNIFICANT * sigma * np.sqrt(light[0].size)
    return neighbours / np.maximum(np.sum(light, axis=(1, 2)), floor)


def _symmetric(blocks: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """The smaller of each block and the opposite one, less the bias −σ/√π of the smaller of two noises."""
    smaller = np.minimum(blocks, blocks[:, ::-1, ::-1])
    noise_alone = np.abs(blocks - blocks[:, ::-1, ::-1]) < _SIGNIFICANT * np.sqrt(2) * sigma[:, None, None]
    return smaller + np.where(noise_alone, sigma[:, None, None] / np.sqrt(np.pi), 0.0)


def _blocks(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of square blocks, in an array that has the frame's centre at its own, and the noise of a block."""
    n, height, width = images.shape
    size = max(1, min(height, width) // _N_BLOCKS)
    # sizes and counts of the frame's own parity keep the centre at the centre
    if size > 1 and height % 2 and size % 2 == 0:
        size -= 1
    counts = [side // size - (side - side // size * size) % 2 for side in (height, width)]
    margins = [(side - count * size) // 2 for side, count in zip((height, width), counts, strict=True)]
    inside = images[:, margins[0] : margins[0] + counts[0] * size, margins[1] : margins[1] + counts[1] * size]
    blocks = inside.reshape(n, counts[0], size, counts[1], size).mean(axis=(2, 4), dtype=float)
    # differences of neighbouring pixels do not see the galaxy's slopes; half of them at the least are of empty sky
    from_edge = np.minimum(np.arange(height), np.arange(height)[::-1])  # the same rows of an image upside down
    rows = images[:, from_edge % max(1, height * width // _N_FOR_NOISE) == 0]
    differences = (rows[:, :, 1:] - rows[:, :, :-1]).reshape(n, -1)
    # not astropy.stats.mad_std, whose factor has more digits: limits that were fitted before would not fit
    pixel_noise = 1.4826 * np.median(np.abs(differences), axis=1) / np.sqrt(2)
    return blocks, pixel_noise / size


def _radius(shape: tuple[int, ...]) -> np.ndarray:
    """Distance of each block from the centre, as the largest of its two coordinates: 1 at the frame's edge."""
    y, x = (np.abs(np.arange(n) - 0.5 * (n - 1)) / (0.5 * n) for n in shape)
    return np.maximum(y[:, None], x)


def _filled(images: np.ndarray) -> np.ndarray:
    """Lost pixels (NaN) as their counterparts half a turn away, or zero where these are lost too."""
    lost = np.isnan(images)
    return np.where(lost, np.nan_to_num(images[:, ::-1, ::-1], nan=0.0), images) if lost.any() else images


def _in_chunks(images: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """`_blocks` of images of one or several bands, a few at a time."""
    images = np.asanyarray(images)
    if images.ndim not in (3, 4):
        raise ValueError(f"images of shape {images.shape}; expected (images, height, width) with or without bands")
    parts = []
    # one empty chunk where there are no images: its arrays have the right shapes
    for start in range(0, max(len(images), 1), _CHUNK):
        chunk = _filled(np.asarray(images[start : start + _CHUNK]))
        parts.append(_blocks(chunk.sum(axis=-1) if chunk.ndim == 4 else chunk))
    blocks, sigma = zip(*parts, strict=True)
    return np.concatenate(blocks).astype(float), np.concatenate(sigma).astype(float)
