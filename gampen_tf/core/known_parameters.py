"""Registry of the parameters that the package knows: what scaling, drawing, augmentation, figures and reports need.

A parameter is one entry of :data:`KNOWN_PARAMETERS`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from .ellipticity import conformal_shear
from .parameters import Parameter

__all__ = [
    "KNOWN_PARAMETERS",
    "NANOJANSKY_ZERO_POINT",
    "OTHER_QUANTITIES",
    "KnownParameter",
    "column_unit",
    "derived_values",
    "drawn_parameters",
    "symbol_of",
    "temporarily_known",
    "words_of",
]

#: AB magnitude of 1 nJy (Oke & Gunn 1983: 3631 Jy is magnitude 0).
NANOJANSKY_ZERO_POINT = 31.4


@dataclass(frozen=True, kw_only=True)
class KnownParameter:
    """One parameter with all that the package knows of it.

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
    zoom_power : int or None
        A zoom by z multiplies the value by z to this power. None where training must not zoom: the value follows
        another law, or none that is settled.
    component_range : (float, float) or None
        Limits between which a recipe may draw it for a component of a galaxy; None where components have no such
        property.
    derived_from : tuple of str
        Columns of a catalogue that it follows from; empty for a parameter that catalogues hold themselves.
    derive : callable or None
        Its values from those columns.
    """

    parameter: Parameter
    symbol: str
    words: str
    turns_with_image: bool
    zoom_power: int | None
    component_range: tuple[float, float] | None
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


# Sizes and fluxes through the logarithm, fractions through the logit (Ghosh et al. 2022, § 5.2). The clip of 0.01 is
# our choice: it maps one-component galaxies, whose B/T is exactly 0 or 1, to finite labels.
# Training zooms for the parameters of Tuccillo et al. (2018, § 4.3) alone.
_ENTRIES = (
    KnownParameter(
        parameter=Parameter("bulge_to_total", "", (0, 1), "logit", 0.01),
        symbol=r"$L_\mathrm{B}/L_\mathrm{T}$",
        words="B/T",
        turns_with_image=False,
        zoom_power=None,
        component_range=None,
        derived_from=(),
        derive=None,
    ),
    KnownParameter(
        parameter=Parameter("effective_radius", "arcsec", (0, np.inf), "log"),
        symbol=r"$R_\mathrm{e}$",
        words="effective radius",
        turns_with_image=False,
        zoom_power=1,
        component_range=(1e-3, 1e3),
        derived_from=(),
        derive=None,
    ),
    KnownParameter(
        parameter=Parameter("semi_major_axis", "arcsec", (0, np.inf), "log"),
        symbol=r"$a_\mathrm{e}$",
        words="semi-major axis",
        turns_with_image=False,
        zoom_power=1,
        component_range=(1e-3, 1e3),
        derived_from=(),
        derive=None,
    ),
    KnownParameter(
        parameter=Parameter("flux", "nJy", (0, np.inf), "log"),
        symbol=r"$F$",
        words="flux",
        turns_with_image=False,
        zoom_power=None,
        component_range=None,
        derived_from=(),
        derive=None,
    ),
    KnownParameter(
        parameter=Parameter("magnitude", "mag"),
        symbol=r"$m$",
        words="magnitude",
        turns_with_image=False,
        zoom_power=None,
        component_range=None,
        derived_from=(),
        derive=None,
    ),
    KnownParameter(
        parameter=Parameter("sersic_index", "", (0, np.inf), "log"),
        symbol=r"$n$",
        words="Sérsic index",
        turns_with_image=False,
        zoom_power=0,
        component_range=(0.1, 8.0),
        derived_from=(),
        derive=None,
    ),
    KnownParameter(
        parameter=Parameter("axis_ratio", "", (0, 1), "logit", 0.01),
        symbol=r"$q$",
        words="axis ratio",
        turns_with_image=False,
        zoom_power=None,
        component_range=(0.05, 1.0),
        derived_from=(),
        derive=None,
    ),
    KnownParameter(
        parameter=Parameter("position_angle", "deg"),
        symbol=r"$\theta$",
        words="position angle",
        turns_with_image=True,
        zoom_power=None,
        component_range=(-360.0, 360.0),
        derived_from=(),
        derive=None,
    ),
    # both together are axis ratio and position angle without its seam, see gampen_tf.core.ellipticity
    KnownParameter(
        parameter=Parameter("eta1"),
        symbol=r"$\eta_1$",
        words="η₁",
        turns_with_image=True,
        zoom_power=None,
        component_range=None,
        derived_from=("axis_ratio", "position_angle"),
        derive=lambda axis_ratio, position_angle: conformal_shear(axis_ratio, position_angle)[0],
    ),
    KnownParameter(
        parameter=Parameter("eta2"),
        symbol=r"$\eta_2$",
        words="η₂",
        turns_with_image=True,
        zoom_power=None,
        component_range=None,
        derived_from=("axis_ratio", "position_angle"),
        derive=lambda axis_ratio, position_angle: conformal_shear(axis_ratio, position_angle)[1],
    ),
    KnownParameter(
        parameter=Parameter("x", "arcsec"),
        symbol=r"$x$",
        words="x",
        turns_with_image=True,
        zoom_power=None,
        component_range=None,
        derived_from=(),
        derive=None,
    ),
    KnownParameter(
        parameter=Parameter("y", "arcsec"),
        symbol=r"$y$",
        words="y",
        turns_with_image=True,
        zoom_power=None,
        component_range=None,
        derived_from=(),
        derive=None,
    ),
)
KNOWN_PARAMETERS = {known.name: known for known in _ENTRIES}

#: Quantities that figures and reports name beside the parameters: (symbol, words).
OTHER_QUANTITIES = {
    "psf_fwhm": ("PSF FWHM", "seeing (FWHM)"),
    "signal_to_noise": ("S/N", "signal-to-noise ratio"),
}


@contextlib.contextmanager
def temporarily_known(known: KnownParameter) -> Iterator[None]:
    """Add an entry to the registry within a ``with`` block.

    Raises
    ------
    ValueError
        If its name is taken.
    """
    if known.name in KNOWN_PARAMETERS:
        raise ValueError(f"parameter {known.name!r} is known already")
    KNOWN_PARAMETERS[known.name] = known
    try:
        yield
    finally:
        del KNOWN_PARAMETERS[known.name]


def symbol_of(name: str) -> str:
    """The field's symbol of a quantity, for figures; its name with spaces where there is none."""
    if name in KNOWN_PARAMETERS:
        return KNOWN_PARAMETERS[name].symbol
    return OTHER_QUANTITIES[name][0] if name in OTHER_QUANTITIES else name.replace("_", " ")


