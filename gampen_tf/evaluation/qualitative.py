"""Qualitative classes in place of numbers: "highly bulge-dominated" where a number would promise more than is known.

A rule is a range of one parameter. It is applied to the predicted values, as in Ghosh et al. (2022, § 6.4), or to the
posterior: a galaxy gets the class where the probability of the range exceeds a threshold, so that the share of wrong
classes is known beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from ..metrics.draws import SIGMA_LEVELS
from ..metrics.estimates import Estimate, proportion, quantile, resampled

__all__ = [
    "GAMPEN_RULES",
    "ClassRule",
    "ClassifiedErrors",
    "Quality",
    "assign",
    "assign_by_probability",
    "compare_classes",
    "confusion_matrix",
    "errors_without_classified",
    "class_quality",
    "posterior_probabilities",
    "probabilities",
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
        """True where values of the rule's parameter are within the range; NaN is not."""
        values = np.asarray(values, float)
        return (values >= self.low) & (values <= self.high)

    def to_dict(self) -> dict:
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
    columns = _columns_of(rules, names)
    return np.stack([rule.holds(values[:, p]) for rule, p in zip(rules, columns, strict=True)], axis=1)


def probabilities(samples, names: Sequence[str], rules=GAMPEN_RULES):
    """Posterior probability of each rule's range, from the share of draws within it: (N, R).

    Parameters
    ----------
    samples : (N, D, P) array
    names : sequence of P str
    """
    samples = np.asarray(samples)
    shares = []
    for rule, p in zip(rules, _columns_of(rules, names), strict=True):
        # a galaxy without a posterior has no probability, rather than none of being anything
        shares.append(np.where(np.isnan(samples[:, 0, p]), np.nan, np.mean(rule.holds(samples[..., p]), axis=1)))
    return np.stack(shares, axis=1)


def posterior_probabilities(posterior, rules=GAMPEN_RULES):
    """Posterior probability of each rule's range, from its distribution function and without sampling noise: (N, R)."""
    shape = len(posterior), len(posterior.names)
    columns = []
    for rule, p in zip(rules, _columns_of(rules, posterior.names), strict=True):
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


@dataclass(frozen=True)
class Quality:
    """Quality of classes, each an Estimate of (R,) arrays.

    Attributes
    ----------
    precision : Estimate
        Share of the galaxies with the class whose true value lies in its range.
    completeness : Estimate
        Share of the galaxies whose true value lies in the range that have the class.
    not_opposite : Estimate
        Share of the galaxies with the class whose true value is *not* in the range of another class of the same
        parameter: how often an extreme is not taken for the opposite one.
    n : (R,) array
        Number of galaxies with the class and a known truth.
    """

    precision: Estimate
    completeness: Estimate
    not_opposite: Estimate
    n: np.ndarray


def class_quality(assigned, truth, names: Sequence[str], rules=GAMPEN_RULES) -> Quality:
    """Precision, completeness and confusion of classes.

    Parameters
    ----------
    assigned : (N, R) booleans
    truth : (N, P) array
        NaN where not known (left out).
    """
    truth, assigned = np.asarray(truth, float), np.asarray(assigned, bool)
    known = np.stack([~np.isnan(truth[:, p]) for p in _columns_of(rules, names)], axis=1)
    right, given = assign(truth, names, rules), assigned & known
    opposite = np.zeros_like(right)
    for r, rule in enumerate(rules):
        others = [s for s, other in enumerate(rules) if s != r and other.parameter == rule.parameter]
        opposite[:, r] = np.any(right[:, others], axis=1) & ~right[:, r]
    n = np.sum(given, axis=0)
    return Quality(
        proportion(np.sum(given & right, axis=0), n),
        proportion(np.sum(given & right, axis=0), np.sum(right, axis=0)),
        proportion(np.sum(given & ~opposite, axis=0), n),
        n,
    )


