"""What a model expects of an image, and the check of one image against it."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.flags import Flag
from .photometry import UnknownUnit, unit_zero_point
from .refusal import Refusal, check_pixels

__all__ = ["Frame", "RawImage", "centre_start"]

_FLUX_TOLERANCE = 0.01


def centre_start(size, new_size):
    """First pixel of a centred part of ``new_size`` pixels out of ``size``; negative where it must be padded.

    The central pixel stays the central pixel: pixel ``size // 2`` becomes pixel ``new_size // 2``. For odd sizes that
    is the middle one; for even sizes the one right of (above) the middle. Only between an odd and an even size can the
    centre of the light move, by half a pixel.
    """
    return size // 2 - new_size // 2


@dataclass
class RawImage:
    """One image as its source gives it.

    Parameters
    ----------
    data : (h, w, C) array
        Pixels in the source's own unit.
    mask, saturated : (h, w) bool array, optional
        Bad pixels, and pixels known to be saturated.
    unit, zero_point, pixel_scale, saturation : optional
        What the header says: unit string, AB magnitude of one unit, arcsec along (x, y), level in pixel units.
    has_header : bool
        False for plain arrays: what is not given is then taken to be the model's.
    origin : (int, int)
        Row and column of ``data[0, 0]`` in the full image, where only its centre was read.
    header : optional
        For those who write the image again.
    """

    data: np.ndarray
    mask: np.ndarray | None = None
    saturated: np.ndarray | None = None
    unit: str | None = None
    zero_point: float | None = None
    pixel_scale: tuple[float, float] | None = None
    saturation: float | None = None
    has_header: bool = True
    origin: tuple[int, int] | None = None
    header: Any = field(default=None, repr=False)


@dataclass(frozen=True)
class Frame:
    """What a model expects of an image, and what the user says about images whose headers do not (or wrongly).

    Parameters
    ----------
    image_shape : (H, W, C)
    pixel_scale : float
        Of the model, in arcsec.
    pixel_unit : str
        Of the model.
    zero_point : float
        AB magnitude of one ``pixel_unit``.
    model_name : str, optional
        For messages.
    given_pixel_scale, given_unit, given_zero_point, given_saturation : optional
        Of the images, in place of what their headers say. The saturation level is in the images' own unit.
    pad : bool
        Set zeros around images that are smaller than the frame.
    tolerance : float
        Largest relative difference of pixel scales that counts as none.

    Raises
    ------
    ValueError
        If what was given contradicts the model or itself.
    """

    image_shape: tuple[int, int, int]
    pixel_scale: float
    pixel_unit: str = "nJy"
    zero_point: float = 31.4
    model_name: str | None = None
    given_pixel_scale: float | None = None
    given_unit: str | None = None
    given_zero_point: float | None = None
    given_saturation: float | None = None
    pad: bool = False
    tolerance: float = 0.01

    def __post_init__(self):
        try:
            if self.given_pixel_scale is not None:
                self._check_pixel_scale((self.given_pixel_scale, self.given_pixel_scale), "was given")
            if self.given_unit is not None:
                of_unit = self._unit_zero_point(str(self.given_unit), self.pixel_scale)
                if None not in (of_unit, self.given_zero_point):
                    self._check_agreement(str(self.given_unit), of_unit, self.given_zero_point)
        except Refusal as refusal:
            raise ValueError(refusal.reason) from None
        if self.given_zero_point is not None and not math.isfinite(self.given_zero_point):
            raise ValueError(f"zero_point must be a finite magnitude, not {self.given_zero_point}")

    def accept(self, raw):
        """The image as the model wants it, and what is to be said of it.

        Parameters
        ----------
        raw : RawImage

        Returns
        -------
        image : (H, W, C) float32 array
            In the model's unit.
        flag : int
            Information bits only (``CROPPED``, ``PADDED``).

        Raises
        ------
        Refusal
            If the image cannot be measured.
        """
        if self.given_pixel_scale is None:
            self._check_pixel_scale(raw.pixel_scale, "from its header", required=raw.has_header)
        factor = 10 ** (0.4 * (self.zero_point - self.source_zero_point(raw)))
        part, flag = self._place(raw.data.shape)
        if raw.origin is not None:
            flag |= Flag.CROPPED
        data = raw.data[part]
        level = raw.saturation if self.given_saturation is None else self.given_saturation
        check_pixels(data, *(self._same_part(pixels, raw.data, part) for pixels in (raw.mask, raw.saturated)), level)
        with np.errstate(over="ignore"):
            image = np.asarray(np.multiply(data, factor, dtype=np.float64) if factor != 1 else data, np.float32)
        if not np.isfinite(image).all():
            raise Refusal(Flag.NONFINITE_PIXELS, f"pixel values overflow float32 in {self.pixel_unit}")
        return self._padded(image) if flag & Flag.PADDED else image, int(flag)

    @property
    def _model(self):
        return f"model {self.model_name!r}" if self.model_name else "the model"

    # -- geometry ---------------------------------------------------------------------------------------------------

    def _check_pixel_scale(self, scales, where, required=True):
        if scales is None:
            if required:
                raise Refusal(
                    Flag.WRONG_PIXEL_SCALE,
                    f"no pixel scale in its header, and {self._model} was trained at "
                    f"{self.pixel_scale:.6g}″. Pass pixel_scale={self.pixel_scale:.6g} if that is its scale.",
                )
            return
        worst = max(scales, key=lambda scale: abs(scale - self.pixel_scale))
        if not abs(worst / self.pixel_scale - 1) <= self.tolerance:
            advice = (
                "." if where == "was given" else f", or pass pixel_scale={self.pixel_scale:.6g} if the header is wrong."
            )
            raise Refusal(
                Flag.WRONG_PIXEL_SCALE,
                f"pixel scale {worst:.6g}″ {where}, but {self._model} was trained at "
                f"{self.pixel_scale:.6g}″. Give images at {self.pixel_scale:.6g}″{advice}",
            )

    def _place(self, shape):
        # The rows and columns to take, and what to say of it.
        height, width, channels = self.image_shape
        if len(shape) != 3 or shape[2] != channels or 0 in shape:
            raise Refusal(Flag.WRONG_SHAPE, f"image of shape {tuple(shape)}, expected ({height}, {width}, {channels})")
        flag = Flag(0)
        if shape[0] < height or shape[1] < width:
            if not self.pad:
                raise Refusal(
                    Flag.WRONG_SHAPE,
                    f"image of {shape[0]} × {shape[1]} pixels is smaller than the frame of "
                    f"{height} × {width}. Give larger cutouts, or pass pad=True to set zeros around it.",
                )
            flag |= Flag.PADDED
        if shape[0] > height or shape[1] > width:
            flag |= Flag.CROPPED
        starts = [max(centre_start(size, new), 0) for size, new in zip(shape[:2], (height, width), strict=True)]
        return (slice(starts[0], starts[0] + height), slice(starts[1], starts[1] + width)), flag

    @staticmethod
    def _same_part(pixels, data, part):
        if pixels is None:
            return None
        if pixels.shape != data.shape[:2]:
            raise Refusal(Flag.WRONG_SHAPE, f"mask of shape {pixels.shape} for an image of shape {data.shape[:2]}")
        return pixels[part]

    def _padded(self, image):
        padded = np.zeros(self.image_shape, np.float32)
        starts = [
            max(-centre_start(size, new), 0) for size, new in zip(image.shape[:2], self.image_shape[:2], strict=True)
        ]
        padded[starts[0] : starts[0] + image.shape[0], starts[1] : starts[1] + image.shape[1]] = image
        return padded

    # -- photometry -------------------------------------------------------------------------------------------------

    def source_zero_point(self, raw):
        """AB magnitude of one unit of an image's pixels, from the arguments or its header.

        Raises
        ------
        Refusal
            If neither says, or the header contradicts itself.
        """
        if self.given_zero_point is not None:
            return self.given_zero_point
        scale = (
            self.pixel_scale
            if self.given_pixel_scale is not None or raw.pixel_scale is None
            else math.sqrt(raw.pixel_scale[0] * raw.pixel_scale[1])
        )
        if self.given_unit is not None:
            of_unit = self._unit_zero_point(str(self.given_unit), scale)
            found = of_unit if of_unit is not None else raw.zero_point
        elif raw.unit is None and raw.zero_point is None and not raw.has_header:
            found = self.zero_point
        else:
            of_unit = self._header_unit_zero_point(raw, scale)
            if None not in (of_unit, raw.zero_point):
                self._check_agreement(raw.unit, of_unit, raw.zero_point)
            found = of_unit if of_unit is not None else raw.zero_point
        if found is None:
            unit = self.given_unit if self.given_unit is not None else raw.unit
            what = f"pixel unit {unit!r} without a zero point" if unit else "neither pixel unit nor zero point"
            raise Refusal(
                Flag.WRONG_UNIT,
                f"{what}, but {self._model} was trained on {self.pixel_unit}. "
                f"Pass zero_point= (the AB magnitude of one pixel unit), or unit='{self.pixel_unit}' "
                "if the pixels are in that unit.",
            )
        return found

    def _unit_zero_point(self, unit, scale):
        # The model's own unit need not be one that astropy knows.
        return self.zero_point if unit == self.pixel_unit else unit_zero_point(unit, scale)

    def _header_unit_zero_point(self, raw, scale):
        if raw.unit is None:
            return None
        try:
            return self._unit_zero_point(raw.unit, scale)
        except UnknownUnit:
            # A free-text BUNIT beside a zero point is a name for counts; a unit that is understood and is no flux
            # (magnitudes, say) is not made one by a zero point.
            if raw.zero_point is None:
                raise
            return None

    @staticmethod
    def _check_agreement(unit, of_unit, zero_point):
        if abs(10 ** (0.4 * (of_unit - zero_point)) - 1) > _FLUX_TOLERANCE:
            raise Refusal(
                Flag.WRONG_UNIT,
                f"unit {unit!r} has zero point {of_unit:.4f}, but the zero point is said to be "
                f"{zero_point:.4f}. Pass the right one as unit= or zero_point=.",
            )
