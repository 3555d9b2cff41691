"""Rules of classes, by value and by posterior probability."""

import numpy as np
import pytest
from toy_classes import NAMES, shares_of_draws, table
from toy_evaluations import SCALER

from gampen_tf.evaluation.class_rules import (
    GAMPEN_RULES,
    ClassRule,
    assign,
    assign_by_probability,
    posterior_probabilities,
)
from gampen_tf.posterior import Posterior


def test_ranges_hold_their_ends():
    classes = assign(table([0.85, 0.8499, 0.10, 0.1001, np.nan, 1.0]), NAMES)
    np.testing.assert_array_equal(classes[:, 0], [True, False, False, False, False, True])
    np.testing.assert_array_equal(classes[:, 1], [False, False, True, False, False, False])
    assert not np.any(classes[:, 2])


def test_rules_are_data_and_checked():
    assert tuple(ClassRule(**entry) for entry in (rule.to_dict() for rule in GAMPEN_RULES)) == GAMPEN_RULES
    with pytest.raises(ValueError, match="sersic_index"):
        assign(table([0.5]), NAMES, [ClassRule("cuspy", "sersic_index", low=4)])
    with pytest.raises(ValueError, match="range with an end"):
        ClassRule("all", "flux")
    with pytest.raises(ValueError, match="0.5 <= threshold < 1"):
        assign_by_probability(np.ones((1, 2)), 0.4)


def test_probabilities_are_those_of_the_draws_atoms_included():
    rng = np.random.default_rng(3)
    means = rng.normal(size=(6, 1, 3)) * [2, 1, 1]
    posterior = Posterior(means, np.broadcast_to(np.eye(3), (6, 1, 3, 3)), SCALER)
    exact = ClassRule("bulge", "bulge_to_total", low=0.995), ClassRule("disc", "bulge_to_total", high=0)
    rules = (*GAMPEN_RULES, *exact)
    expected = shares_of_draws(posterior.sample(100_000), rules)
    assert np.ptp(expected[:, :2]) > 0.5
    # draws are stratified; 4σ of independent ones is an upper limit
    np.testing.assert_allclose(posterior_probabilities(posterior, rules), expected, atol=4 * 0.5 / np.sqrt(100_000))


def test_galaxies_without_a_posterior_have_no_class():
    means = np.stack([SCALER.transform(table([0.95])), np.full((1, 3), np.nan)])
    posterior = Posterior(means, np.broadcast_to(0.01 * np.eye(3), (2, 1, 3, 3)), SCALER)
    probability = posterior_probabilities(posterior)
    assert np.isnan(probability[1]).all()
    np.testing.assert_array_equal(assign_by_probability(probability), [[True, False, False], [False] * 3])
