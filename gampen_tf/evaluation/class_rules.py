"""Classes of galaxies by the range of a parameter, such as highly bulge-dominated.

A class stands in place of a number that would promise more than is known. It is given by the predicted value, as in
Ghosh et al. (2022, § 6.4), or by the posterior: where the probability of the range exceeds a threshold, so that the
share of wrong classes is known beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

__all__ = [
    "GAMPEN_RULES",
    "ClassRule",
    "assign",
    "assign_by_probability",
    "columns_of",
    "posterior_probabilities",
]


@dataclass(frozen=True)
class ClassRule:
    """A class of all values of a parameter in a range, its ends included.

    Parameters
    ----------
    name : str
        Of the class.
    parameter : str
    low, high : float, optional
        In the parameter's unit.
    """

    name: str
    parameter: str
    low: float = -np.inf
    high: float = np.inf

    def __post_init__(self):
        if not self.low <= self.high or (np.isinf(self.low) and np.isinf(self.high)):
            raise ValueError(f"class {self.name!r}: {self.low} to {self.high}; expected a range with an end")

    def holds(self, values):
        """True where values of the rule's parameter are within the range; False for NaN."""
        values = np.asarray(values, float)
        return (values >= self.low) & (values <= self.high)

    def to_dict(self) -> dict:
        """Plain data from which ``ClassRule(**entry)`` makes the rule again."""
        return {name: value for name, value in asdict(self).items() if value not in (-np.inf, np.inf)}


GAMPEN_RULES = (
    ClassRule("highly bulge-dominated", "bulge_to_total", low=0.85),
    ClassRule("highly disc-dominated", "bulge_to_total", high=0.10),
    ClassRule("smaller than 1 arcsec", "effective_radius", high=1.0),
)


def assign(values, names: Sequence[str], rules=GAMPEN_RULES):
    """Classes by value: (N, R) booleans.

    Parameters
    ----------
    values : (N, P) array
        Predicted values, or true ones; NaN gets no class.
    names : sequence of P str
    rules : sequence of R ClassRule
    """
    values = np.asarray(values, float)
    columns = columns_of(rules, names)
    return np.stack([rule.holds(values[:, p]) for rule, p in zip(rules, columns, strict=True)], axis=1)


def posterior_probabilities(posterior, rules=GAMPEN_RULES):
    """Posterior probability of each rule's range, from the distribution function: (N, R), NaN without a posterior.

    Parameters
    ----------
    posterior : Posterior
    rules : sequence of R ClassRule
    """
    shape = len(posterior), len(posterior.names)
    columns = []
    for rule, p in zip(rules, columns_of(rules, posterior.names), strict=True):
        parameter = posterior.scaler.parameters[p]
        up_to = posterior.cdf(np.full(shape, min(rule.high, parameter.bounds[1])))[:, p]
        low, high = parameter.bounds
        cell = (high - low) * parameter.clip if parameter.clip else 0.0
        if rule.low <= low:
            below = 0.0
        elif rule.low > high - cell:
            # of a range within the cell of the upper atom the atom is all there is
            below = 1 - posterior.atoms()[:, p, 1]
        else:
            below = posterior.cdf(np.full(shape, rule.low))[:, p]
        columns.append(up_to - below)
    return np.stack(columns, axis=1)


def assign_by_probability(probability, threshold=0.9):
    """Classes by posterior: True where the probability of the range exceeds the threshold; NaN gets no class.

    Of calibrated posteriors more than ``threshold`` of the classes are right, whatever the rule.
    """
    if not 0.5 <= threshold < 1:
        # below one half, two rules that exclude each other could both hold
        raise ValueError(f"threshold {threshold}; expected 0.5 <= threshold < 1")
    return np.asarray(probability, float) > threshold


def columns_of(rules, names: Sequence[str]) -> list[int]:
    """Index of each rule's parameter among the names.

    Raises
    ------
    ValueError
        If a rule is of another parameter.
    """
    names = list(names)
    missing = sorted({rule.parameter for rule in rules} - set(names))
    if missing:
        raise ValueError(f"rules for {', '.join(missing)}; the parameters are {', '.join(names)}")
    return [names.index(rule.parameter) for rule in rules]
