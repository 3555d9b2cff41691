"""Accuracy of classes of galaxies: how many of those given are right, and the errors of galaxies without a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..metrics.draws import SIGMA_LEVELS
from ..metrics.estimates import Estimate, proportion, quantile, resampled
from .class_rules import GAMPEN_RULES, assign, assign_by_probability, columns_of

__all__ = [
    "ClassQuality",
    "ClassifiedErrors",
    "class_quality",
    "compare_classes",
    "confusion_matrix",
    "errors_without_classified",
]


@dataclass(frozen=True)
class ClassQuality:
    """Precision and completeness of each class, Estimates of (R,) arrays.

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


def class_quality(assigned, truth, names: Sequence[str], rules=GAMPEN_RULES) -> ClassQuality:
    """Precision and completeness of classes, and how often they are not the opposite extreme.

    Parameters
    ----------
    assigned : (N, R) booleans
    truth : (N, P) array
        NaN where not known (left out).
    """
    truth, assigned = np.asarray(truth, float), np.asarray(assigned, bool)
    known = np.stack([~np.isnan(truth[:, p]) for p in columns_of(rules, names)], axis=1)
    right, given = assign(truth, names, rules), assigned & known
    opposite = np.zeros_like(right)
    for r, rule in enumerate(rules):
        others = [s for s, other in enumerate(rules) if s != r and other.parameter == rule.parameter]
        opposite[:, r] = np.any(right[:, others], axis=1) & ~right[:, r]
    n = np.sum(given, axis=0)
    return ClassQuality(
        proportion(np.sum(given & right, axis=0), n),
        proportion(np.sum(given & right, axis=0), np.sum(right, axis=0)),
        proportion(np.sum(given & ~opposite, axis=0), n),
        n,
    )


def confusion_matrix(assigned, truth, names: Sequence[str], parameter: str, rules=GAMPEN_RULES):
    """Counts of galaxies by true class and class given, for the rules of one parameter.

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
    """Errors of a parameter over all galaxies, and over those without a class.

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
        From :func:`~gampen_tf.evaluation.class_rules.posterior_probabilities`.

    Returns
    -------
    dict
        ``"value"`` and ``"probability"``, each a dict of ``quality`` (:class:`ClassQuality`), ``confusion`` and
        ``errors``; the last two by parameter.
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


def _deviation(values):
    return np.std(values) if len(values) else np.nan