def words_of(name: str) -> str:
    """A quantity's name in running text."""
    if name in KNOWN_PARAMETERS:
        return KNOWN_PARAMETERS[name].words
    return OTHER_QUANTITIES[name][1] if name in OTHER_QUANTITIES else name.replace("_", " ")


def drawn_parameters() -> list[str]:
    """Names of the parameters that the catalogues of simulations hold."""
    return [known.name for known in KNOWN_PARAMETERS.values() if known.derive is None]


def column_unit(column: str) -> str:
    """Unit of a catalogue's column that holds a parameter, of a galaxy or of a part of it (``disc_flux``).

    Empty for pure numbers, and for columns of other things.
    """
    names = (known for known in KNOWN_PARAMETERS.values() if column == known.name or column.endswith(f"_{known.name}"))
    return next((known.unit for known in names if known.unit), "")


def derived_values(name: str, column: Callable[[str], np.ndarray | None]) -> np.ndarray | None:
    """Values of a parameter from the columns that it follows from.

    Parameters
    ----------
    name : str
    column : callable
        The column of a name, None where there is none.

    Returns
    -------
    array, or None where the parameter follows from no columns that are there
    """
    known = KNOWN_PARAMETERS.get(name)
    if known is None or known.derive is None:
        return None
    columns = [column(one) for one in known.derived_from]
    return None if any(one is None for one in columns) else known.derive(*columns)
