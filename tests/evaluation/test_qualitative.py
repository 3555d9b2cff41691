"""Classes in place of numbers: counts by hand, and the rate of right classes that calibrated posteriors promise."""

import numpy as np
import pytest

from gampen_tf.evaluation import GAMPEN_RULES, ClassRule, qualitative

NAMES = ("bulge_to_total", "effective_radius", "flux")


def table(bulge_to_total, effective_radius=2.0):
    bulge_to_total = np.asarray(bulge_to_total, float)
    return np.stack([bulge_to_total, np.full_like(bulge_to_total, effective_radius), np.ones_like(bulge_to_total)], 1)


def test_ranges_hold_their_ends():
    classes = qualitative.assign(table([0.85, 0.8499, 0.10, 0.1001, np.nan, 1.0]), NAMES)
    np.testing.assert_array_equal(classes[:, 0], [True, False, False, False, False, True])
    np.testing.assert_array_equal(classes[:, 1], [False, False, True, False, False, False])
    assert not np.any(classes[:, 2])


def test_confusion_matrix_by_hand():
    predicted = table([0.9, 0.9, 0.9, 0.05, 0.05, 0.5, 0.5, 0.9])
    truth = table([0.95, 0.8, 0.05, 0.0, 0.2, 0.5, 0.9, np.nan])
    classes = qualitative.assign(predicted, NAMES)
    names, counts = qualitative.confusion_matrix(classes, truth, NAMES, "bulge_to_total")
    assert names == ["highly bulge-dominated", "highly disc-dominated", "none"]
    np.testing.assert_array_equal(counts, [[1, 0, 1], [1, 1, 0], [1, 1, 1]])
    quality = qualitative.class_quality(classes, truth, NAMES)
    np.testing.assert_allclose(quality.precision.value[:2], [1 / 3, 1 / 2])
    np.testing.assert_allclose(quality.completeness.value[:2], [1 / 2, 1 / 2])
    np.testing.assert_allclose(quality.not_opposite.value[:2], [2 / 3, 1])
    np.testing.assert_array_equal(quality.n, [3, 2, 0])


def test_errors_before_and_after():
    residuals = np.concatenate([np.full(300, 0.2), np.tile([-0.1, 0.1], 350), [np.nan]])
    classified = np.arange(1001) < 300
    found = qualitative.errors_without_classified(residuals, classified)
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
    probability = qualitative.probabilities(samples, NAMES)
    by_value = qualitative.class_quality(qualitative.assign(table(centre), NAMES), table(truth), NAMES)
    for threshold in (0.5, 0.9):
        classes = qualitative.assign_by_probability(probability, threshold)
        found = qualitative.class_quality(classes, table(truth), NAMES)
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
    probability = qualitative.probabilities(samples, NAMES)
    result = qualitative.compare_classes(np.mean(samples, axis=1), probability, truth, NAMES)
    assert set(result) == {"value", "probability"}
    for side in result.values():
        assert np.sum(side["confusion"]["bulge_to_total"][1]) == 500
        assert set(side["errors"]) == {"bulge_to_total", "effective_radius"}


def test_galaxies_without_a_posterior_have_no_class():
    samples = np.full((2, 50, 3), 0.95)
    samples[1] = np.nan
    probability = qualitative.probabilities(samples, NAMES)
    assert np.isnan(probability[1]).all()
    np.testing.assert_array_equal(qualitative.assign_by_probability(probability), [[True, False, True], [False] * 3])


def test_rules_are_data_and_checked():
    rules = [ClassRule(**entry) for entry in (rule.to_dict() for rule in GAMPEN_RULES)]
    assert tuple(rules) == GAMPEN_RULES
    with pytest.raises(ValueError, match="sersic_index"):
        qualitative.assign(table([0.5]), NAMES, [ClassRule("cuspy", "sersic_index", low=4)])
    with pytest.raises(ValueError, match="range with an end"):
        ClassRule("all", "flux")
    overlapping = [ClassRule("a", "flux", low=0), ClassRule("b", "flux", low=0.5)]
    values = table([0.5])
    with pytest.raises(ValueError, match="two classes"):
        qualitative.confusion_matrix(qualitative.assign(values, NAMES, overlapping), values, NAMES, "flux", overlapping)


def test_probabilities_of_a_posterior_in_closed_form():
    """Against the shares of 100 000 draws, atoms included."""
    from gampen_tf.core import LabelScaler, Parameter, ParameterSet
    from gampen_tf.posterior import Posterior

    parameters = ParameterSet(
        [
            Parameter("bulge_to_total", "", (0, 1), "logit", 0.01),
            Parameter("effective_radius", "arcsec", (0, np.inf), "log"),
            Parameter("flux", "nJy", (0, np.inf), "log"),
        ]
    )
    rng = np.random.default_rng(3)
    means = rng.normal(size=(6, 1, 3)) * [2, 1, 1]
    trils = np.broadcast_to(np.eye(3), (6, 1, 3, 3))
    posterior = Posterior(means, trils, LabelScaler(parameters, [0] * 3, [2, 1, 1]))
    exact = ClassRule("bulge", "bulge_to_total", low=0.995), ClassRule("disc", "bulge_to_total", high=0)
    rules = (*GAMPEN_RULES, *exact)
    found = qualitative.posterior_probabilities(posterior, rules)
    expected = qualitative.probabilities(posterior.sample(100_000), NAMES, rules)
    # draws are stratified; 4σ of independent ones is an upper limit
    np.testing.assert_allclose(found, expected, atol=4 * 0.5 / np.sqrt(100_000))
