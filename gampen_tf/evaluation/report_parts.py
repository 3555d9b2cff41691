"""Names, numbers and columns of galaxies as tables and figures of the report need them."""

from __future__ import annotations

import numpy as np

from ..core.known_parameters import words_of
from ..metrics.draws import SIGMA_LEVELS

__all__ = ["FigureColumns", "plain_name", "plus_minus"]

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def plain_name(name):
    """Name of a quantity in words, such as "true effective radius" for ``true_effective_radius``."""
    for word in ("true", "predicted"):
        if name.startswith(f"{word}_"):
            return f"{word} {plain_name(name.removeprefix(word)[1:])}"
    return words_of(name)


def plus_minus(entry, factor=1.0, unit=""):
    """A number with its error as text, to the two significant digits of the error.

    Parameters
    ----------
    entry : dict
        ``value`` and ``error``; ``None`` where not known.
    factor : float, optional
        100 for per cent.
    unit : str, optional
    """
    value, error = entry["value"], entry["error"]
    if value is None:
        return "–"
    value, error = factor * value, None if error is None else factor * error
    suffix = f" {unit}" if unit else ""
    if not error:
        unknown = " ± ?" if error is None else ""
        return f"{value:.4g}{unknown}{suffix}".replace("-", "−")
    exponent = int(np.floor(np.log10(max(abs(value), error)))) if value or error else 0
    power = exponent if exponent >= 5 or exponent <= -4 else 0
    value, error = value / 10.0**power, error / 10.0**power
    decimals = 1 - int(np.floor(np.log10(error)))
    value, error, decimals = round(value, decimals), round(error, decimals), max(0, decimals)
    text = f"{value:.{decimals}f} ± {error:.{decimals}f}"
    if power:
        text = f"({text})·10{str(power).translate(_SUPERSCRIPTS)}"
    return text.replace("-", "−") + suffix


class FigureColumns:
    """Columns of galaxies, and the names, units and scales of their axes, from which most figures are drawn.

    Parameters
    ----------
    evaluation : Evaluation

    Attributes
    ----------
    names, units : list of P str
    logged : list of P bool
        Whether a parameter is learned as its logarithm.
    scales : list of P str
        "log" for those, as a linear axis makes a line of faint and small galaxies; "linear" for the others.
    mode, truth : (N, P) array
    width : (N, P) array
        Of the shortest 68.27 % intervals.
    named, against : dict
        Arguments of the functions of `gampen_tf.plots`.
    """

    def __init__(self, evaluation):
        parameters = evaluation.posterior.scaler.parameters
        self.names, self.units = list(parameters.names), list(parameters.units)
        self.logged = [parameter.transform == "log" for parameter in parameters]
        self.scales = ["log" if logged else "linear" for logged in self.logged]
        self.mode, self.truth = evaluation.posterior.mode(), evaluation.truth
        interval = evaluation.posterior.interval(SIGMA_LEVELS[0])
        self.width = interval[..., 1] - interval[..., 0]
        self.named = {"names": self.names, "units": self.units}
        self.against = {"against_names": self.names, "against_units": self.units, "scales": self.scales}
