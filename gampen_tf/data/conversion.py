"""The check of one image against what a model expects, and its conversion to the model's frame and unit."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass

import numpy as np

from ..core.flags import Flag
from .image_source import RawImage
from .image_spec import ImageSpec, centre_start
from .lost_pixels import check_lost
from .refusal import Refusal, check_pixels, lost_pixels
from .units import UnknownUnit, unit_zero_point

__all__ = ["ImageConversion"]

_FLUX_TOLERANCE = 0.01


@dataclass(frozen=True)
class ImageConversion:
    """Conversion of a user's images to the frame and unit of a model.

    Parameters
    ----------
    spec : ImageSpec
        Of the model.
    pixel_scale, unit, zero_point, saturation : optional
        Of the images, in place of what their headers hold: arcsec, unit, AB magnitude of one pixel unit, level in the
        images' own unit.
    pad : bool
        Set zeros around images that are smaller than the frame.

    Raises
    ------
    TypeError
        If a value is no number.
    ValueError
        If what was given contradicts the model or itself.
    """

    spec: ImageSpec
    pixel_scale: float | None = None
    unit: str | None = None
    zero_point: float | None = None
    saturation: float | None = None
    pad: bool = False

    def __post_init__(self):
        for name, unit in (("pixel_scale", "arcsec"), ("zero_point", "mag"), ("saturation", "the unit of the images")):
            value = getattr(self, name)
            if value is not None and not isinstance(value, numbers.Real):
                raise TypeError(f"{name}: expected a number, in {unit}, found {value!r}; give it as a float")
        try:
            if self.pixel_scale is not None:
                self._check_pixel_scale((self.pixel_scale, self.pixel_scale), "was given")
            if self.unit is not None:
                of_unit = self._unit_zero_point(self.unit, self.spec.pixel_scale)
                if None not in (of_unit, self.zero_point):
                    self._check_agreement(self.unit, of_unit, self.zero_point)
        except Refusal as refusal:
            raise ValueError(refusal.reason) from None
        if self.zero_point is not None and not math.isfinite(self.zero_point):
            raise ValueError(f"zero_point must be a finite magnitude, not {self.zero_point}")

    def accept(self, raw: RawImage, mask: np.ndarray | None = None) -> tuple[np.ndarray, int]:
        """The image as the model takes it, with its flag.

        Parameters
        ----------
        raw : RawImage
        mask : (h, w) bool array, optional
            True where a pixel is bad, beside the image's own mask; see `frame_of` for its shape.

        Returns
        -------
        image : (H, W, C) float32 array
            In the model's unit; NaN where a pixel is lost, for models that fill those in.
        flag : int
            Information bits only (``CROPPED``, ``PADDED``, ``FILLED_PIXELS``).

        Raises
        ------
        Refusal
            If the image cannot be measured.
        """
        if self.pixel_scale is None:
            self._check_pixel_scale(raw.pixel_scale, "from its header", required=raw.has_header)
        factor = self.factor(raw)
        part, flag = self._place(raw.data.shape)
        if raw.origin is not None:
            flag |= Flag.CROPPED
        data = raw.data[part]
        level = raw.saturation if self.saturation is None else self.saturation
        own, saturated = (self._same_part(pixels, raw.data, part) for pixels in (raw.mask, raw.saturated))
        if mask is not None:
            given = self.frame_of(mask, raw).astype(bool)
            own = given if own is None else own.astype(bool) | given
        lost = None
        if self.spec.fills_masked:
            lost = lost_pixels(data, own, saturated, level)
            data = np.where(lost[..., None], 0, data)
        else:
            check_pixels(data, own, saturated, level)
        with np.errstate(over="ignore"):
            image = np.asarray(np.multiply(data, factor, dtype=np.float64) if factor != 1 else data, np.float32)
        if not np.isfinite(image).all():
            raise Refusal(Flag.NONFINITE_PIXELS, f"pixel values overflow float32 in {self.spec.pixel_unit}")
        if lost is not None and lost.any():
            flag |= Flag.FILLED_PIXELS
            image[lost] = np.nan
        if flag & Flag.PADDED:
            image = self._padded(image)
        if flag & Flag.FILLED_PIXELS:
            check_lost(np.isnan(image).any(axis=2))
        return image, int(flag)

    def frame_of(self, pixels: np.ndarray, raw: RawImage) -> np.ndarray:
        """The part of a map beside an image, such as a mask, that lies in the model's frame.

        Parameters
        ----------
        pixels : (h, w) array
            Of the shape of the whole image, also where only its centre was read, or of the model's frame.
        raw : RawImage
            The image.

        Returns
        -------
        (h, w) array
            Of the frame's shape, or smaller where the image is.

        Raises
        ------
        Refusal
            If it has another shape.
        """
        part, _ = self._place(raw.data.shape)
        data_shape = raw.data.shape[:2]
        if raw.origin is not None and pixels.shape != data_shape:
            (y, x), (height, width) = raw.origin, data_shape
            whole = pixels[y : y + height, x : x + width]
            pixels = whole if whole.shape == data_shape else pixels
        if pixels.shape == data_shape:
            return pixels[part]
        if pixels.shape != self.spec.image_shape[:2] or raw.data[part].shape[:2] != pixels.shape:
            raise Refusal(
                Flag.WRONG_SHAPE,
                f"map (mask or variance) of shape {pixels.shape} for an image of shape {data_shape} in a frame of "
                f"{self.spec.image_shape[:2]}",
            )
        return pixels

    def factor(self, raw: RawImage) -> float:
        """What the pixels of an image are multiplied by, to be in the model's unit.

        Raises
        ------
        Refusal
            As `source_zero_point`.
        """
        return 10 ** (0.4 * (self.spec.zero_point - self.source_zero_point(raw)))

    # -- geometry ---------------------------------------------------------------------------------------------------

    def _check_pixel_scale(self, scales, where, required=True):
        if scales is None:
            if required:
                raise Refusal(
                    Flag.WRONG_PIXEL_SCALE,
                    f"no pixel scale in its header, and {self.spec.subject} was trained at "
                    f"{self.spec.pixel_scale:.6g}″. Pass pixel_scale={self.spec.pixel_scale:.6g} if that is its scale.",
                )
            return
        worst = max(scales, key=lambda scale: abs(scale - self.spec.pixel_scale))
        if not abs(worst / self.spec.pixel_scale - 1) <= self.spec.tolerance:
            advice = (
                "."
                if where == "was given"
                else f", or pass pixel_scale={self.spec.pixel_scale:.6g} if the header is wrong."
            )
            raise Refusal(
                Flag.WRONG_PIXEL_SCALE,
                f"pixel scale {worst:.6g}″ {where}, but {self.spec.subject} was trained at "
                f"{self.spec.pixel_scale:.6g}″. Give images at {self.spec.pixel_scale:.6g}″{advice}",
            )

    def _place(self, shape):
        # The rows and columns to take, and the bits of the flag for it.
        height, width, channels = self.spec.image_shape
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
        padded = np.zeros(self.spec.image_shape, np.float32)
        starts = [
            max(-centre_start(size, new), 0)
            for size, new in zip(image.shape[:2], self.spec.image_shape[:2], strict=True)
        ]
        padded[starts[0] : starts[0] + image.shape[0], starts[1] : starts[1] + image.shape[1]] = image
        return padded

    # -- photometry -------------------------------------------------------------------------------------------------

    def source_zero_point(self, raw: RawImage) -> float:
        """AB magnitude of one unit of an image's pixels, from the arguments or its header.

        Raises
        ------
        Refusal
            If there is none in either, or the header contradicts itself.
        """
        if self.zero_point is not None:
            return self.zero_point
        scale = (
            self.spec.pixel_scale
            if self.pixel_scale is not None or raw.pixel_scale is None
            else math.sqrt(raw.pixel_scale[0] * raw.pixel_scale[1])
        )
        if self.unit is not None:
            of_unit = self._unit_zero_point(self.unit, scale)
            found = of_unit if of_unit is not None else raw.zero_point
        elif raw.unit is None and raw.zero_point is None and not raw.has_header:
            found = self.spec.zero_point
        else:
            of_unit = self._header_unit_zero_point(raw, scale)
            if None not in (of_unit, raw.zero_point):
                self._check_agreement(raw.unit, of_unit, raw.zero_point)
            found = of_unit if of_unit is not None else raw.zero_point
        if found is None:
            unit = self.unit if self.unit is not None else raw.unit
            what = f"pixel unit {unit!r} without a zero point" if unit else "neither pixel unit nor zero point"
            raise Refusal(
                Flag.WRONG_UNIT,
                f"{what}, but {self.spec.subject} was trained on {self.spec.pixel_unit}. "
                f"Pass zero_point= (the AB magnitude of one pixel unit), or unit='{self.spec.pixel_unit}' "
                "if the pixels are in that unit.",
            )
        return found

    def _unit_zero_point(self, unit, scale):
        # The model's own unit need not be one that astropy knows.
        return self.spec.zero_point if unit == self.spec.pixel_unit else unit_zero_point(unit, scale)

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
                f"unit {unit!r} has zero point {of_unit:.4f}, but the zero point given is "
                f"{zero_point:.4f}. Pass the right one as unit= or zero_point=.",
            )
