"""Images of a scale-free model in their own units: a pixel of length, the noise of a pixel of light."""

from __future__ import annotations

import numpy as np

from ..data.refusal import Refusal

__all__ = ["in_own_units"]


def in_own_units(images, flags, inputs, raws, conversion) -> np.ndarray:
    """Divide images by their noise, in place, and give the units that they are then in.

    Parameters
    ----------
    images : (N, H, W, C) array
        In the model's unit.
    flags : Flags
    inputs : dict of str: array
        What the network takes beside the images: its noise becomes 1.
    raws : list of RawImage or Refusal
        The images as they are in the source.
    conversion : ImageConversion

    Returns
    -------
    (N, 2) array
        Arcsec of a pixel, and the noise in the model's unit; NaN where an image cannot be measured.
    """
    units = np.full((len(images), 2), np.nan)
    for row in np.flatnonzero(flags.measurable):
        if not isinstance(raws[row], Refusal):
            units[row] = conversion.pixel_scale_of(raws[row]), inputs["noise"][row, 0]
    images /= units[:, 1, None, None, None]
    inputs["noise"] = np.ones_like(inputs["noise"])
    return units
