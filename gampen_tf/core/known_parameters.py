"""Registry of galaxy parameters, and look-ups in it by name and by column.

A parameter is one entry of :data:`KNOWN_PARAMETERS`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np

from .ellipticity import conformal_shear
from .known_parameter import Draw, KnownParameter
from .parameters import Parameter

__all__ = [
    "KNOWN_PARAMETERS",
    "NANOJANSKY_ZERO_POINT",
    "OTHER_QUANTITIES",
    "column_unit",
    "component_parameters",
    "derived_values",
    "drawn_parameters",
    "galaxy_parameters",
    "recipe_keys",
    "symbol_of",
    "temporarily_known",
    "words_of",
    "wrapped_values",
]

Values = TypeVar("Values", float, np.ndarray)

#: AB magnitude of 1 nJy (Oke & Gunn 1983: 3631 Jy is magnitude 0).
NANOJANSKY_ZERO_POINT = 31.4

# Sizes and fluxes through the logarithm, fractions through the logit (Ghosh et al. 2022, § 5.2). The clip of 0.01 is
# our choice: it maps one-component galaxies, whose B/T is exactly 0 or 1, to finite labels.
# Training zooms for the parameters of Tuccillo et al. (2018, § 4.3) alone.
_ENTRIES = (
    KnownParameter(
        parameter=Parameter("bulge_to_total", "", (0, 1), "logit", 0.01),
        symbol=r"$L_\mathrm{B}/L_\mathrm{T}$",
        words="B/T",
        turns_with_image=False,
        period=None,
        zoom_power=None,
        unit_powers=(0, 0),
        of_one_component=False,
        draw=Draw("galaxy", (0.0, 1.0)),
        derived_from=(),
        derive=None,
    ),
    KnownParameter(
        parameter=Parameter("effective_radius", "arcsec", (0, np.inf), "log"),
        symbol=r"$R_\mathrm{e}$",
        words="effective radius",
        turns_with_image=False,
        period=None,
        zoom_power=1,
        unit_powers=(1, 0),
        of_one_component=False,
        draw=Draw("component", (1e-3, 1e3)),
        derived_from=(),
        derive=None,
    ),
    KnownParameter(
        parameter=Parameter("flux", "nJy", (0, np.inf), "log"),
        symbol=r"$F$",
        words="flux",
        turns_with_image=False,
        period=None,
        zoom_power=None,
        unit_powers=(0, 1),
        of_one_component=False,
        draw=Draw("galaxy", (1e-30, 1e30)),
        derived_from=(),
        derive=None,
    ),
    KnownParameter(
        parameter=Parameter("magnitude", "mag"),
        symbol=r"$m$",
        words="magnitude",
        turns_with_image=False,
        period=None,
        zoom_power=None,
        unit_powers=(0, 1),
        of_one_component=False,
        draw=Draw("galaxy", (-50.0, 100.0), instead_of="flux"),
        derived_from=(),
        derive=None,
    ),
    KnownParameter(
        parameter=Parameter("sersic_index", "", (0, np.inf), "log"),
        symbol=r"$n$",
        words="Sérsic index",
        turns_with_image=False,
        period=None,
        zoom_power=0,
        unit_powers=(0, 0),
        of_one_component=True,
        draw=Draw("component", (0.1, 8.0)),
        derived_from=(),
        derive=None,
    ),
    KnownParameter(
        parameter=Parameter("axis_ratio", "", (0, 1), "logit", 0.01),
        symbol=r"$q$",
        words="axis ratio",
        turns_with_image=False,
        period=None,
        zoom_power=None,
        unit_powers=(0, 0),
        of_one_component=False,
        draw=Draw("component", (0.05, 1.0)),
        derived_from=(),
        derive=None,
    ),
    KnownParameter(
        parameter=Parameter("position_angle", "deg"),
        symbol=r"$\theta$",
        words="position angle",
        turns_with_image=True,
        period=180.0,
        zoom_power=None,
        unit_powers=(0, 0),
        of_one_component=False,
        draw=Draw("component", (-360.0, 360.0)),
        derived_from=(),
        derive=None,
    ),
    KnownParameter(
        parameter=Parameter("semi_major_axis", "arcsec", (0, np.inf), "log"),
        symbol=r"$a_\mathrm{e}$",
        words="semi-major axis",
        turns_with_image=False,
        period=None,
        zoom_power=1,
        unit_powers=(1, 0),
        of_one_component=True,
        draw=Draw("component", (1e-3, 1e3), instead_of="effective_radius"),
        derived_from=(),
        derive=None,
    ),
    # both together are axis ratio and position angle without its jump at ±90°, see gampen_tf.core.ellipticity
    KnownParameter(
        parameter=Parameter("eta1"),
        symbol=r"$\eta_1$",
        words="η₁",
        turns_with_image=True,
        period=None,
        zoom_power=None,
        unit_powers=(0, 0),
        of_one_component=False,
        draw=None,
        derived_from=("axis_ratio", "position_angle"),
        derive=lambda axis_ratio, position_angle: conformal_shear(axis_ratio, position_angle)[0],
    ),
    KnownParameter(
        parameter=Parameter("eta2"),
        symbol=r"$\eta_2$",
        words="η₂",
        turns_with_image=True,
        period=None,
        zoom_power=None,
        unit_powers=(0, 0),
        of_one_component=False,
        draw=None,
        derived_from=("axis_ratio", "position_angle"),
        derive=lambda axis_ratio, position_angle: conformal_shear(axis_ratio, position_angle)[1],
    ),
    KnownParameter(
        parameter=Parameter("x", "arcsec"),
        symbol=r"$x$",
        words="x",
        turns_with_image=True,
        period=None,
        zoom_power=None,
        unit_powers=(1, 0),
        of_one_component=False,
        draw=Draw("galaxy", None),
        derived_from=(),
        derive=None,
    ),
    KnownParameter(
        parameter=Parameter("y", "arcsec"),
        symbol=r"$y$",
        words="y",
        turns_with_image=True,
        period=None,
        zoom_power=None,
        unit_powers=(1, 0),
        of_one_component=False,
        draw=Draw("galaxy", None),
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
    """A quantity's name in running text; its name with spaces where it has no entry."""
    if name in KNOWN_PARAMETERS:
        return KNOWN_PARAMETERS[name].words
    return OTHER_QUANTITIES[name][1] if name in OTHER_QUANTITIES else name.replace("_", " ")


