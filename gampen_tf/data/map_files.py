"""PSFs, variances and masks in files, one for each image, each read when it is due."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..core.flags import Flag
from ..io.quiet import quiet_astropy
from .companions import marked_pixels
from .fits_images import split_selector
from .hdus import choose_hdu, file_dialect
from .psfex import is_psfex, psfex_stamps
from .refusal import Refusal

__all__ = ["MapFiles", "read_map", "read_mask", "read_psf"]


class MapFiles:
    """A map for each image, most of them in files; a stand-in for an array (N, h, w) that is never in memory.

    Parameters
    ----------
    items : sequence
        A path, an array (h, w), or None (or an empty path) where there is none.
    read : callable
        What reads a path: `read_psf`, `read_map` or `read_mask`.
    folder : path, optional
        Where relative paths are looked for first.
    """

    ndim = 3

    def __init__(self, items: Sequence, read: Callable, folder=None):
        self._items, self._read, self._folder = items, read, folder

    def __len__(self):
        return len(self._items)

    def __getitem__(self, which):
        """The map of a row, None where there is none; of a slice, those of these rows."""
        if isinstance(which, slice):
            return MapFiles(self._items[which], self._read, self._folder)
        item = self._items[which]
        if not isinstance(item, str | os.PathLike):
            found = None if item is None else np.asarray(item)
        elif str(item).strip():
            found = self._read(self._path(str(item).strip()))
        else:
            return None
        if found is not None and found.ndim != 2:
            raise Refusal(Flag.WRONG_SHAPE, f"{item}: expected one map of two axes, found shape {found.shape}")
        return found

    def digest(self) -> str:
        """sha256 of the paths, and of what is given as arrays."""
        digest = hashlib.sha256()
        for item in self._items:
            is_path = item is None or isinstance(item, str | os.PathLike)
            digest.update((os.fsencode(str(item)) if is_path else np.ascontiguousarray(item, "<f4").tobytes()) + b"\0")
        return digest.hexdigest()

    def _path(self, path):
        beside = None if self._folder is None else Path(self._folder) / path
        return str(beside) if beside is not None and Path(split_selector(beside)[0]).exists() else path


def read_psf(path) -> np.ndarray:
    """PSFs of a FITS image (h, w) or cube (N, h, w), or of a PSFEx model in the middle of its image.

    Raises
    ------
    Refusal
        If it cannot be read.
    """
    return psfex_stamps(path) if is_psfex(path) else read_map(path)


def read_map(path) -> np.ndarray:
    """The numbers of a FITS image or cube; ``path[EXT]`` chooses an HDU.

    Raises
    ------
    Refusal
        If it cannot be read.
    """
    return _read(path)[0]


def read_mask(path) -> np.ndarray:
    """Bad pixels of a FITS image or cube: where it is not zero, or has bad planes where its header numbers planes.

    Raises
    ------
    Refusal
        If it cannot be read.
    """
    mask, header, dialect = _read(path)
    if not any(keyword.startswith(dialect.plane_prefix or "\0") for keyword in header):
        return mask != 0
    bad, saturated, _ = marked_pixels(mask, header, dialect)
    return bad if saturated is None else bad | saturated


def _read(path):
    from astropy.io import fits

    file, selector = (str(path), None) if os.path.exists(path) else split_selector(path)
    try:
        with quiet_astropy(), open(file, "rb") as stream, fits.open(stream, memmap=False) as hdus:
            hdu = choose_hdu(hdus, selector)
            return np.asarray(hdu.data), hdu.header, file_dialect(hdus, hdu)
    except Refusal as refusal:
        raise Refusal(refusal.flag, f"{path}: {refusal.reason}") from None
    except FileNotFoundError:
        raise Refusal(Flag.UNREADABLE, f"{path}: no such file") from None
    except Exception as error:  # what a damaged file does to its reader has no common class
        text = " ".join(str(error).split()) or type(error).__name__
        raise Refusal(Flag.UNREADABLE, f"{path}: not a readable FITS image ({text})") from None
