"""The map of probabilities."""

import numpy as np
from scipy.special import ndtr
from scipy.stats import kstest
from toy_faults import pits, toy

from gampen_tf.calibration import (
    fit_quantile_map,
)
from gampen_tf.posterior import QuantileMap


def test_quantile_map_makes_pits_uniform_for_other_galaxies():
    for fault in ({"width": 0.6}, {"bias": 0.5}, {"width": 1.5, "bias": -0.3}):
        fitted = fit_quantile_map(*toy(6, **fault))
        found = pits(*toy(7, **fault))
        for p in range(3):
            repaired = fitted.inverse_level(found[:, p], p)
            assert kstest(found[:, p], "uniform").pvalue < 1e-10
            # 0.1 % point of the Kolmogorov distance of two samples of 8000: the map's and this one
            assert kstest(repaired, "uniform").statistic < 1.95 * np.sqrt(2 / 8000)


def test_quantile_map_leaves_what_is_calibrated_nearly_alone():
    fitted = QuantileMap.of_pits(np.random.default_rng(8).uniform(size=(10_000, 1)))
    probability = np.linspace(0.001, 0.999, 999)
    np.testing.assert_allclose(fitted.level(probability, 0), probability, atol=4 * 0.005)


def test_quantile_map_is_monotone_and_its_inverse_exact():
    fitted = QuantileMap.of_pits(np.random.default_rng(9).beta(0.3, 2, size=(300, 1)))
    tail = np.logspace(-12, -2, 50)
    probability = np.concatenate([[0], tail, np.linspace(0.02, 0.98, 97), 1 - tail[::-1], [1]])
    level = fitted.level(probability, 0)
    assert np.all(np.diff(level) >= 0)
    assert level[0] == 0
    assert level[-1] == 1
    np.testing.assert_allclose(fitted.inverse_level(level, 0)[:-30], probability[:-30], rtol=1e-6)


def test_quantile_map_guarantee_at_a_knot():
    """P(PIT of a new galaxy ≤ level(p)) = p on average over calibration splits, even of 60 galaxies."""
    rng = np.random.default_rng(10)
    covered = []
    for _ in range(3000):
        fitted = QuantileMap.of_pits(rng.beta(3, 1, size=(60, 1)))
        knot = fitted.knots[0][0, 1]
        covered.append((ndtr(knot), fitted.level(ndtr(knot), 0) ** 3))  # the distribution function of beta(3, 1) is u³
    nominal, found = np.mean(covered, axis=0)
    assert abs(nominal - found) < 4 * np.std(np.array(covered)[:, 1]) / np.sqrt(3000)