def drawn_parameters() -> list[str]:
    """Names of the parameters that the catalogues of simulations hold."""
    return [known.name for known in KNOWN_PARAMETERS.values() if known.derive is None]


def galaxy_parameters() -> list[str]:
    """Names of the parameters of which a recipe draws one value for each galaxy."""
    return _drawn_per("galaxy")


def component_parameters() -> list[str]:
    """Names of the parameters of which a recipe draws one value for each component, in the order of the draws."""
    return _drawn_per("component")


def recipe_keys(name: str) -> list[str]:
    """Keys under which a recipe may give a parameter: its name, and those of the parameters given instead of it."""
    return [name, *(one.name for one in KNOWN_PARAMETERS.values() if one.draw and one.draw.instead_of == name)]


def column_unit(column: str) -> str:
    """Unit of a catalogue's column that holds a parameter, of a galaxy or of a part of it (``disc_flux``).

    Empty for pure numbers, and for columns of other things.
    """
    return next((known.unit for known in _in_column(column) if known.unit), "")


def wrapped_values(column: str, values: Values) -> Values:
    """Values of a column that repeat, as of ``bulge_position_angle``, within half a period of zero; others as given."""
    period = next((known.period for known in _in_column(column) if known.period is not None), None)
    return values if period is None else (values + 0.5 * period) % period - 0.5 * period


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


def _drawn_per(what: str) -> list[str]:
    drawn = [(one.name, one.draw) for one in KNOWN_PARAMETERS.values() if one.draw]
    return [name for name, draw in drawn if draw.per == what and draw.instead_of is None]


def _in_column(column: str) -> Iterator[KnownParameter]:
    """Entries whose name is the column's, or the last part of it."""
    return (one for one in KNOWN_PARAMETERS.values() if column == one.name or column.endswith(f"_{one.name}"))
