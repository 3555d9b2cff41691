"""Models that ship for images of a pixel scale."""

from __future__ import annotations

import functools

from ..models.directory import list_models, read_description

__all__ = ["models_at"]


@functools.lru_cache(maxsize=64)
def models_at(pixel_scale: float, tolerance: float = 0.01) -> tuple[str, ...]:
    """Names of the models that ship and give posteriors from images of a pixel scale.

    Parameters
    ----------
    pixel_scale : float
        In arcsec.
    tolerance : float, optional
        Largest relative difference that counts as none.
    """
    return tuple(name for name in list_models() if _fits(read_description(name), pixel_scale, tolerance))


def _fits(description, pixel_scale, tolerance):
    if description["kind"] != "posterior":
        return False
    return description["scale_free"] or abs(pixel_scale / description["pixel_scale"] - 1) <= tolerance
