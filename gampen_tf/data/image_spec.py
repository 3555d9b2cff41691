"""What a model expects of its images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..core.known_parameters import NANOJANSKY_ZERO_POINT

__all__ = ["ImageSpec", "centre_start"]


@dataclass(frozen=True)
class ImageSpec:
    """Shape, pixel scale and unit of the images that a model takes.

    Parameters
    ----------
    image_shape : (H, W, C)
        Of the frame that the network sees.
    pixel_scale : float or None
        In arcsec; None for any.
    pixel_unit : str, optional
        An astropy unit string.
    zero_point : float, optional
        AB magnitude of one ``pixel_unit``.
    model_name : str, optional
        For messages.
    tolerance : float, optional
        Largest relative difference of pixel scales that counts as none.
    fills_masked : bool, optional
        Whether the model fills in lost pixels: they are then NaN, and their image is not refused.
    models_at : callable, optional
        Of a pixel scale (arcsec), the names of models for such images, for messages.
    smallest_side : int, optional
        Of images that are smaller than the frame: the rest of it is then lost. Smaller ones are refused; all that are
        smaller than the frame if not given.
    """

    image_shape: tuple[int, int, int]
    pixel_scale: float | None
    pixel_unit: str = "nJy"
    zero_point: float = NANOJANSKY_ZERO_POINT
    model_name: str | None = None
    tolerance: float = 0.01
    fills_masked: bool = False
    smallest_side: int | None = None
    models_at: Callable[[float], Sequence[str]] | None = None

    def __post_init__(self):
        shape = tuple(int(size) for size in self.image_shape)
        if len(shape) != 3 or min(shape) < 1:
            raise ValueError(f"image_shape {tuple(self.image_shape)}; expected (height, width, channels)")
        object.__setattr__(self, "image_shape", shape)
        if self.pixel_scale is not None:
            object.__setattr__(self, "pixel_scale", float(self.pixel_scale))
        object.__setattr__(self, "pixel_unit", str(self.pixel_unit))
        object.__setattr__(self, "zero_point", float(self.zero_point))

    @property
    def subject(self) -> str:
        """Words for the model in messages, with its name if it has one."""
        return f"model {self.model_name!r}" if self.model_name else "the model"


def centre_start(size: int, new_size: int) -> int:
    """First pixel of a centred part of ``new_size`` pixels out of ``size``; negative where it must be padded.

    The central pixel stays the central pixel: pixel ``size // 2`` becomes pixel ``new_size // 2``. For odd sizes that
    is the middle one; for even sizes the one right of (above) the middle. Only between an odd and an even size can the
    centre of the light move, by half a pixel.
    """
    return size // 2 - new_size // 2
