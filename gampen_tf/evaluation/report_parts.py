"""Names and numbers as the report prints them."""

from __future__ import annotations

import numpy as np

from ..core.known_parameters import words_of
from ..metrics.draws import SIGMA_LEVELS

__all__ = ["plain_name", "plus_minus"]

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def plain_name(name):
    """A quantity's name for running text."""
    for word in ("true", "predicted"):
        if name.startswith(f"{word}_"):
            return f"{word} {plain_name(name.removeprefix(word)[1:])}"
    return words_of(name)


class _Columns:
    """Columns that most figures are drawn from."""

    def __init__(self, evaluation):
        parameters = evaluation.posterior.scaler.parameters
        self.names, self.units = list(parameters.names), list(parameters.units)
        self.logged = [parameter.transform == "log" for parameter in parameters]
        # a logarithm shows the faint and the small, of whom a linear axis makes a line
        self.scales = ["log" if logged else "linear" for logged in self.logged]
        self.mode, self.truth = evaluation.posterior.mode(), evaluation.truth
        interval = evaluation.posterior.interval(SIGMA_LEVELS[0])
        self.width = interval[..., 1] - interval[..., 0]
        self.named = {"names": self.names, "units": self.units}
        self.against = {"against_names": self.names, "against_units": self.units, "scales": self.scales}


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


def _p_value(value):
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"