def confusion_matrix(assigned, truth, names: Sequence[str], parameter: str, rules=GAMPEN_RULES):
    """Counts of galaxies by class given and true class, for the rules of one parameter.

    Parameters
    ----------
    assigned : (N, R) booleans
        For all the rules.
    truth : (N, P) array

    Returns
    -------
    names : list of K + 1 str
        The K classes of the parameter, and "none".
    counts : (K + 1, K + 1) int array
        True class along the rows, given class along the columns.

    Raises
    ------
    ValueError
        If a galaxy has two classes of the parameter.
    """
    chosen = [r for r, rule in enumerate(rules) if rule.parameter == parameter]
    if not chosen:
        raise ValueError(f"no rule for {parameter!r}; there are rules for {sorted({r.parameter for r in rules})}")
    known = ~np.isnan(np.asarray(truth, float)[:, names.index(parameter)])
    places = []
    for classes in (assign(truth, names, rules)[known][:, chosen], np.asarray(assigned, bool)[known][:, chosen]):
        if np.any(np.sum(classes, axis=1) > 1):
            raise ValueError(f"rules of {parameter!r} overlap: a galaxy has two classes, the matrix one place for it")
        places.append(np.where(np.any(classes, axis=1), np.argmax(classes, axis=1), len(chosen)))
    counts = np.zeros((len(chosen) + 1, len(chosen) + 1), int)
    np.add.at(counts, tuple(places), 1)
    return [rules[r].name for r in chosen] + ["none"], counts


@dataclass(frozen=True)
class ClassifiedErrors:
    """Errors of a parameter over all galaxies, and over those that keep their number.

    Attributes
    ----------
    typical_before, typical_after : Estimate
        68.27th percentile of |residual|.
    deviation_before, deviation_after : Estimate
        Standard deviation of the residuals.
    classified_fraction : Estimate
    """

    typical_before: Estimate
    typical_after: Estimate
    deviation_before: Estimate
    deviation_after: Estimate
    classified_fraction: Estimate


def errors_without_classified(residuals, classified, *, seed=0) -> ClassifiedErrors:
    """Errors of a parameter with and without the galaxies that have a class in place of the number.

    Parameters
    ----------
    residuals : (N,) array
        NaN left out.
    classified : (N,) booleans
        True where a class of the parameter stands in place of the number.
    """
    residuals, classified = np.asarray(residuals, float), np.asarray(classified, bool)
    known = ~np.isnan(residuals)
    every, kept = residuals[known], residuals[known & ~classified]
    return ClassifiedErrors(
        quantile(np.abs(every), SIGMA_LEVELS[0]),
        quantile(np.abs(kept), SIGMA_LEVELS[0]),
        resampled(_deviation, every, seed=seed),
        resampled(_deviation, kept, seed=seed),
        proportion(np.sum(classified & known), np.sum(known)),
    )


def compare_classes(values, probability, truth, names: Sequence[str], rules=GAMPEN_RULES, *, threshold=0.9) -> dict:
    """Classes by value and by posterior, side by side.

    Parameters
    ----------
    values, truth : (N, P) array
    probability : (N, R) array
        From :func:`probabilities` or :func:`posterior_probabilities`.

    Returns
    -------
    dict
        ``"value"`` and ``"probability"``, each a dict of ``quality`` (:class:`Quality`), ``confusion`` and ``errors``;
        the last two by parameter.
    """
    values, truth = np.asarray(values, float), np.asarray(truth, float)
    parameters = list(dict.fromkeys(rule.parameter for rule in rules))
    sides = {"value": assign(values, names, rules), "probability": assign_by_probability(probability, threshold)}
    results = {}
    for side, assigned in sides.items():
        errors = {}
        for parameter in parameters:
            chosen = [r for r, rule in enumerate(rules) if rule.parameter == parameter]
            p = list(names).index(parameter)
            errors[parameter] = errors_without_classified(
                values[:, p] - truth[:, p], np.any(assigned[:, chosen], axis=1)
            )
        results[side] = {
            "quality": class_quality(assigned, truth, names, rules),
            "confusion": {name: confusion_matrix(assigned, truth, list(names), name, rules) for name in parameters},
            "errors": errors,
        }
    return results


def _columns_of(rules, names):
    names = list(names)
    missing = sorted({rule.parameter for rule in rules} - set(names))
    if missing:
        raise ValueError(f"rules for {', '.join(missing)}; the parameters are {', '.join(names)}")
    return [names.index(rule.parameter) for rule in rules]


def _deviation(values):
    return np.std(values) if len(values) else np.nan
