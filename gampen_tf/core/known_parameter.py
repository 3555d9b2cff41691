"""Entry of the registry of parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .parameters import Parameter

__all__ = ["Draw", "KnownParameter"]


@dataclass(frozen=True)
class Draw:
    """How a recipe draws a parameter.

    Parameters
    ----------
    per : {"galaxy", "component"}
        What has one value each.
    limits : (float, float) or None
        Between which a recipe may draw it; None for a position, which the frame limits.
    instead_of : str, optional
        Name of the parameter in whose place a recipe may give it.
    default : float, optional
        Value in recipes that do not name it; they must if there is none.
    """

    per: Literal["galaxy", "component"]
    limits: tuple[float, float] | None
    instead_of: str | None = None
    default: float | None = None


@dataclass(frozen=True, kw_only=True)
class KnownParameter:
    """A parameter with its transform, its symbol, and how it is drawn, turned, zoomed and derived.

    Parameters
    ----------
    parameter : Parameter
        Name, unit, bounds, transform and clip: what a model stores.
    symbol : str
        For figures, as Matplotlib sets it.
    words : str
        Name in running text.
    turns_with_image : bool
        Whether the value changes when the image is turned or mirrored, or the galaxy moved in it.
    period : float or None
        Difference between values that mean the same: 180 for the position angle of an ellipse. None for values that do
        not repeat.
    zoom_power : int or None
        A zoom by z multiplies the value by z to this power. None where training must not zoom: the value follows
        another law, or none that is settled.
    unit_powers : (int, int)
        Of the units of length and of flux in the parameter's: (2, 0) for an area, (0, 1) for a magnitude, which is the
        logarithm of a flux, (0, 0) for a ratio or an angle.
    of_one_component : bool
        Whether galaxies of several components have no such value as a whole. (Their axis ratio and position angle are
        those of `gampen_tf.core.ellipticity.mean_ellipse`.)
    draw : Draw or None
        None for a parameter that recipes do not draw.
    derived_from : tuple of str
        Columns of a catalogue that it follows from; empty for a parameter that catalogues hold themselves.
    derive : callable or None
        Its values from those columns.
    """

    parameter: Parameter
    symbol: str
    words: str
    turns_with_image: bool
    period: float | None
    zoom_power: int | None
    unit_powers: tuple[int, int]
    of_one_component: bool
    draw: Draw | None
    derived_from: tuple[str, ...]
    derive: Callable[..., np.ndarray] | None

    def __post_init__(self) -> None:
        if bool(self.derived_from) != (self.derive is not None):
            raise ValueError(f"parameter {self.name!r}: derived_from and derive go together, found one of them")

    @property
    def name(self) -> str:
        return self.parameter.name

    @property
    def unit(self) -> str:
        return self.parameter.unit
