"""The check of one image against what a model expects, and its conversion to the model's frame and unit."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass

import numpy as np

from ..core.flags import Flag
from .image_source import RawImage
from .image_spec import centre_start
from .lost_pixels import check_lost, leaves_enough
from .photometry import Photometry, unknown_scale
from .refusal import Refusal, check_pixels, lost_pixels

__all__ = ["ImageConversion"]


@dataclass(frozen=True)
class ImageConversion(Photometry):
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
        except Refusal as refusal:
            raise ValueError(refusal.reason) from None
        super().__post_init__()

    def accept(self, raw: RawImage, mask: np.ndarray | None = None) -> tuple[np.ndarray, int]:
        """The image as the model takes it, with its flag.

        Parameters
        ----------
        raw : RawImage
        mask : (h, w) bool array, optional
            True where a pixel is bad, in place of what the image's source marks; see `frame_of` for its shape.

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
            required = raw.has_header or self.spec.pixel_scale is None
            self._check_pixel_scale(raw.pixel_scale, "from its header", required=required)
        factor = self.factor(raw)
        part, flag = self._place(raw.data.shape)
        if raw.origin is not None:
            flag |= Flag.CROPPED
        data = raw.data[part]
        level = raw.saturation if self.saturation is None else self.saturation
        if mask is None:
            marks = (raw.mask, raw.saturated, raw.doubtful)
            own, saturated, doubtful = (self._same_part(pixels, raw.data, part) for pixels in marks)
        else:
            own, saturated, doubtful = self.frame_of(mask, raw).astype(bool), None, None
        lost = None
        if self.spec.fills_masked:
            lost = lost_pixels(data, own, saturated, level)
            if doubtful is not None and self._leaves_enough(more := lost | doubtful.astype(bool)):
                lost = more
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
            if self.spec.smallest_side is not None:
                check_lost(lost)
        if image.shape != self.spec.image_shape:
            image = self._padded(image)
        if flag & Flag.FILLED_PIXELS and self.spec.smallest_side is None:
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

    # -- geometry ---------------------------------------------------------------------------------------------------

    def _check_pixel_scale(self, scales, where, required=True):
        if scales is None:
            if required:
                if self.spec.pixel_scale is None:
                    raise unknown_scale()
                raise Refusal(
                    Flag.WRONG_PIXEL_SCALE,
                    f"no pixel scale in its header, and {self.spec.subject} was trained at "
                    f"{self.spec.pixel_scale:.6g}″. Pass pixel_scale={self.spec.pixel_scale:.6g} if that is its scale.",
                )
            return
        if self.spec.pixel_scale is None:
            if not all(math.isfinite(scale) and scale > 0 for scale in scales):
                raise Refusal(Flag.WRONG_PIXEL_SCALE, f"pixel scale {scales[0]:.6g}″ {where}; expected a positive one")
            return
        worst = max(scales, key=lambda scale: abs(scale - self.spec.pixel_scale))
        if not abs(worst / self.spec.pixel_scale - 1) <= self.spec.tolerance:
            advice = (
                "."
                if where == "was given"
                else f", or pass pixel_scale={self.spec.pixel_scale:.6g} if the header is wrong."
            )
            advice += self._other_models(worst)
            raise Refusal(
                Flag.WRONG_PIXEL_SCALE,
                f"pixel scale {worst:.6g}″ {where}, but {self.spec.subject} was trained at "
                f"{self.spec.pixel_scale:.6g}″. Give images at {self.spec.pixel_scale:.6g}″{advice}",
            )

    def _other_models(self, scale):
        names = self.spec.models_at(scale) if self.spec.models_at is not None and scale > 0 else ()
        return f" For images at {scale:.6g}″ there is model {' or '.join(map(repr, names))}." if names else ""

    def _place(self, shape):
        # The rows and columns to take, and the bits of the flag for it.
        height, width, channels = self.spec.image_shape
        if len(shape) != 3 or shape[2] != channels or 0 in shape:
            advice = ""
            if len(shape) == 3 and channels == 1 < shape[2]:
                advice = "; choose a band of a FITS cube by band=, give of an array one band alone"
            raise Refusal(
                Flag.WRONG_SHAPE,
                f"image of shape {tuple(shape)}, expected ({height}, {width}, {channels}){advice}",
            )
        flag = Flag(0)
        smallest = self.spec.smallest_side
        if smallest is not None and min(shape[:2]) < smallest:
            raise Refusal(
                Flag.WRONG_SHAPE,
                f"image of {shape[0]} × {shape[1]} pixels; {self.spec.subject} takes sides of {smallest} pixels or "
                "more. Give larger cutouts.",
            )
        if (shape[0] < height or shape[1] < width) and smallest is None:
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

    def _leaves_enough(self, lost):
        whole = lost if self.spec.smallest_side is not None else self._padded(lost[..., None])[..., 0] > 0
        return leaves_enough(whole)

    def _padded(self, image):
        # what the frame of a model of any side does not hold is lost, as masked pixels are
        padded = np.full(self.spec.image_shape, 0.0 if self.spec.smallest_side is None else np.nan, np.float32)
        starts = [
            max(-centre_start(size, new), 0)
            for size, new in zip(image.shape[:2], self.spec.image_shape[:2], strict=True)
        ]
        padded[starts[0] : starts[0] + image.shape[0], starts[1] : starts[1] + image.shape[1]] = image
        return padded
