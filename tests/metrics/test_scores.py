"""Proper scores against double sums, closed forms and SciPy."""

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import energy_distance, norm

from gampen_tf import metrics


def test_crps_of_draws_is_the_double_sum():
    rng = np.random.default_rng(6)
    samples, truth = rng.gamma(2, size=(7, 40, 2)), rng.gamma(2, size=(7, 2))
    for i in range(7):
        for p in range(2):
            x = samples[i, :, p]
            pairs = np.abs(x[:, None] - x).sum() / (40 * 39)
            expected = np.mean(np.abs(x - truth[i, p])) - 0.5 * pairs
            assert metrics.crps(samples, truth)[i, p] == pytest.approx(expected, rel=1e-12)


def test_crps_of_draws_approaches_the_closed_form():
    """Of a Gaussian: σ (z (2 Φ(z) − 1) + 2 φ(z) − 1/√π), Gneiting & Raftery (2007, § 4.2)."""
    rng = np.random.default_rng(7)
    truth = rng.normal(size=(2000, 1))
    closed = truth * (2 * ndtr(truth) - 1) + 2 * norm.pdf(truth) - 1 / np.sqrt(np.pi)
    by_draws = metrics.crps(rng.normal(size=(2000, 200, 1)), truth)
    # unbiased: the mean difference within 4 of its own errors
    difference = metrics.mean(by_draws - closed)
    assert abs(difference.value[0]) < 4 * difference.error[0]


def test_energy_score_of_one_parameter_is_its_crps():
    rng = np.random.default_rng(8)
    samples, truth = rng.normal(size=(500, 200, 1)), rng.normal(size=(500, 1))
    energy = metrics.energy_score(samples, truth, scale=[1.0], n_shuffles=64)
    difference = energy - metrics.crps(samples, truth)[:, 0]
    np.testing.assert_allclose(difference, 0, atol=0.05)
    assert abs(np.mean(difference)) < 1e-3
    # SciPy's energy distance of draws and the one truth is √(2 · score), with the pairs of a draw with itself counted
    x = samples[0, :, 0]
    fair = np.abs(x[:, None] - x).sum() / (200 * 199)
    expected = 0.5 * energy_distance(x, truth[0]) ** 2 + 0.5 * fair * 199 / 200 - 0.5 * fair
    assert metrics.crps(samples, truth)[0, 0] == pytest.approx(expected)


def test_energy_score_does_not_mind_the_order_of_draws():
    """Draws sorted by component, as stratified ones are: neighbouring pairs would underestimate the spread."""
    rng = np.random.default_rng(9)
    draws = rng.normal(size=(300, 400, 2)) + 3 * rng.integers(0, 2, (300, 400, 1))
    truth = np.zeros((300, 2))
    by_order = np.sort(draws, axis=1)
    order = np.argsort(draws[:, :, 0] + draws[:, :, 1], axis=1)[..., None]
    by_order = np.take_along_axis(draws, order, axis=1)
    plain, ordered = (np.mean(metrics.energy_score(x, truth, scale=[1, 1])) for x in (draws, by_order))
    assert plain == pytest.approx(ordered, abs=0.02)


@pytest.mark.parametrize("fault", [{"width": 0.7}, {"width": 1.4}, {"bias": 0.4}])
def test_scores_are_least_for_the_true_posterior(fault):
    rng = np.random.default_rng(10)
    n = 3000
    truth = rng.normal(size=(n, 2))
    noise = rng.normal(size=(n, 100, 2))
    wrong = fault.get("bias", 0.0) + fault.get("width", 1.0) * noise
    for score in (metrics.crps, lambda s, t: metrics.energy_score(s, t, scale=[1, 1])):
        difference = metrics.mean((score(wrong, truth) - score(noise, truth)).ravel())
        assert difference.value > 4 * difference.error


def test_scores_of_unknown_truth_are_nan():
    samples, truth = np.random.default_rng(11).normal(size=(3, 50, 2)), np.array([[0, 0], [np.nan, 0], [0, 0]])
    np.testing.assert_array_equal(np.isnan(metrics.crps(samples, truth)), np.isnan(truth))
    np.testing.assert_array_equal(np.isnan(metrics.energy_score(samples, truth)), [False, True, False])
