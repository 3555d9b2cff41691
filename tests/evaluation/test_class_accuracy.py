"""Classes against the truth: counts by hand, and the rate of right classes that calibrated posteriors promise."""

import numpy as np
import pytest
from toy_classes import NAMES, shares_of_draws, table

from gampen_tf.evaluation.class_accuracy import (
    class_quality,
    compare_classes,
    confusion_matrix,
    errors_without_classified,
)
from gampen_tf.evaluation.class_rules import GAMPEN_RULES, ClassRule, assign, assign_by_probability


def test_confusion_matrix_by_hand():
    predicted = table([0.9, 0.9, 0.9, 0.05, 0.05, 0.5, 0.5, 0.9])
    truth = table([0.95, 0.8, 0.05, 0.0, 0.2, 0.5, 0.9, np.nan])
    classes = assign(predicted, NAMES)
    names, counts = confusion_matrix(classes, truth, NAMES, "bulge_to_total")
    assert names == ["highly bulge-dominated", "highly disc-dominated", "none"]
    np.testing.assert_array_equal(counts, [[1, 0, 1], [1, 1, 0], [1, 1, 1]])
    quality = class_quality(classes, truth, NAMES)
    np.testing.assert_allclose(quality.precision.value[:2], [1 / 3, 1 / 2])
    np.testing.assert_allclose(quality.completeness.value[:2], [1 / 2, 1 / 2])
    np.testing.assert_allclose(quality.not_opposite.value[:2], [2 / 3, 1])
    np.testing.assert_array_equal(quality.n, [3, 2, 0])


def test_errors_before_and_after():
    residuals = np.concatenate([np.full(300, 0.2), np.tile([-0.1, 0.1], 350), [np.nan]])
    classified = np.arange(1001) < 300
    found = errors_without_classified(residuals, classified)
    assert found.typical_before.value == pytest.approx(0.1)
    assert found.typical_after.value == pytest.approx(0.1)
    assert found.deviation_before.value == pytest.approx(np.std(residuals[:-1]))
    assert found.deviation_after.value == pytest.approx(0.1)
    assert found.classified_fraction.value == pytest.approx(0.3)


def test_classes_by_probability_are_as_often_right_as_they_say():
    """Calibrated posteriors: precision is the mean probability of those classified, and exceeds the threshold."""
    rng = np.random.default_rng(1)
    n = 20_000
    centre = rng.uniform(0, 1, n)
    truth = np.clip(centre + 0.08 * rng.normal(size=n), 0, 1)
    samples = np.stack([table(column) for column in np.clip(centre + 0.08 * rng.normal(size=(400, n)), 0, 1)], axis=1)
    probability = shares_of_draws(samples, GAMPEN_RULES)
    by_value = class_quality(assign(table(centre), NAMES), table(truth), NAMES)
    for threshold in (0.5, 0.9):
        classes = assign_by_probability(probability, threshold)
        found = class_quality(classes, table(truth), NAMES)
        for r in range(2):
            expected = np.mean(probability[classes[:, r], r])
            # the finite number of draws selects upward fluctuations: 0.5 points; 4σ
            assert abs(found.precision.value[r] - expected) < 4 * found.precision.error[r] + 0.005
            assert found.precision.value[r] > threshold
    # the paper's way cannot choose: half of the galaxies at the edge of the range are wrong
    assert np.all(found.precision.value[:2] > by_value.precision.value[:2] + 0.05)


def test_both_ways_side_by_side():
    rng = np.random.default_rng(2)
    truth = table(rng.uniform(size=500))
    samples = truth[:, None] + 0.05 * rng.normal(size=(500, 100, 3))
    probability = shares_of_draws(samples, GAMPEN_RULES)
    result = compare_classes(np.mean(samples, axis=1), probability, truth, NAMES)
    assert set(result) == {"value", "probability"}
    for side in result.values():
        assert np.sum(side["confusion"]["bulge_to_total"][1]) == 500
        assert set(side["errors"]) == {"bulge_to_total", "effective_radius"}


def test_overlapping_rules_have_no_confusion_matrix():
    overlapping = [ClassRule("a", "flux", low=0), ClassRule("b", "flux", low=0.5)]
    values = table([0.5])
    with pytest.raises(ValueError, match="two classes"):
        confusion_matrix(assign(values, NAMES, overlapping), values, NAMES, "flux", overlapping)
    with pytest.raises(ValueError, match="no rule for 'flux'"):
        confusion_matrix(assign(values, NAMES), values, NAMES, "flux")
