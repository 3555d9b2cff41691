"""Pixel scale and zero point of an image, from what was given and from its header."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..core.flags import Flag
from .image_source import RawImage
from .image_spec import ImageSpec
from .refusal import Refusal
from .units import UnknownUnit, unit_zero_point

__all__ = ["Photometry", "unknown_scale"]

_FLUX_TOLERANCE = 0.01


@dataclass(frozen=True)
class Photometry:
    """Pixel scale, unit and zero point of images for a model.

    Parameters
    ----------
    spec : ImageSpec
        Of the model.
    pixel_scale, unit, zero_point : optional
        Of the images, in place of what their headers hold: arcsec, unit, AB magnitude of one pixel unit.

    Raises
    ------
    ValueError
        If what was given contradicts itself.
    """

    spec: ImageSpec
    pixel_scale: float | None = None
    unit: str | None = None
    zero_point: float | None = None

    def __post_init__(self):
        scale = self.pixel_scale if self.spec.pixel_scale is None else self.spec.pixel_scale
        try:
            if self.unit is not None and scale is not None:
                of_unit = self._unit_zero_point(self.unit, scale)
                if None not in (of_unit, self.zero_point):
                    self._check_agreement(self.unit, of_unit, self.zero_point)
        except Refusal as refusal:
            raise ValueError(refusal.reason) from None
        if self.zero_point is not None and not math.isfinite(self.zero_point):
            raise ValueError(f"zero_point must be a finite magnitude, not {self.zero_point}")

    def factor(self, raw: RawImage) -> float:
        """What the pixels of an image are multiplied by, to be in the model's unit.

        Raises
        ------
        Refusal
            As `source_zero_point`.
        """
        return 10 ** (0.4 * (self.spec.zero_point - self.source_zero_point(raw)))

    def pixel_scale_of(self, raw: RawImage) -> float:
        """Arcsec of a pixel of an image: what was given, its header's, or the model's.

        Raises
        ------
        Refusal
            If there is none.
        """
        if self.pixel_scale is not None:
            return float(self.pixel_scale)
        if raw.pixel_scale is not None:
            return math.sqrt(raw.pixel_scale[0] * raw.pixel_scale[1])
        if self.spec.pixel_scale is None:
            raise unknown_scale()
        return self.spec.pixel_scale

    def source_zero_point(self, raw: RawImage) -> float:
        """AB magnitude of one unit of an image's pixels, from the arguments or its header.

        Raises
        ------
        Refusal
            If there is none in either, or the header contradicts itself.
        """
        if self.zero_point is not None:
            return self.zero_point
        scale = self._scale_of_unit(raw)
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

    def _scale_of_unit(self, raw):
        # within its tolerance the model's own pixel scale, which was given
        if self.spec.pixel_scale is not None and (self.pixel_scale is not None or raw.pixel_scale is None):
            return self.spec.pixel_scale
        return self.pixel_scale_of(raw)

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


def unknown_scale() -> Refusal:
    """The refusal of an image whose pixel scale must be known and is not."""
    return Refusal(Flag.WRONG_PIXEL_SCALE, "its pixel scale is not known. Pass pixel_scale= (arcsec of a pixel).")
