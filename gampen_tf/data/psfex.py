"""PSFs of models that PSFEx fitted (Bertin 2011)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..core.flags import Flag
from ..io.quiet import quiet_astropy
from .fits_images import split_selector
from .refusal import Refusal

__all__ = ["is_psfex", "psfex_stamps"]

_LOBES = 4  # of the Lanczos kernel, as PSFEx interpolates


def is_psfex(path) -> bool:
    """Whether a file's name is that of a PSFEx model."""
    return split_selector(path)[0].lower().endswith(".psf")


def psfex_stamps(path, x: ArrayLike | None = None, y: ArrayLike | None = None) -> np.ndarray:
    """PSFs of a PSFEx model at positions of its image, on that image's pixels.

    The vectors of the model are added with the polynomial x'^i y'^j, i + j ≤ the degree, of the coordinates less their
    zero in units of their scale, and interpolated (Lanczos) where the model's step is not one pixel.

    Parameters
    ----------
    path : path
        Of the ``.psf`` file; ``path[EXT]`` chooses a model of several.
    x, y : float or (N,) array, optional
        Position in pixels, the first pixel's centre at 1, as SExtractor gives it; the middle of the stars that the
        model was fitted to if not given.

    Returns
    -------
    (h, w) or (N, h, w) float64 array
        Of odd sides, the PSF in the middle.

    Raises
    ------
    gampen_tf.data.Refusal
        If there is no such file, or no model in it that depends on the position alone.
    ValueError
        If one of x and y is given without the other.
    """
    if (x is None) != (y is None):
        raise ValueError("expected both x and y, or neither for the middle of the image; found one of them")
    vectors, header = _read(path)
    if x is None or y is None:
        place = np.zeros(2)
    else:
        place = np.stack([_scaled(position, header, axis) for axis, position in ((1, x), (2, y))], axis=-1)
    degree = _degree(header)
    terms = [place[..., 0] ** i * place[..., 1] ** j for j in range(degree + 1) for i in range(degree + 1 - j)]
    stamps = np.einsum("t...,thw->...hw", np.stack(terms), vectors)
    step = float(header["PSF_SAMP"])
    return stamps if step == 1 else _resampled(_resampled(stamps, step, -1), step, -2)


def _scaled(position, header, axis):
    return (np.asarray(position, float) - header.get(f"POLZERO{axis}", 0.0)) / header.get(f"POLSCAL{axis}", 1.0)


def _degree(header):
    return int(header.get("POLDEG1", 0)) if header.get("POLNAXIS", 0) else 0


def _read(path):
    from astropy.io import fits

    file, selector = split_selector(path)
    try:
        with quiet_astropy(), open(file, "rb") as stream, fits.open(stream, memmap=False) as hdus:
            models = [hdu for hdu in hdus if "PSF_MASK" in getattr(getattr(hdu, "columns", None), "names", ())]
            if selector is not None:
                models = [hdu for hdu in models if hdu is hdus[selector]]
            if len(models) != 1:
                raise Refusal(
                    Flag.UNREADABLE, f"{path}: expected one PSFEx model, found {len(models)}; choose one as path[EXT]"
                )
            header, vectors = models[0].header, np.array(models[0].data["PSF_MASK"][0], np.float64)
    except FileNotFoundError:
        raise Refusal(Flag.UNREADABLE, f"{path}: no such file") from None
    except (OSError, KeyError, IndexError, ValueError, TypeError) as error:
        raise Refusal(Flag.UNREADABLE, f"{path}: not a readable PSFEx model ({error})") from None
    degree = _degree(header)
    vectors = vectors.reshape(-1, *vectors.shape[-2:])
    expected = (degree + 1) * (degree + 2) // 2
    if header.get("POLNAXIS", 0) not in (0, 2) or header.get("POLNGRP", 1) > 1 or len(vectors) != expected:
        raise Refusal(
            Flag.UNREADABLE,
            f"{path}: expected a PSF that depends on x and y of degree {degree}, {expected} vectors; found "
            f"{header.get('POLNAXIS')} coordinates, {len(vectors)} vectors. Give the PSF as an array",
        )
    return vectors, header


def _resampled(stamps, step, axis):
    """Values a pixel apart, about the middle, of an axis whose samples are `step` pixels apart."""
    size = stamps.shape[axis]
    n_pixels = int(size * step)
    n_pixels -= 1 - n_pixels % 2
    at = size // 2 + (np.arange(n_pixels) - n_pixels // 2) / step
    away = at[:, None] - np.arange(size)
    kernel = np.where(np.abs(away) < _LOBES, np.sinc(away) * np.sinc(away / _LOBES), 0.0)
    kernel /= kernel.sum(axis=1, keepdims=True)
    return np.moveaxis(np.moveaxis(stamps, axis, -1) @ kernel.T, -1, axis)
