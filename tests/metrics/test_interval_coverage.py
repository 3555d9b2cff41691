"""Coverage of toy posteriors.

Statistical tests run on fixed seeds; a right implementation fails one of them with a new seed at the rate stated
beside it.
"""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import chi2, kstest
from toy_draws import LEVELS, N, P, gaussian_pit, toy

from gampen_tf import metrics


def test_intervals_of_the_true_posterior_cover_as_often_as_they_say():
    samples, truth = toy(1, n_draws=999)
    result = metrics.coverage(samples, truth, kind="central")
    # nine binomial numbers, 4σ: fails once in 2000 seeds
    sigma = np.sqrt(LEVELS * (1 - LEVELS) / N)[:, None]
    assert np.all(np.abs(result.value - LEVELS[:, None]) < 4 * sigma)
    np.testing.assert_allclose(result.error, sigma * np.ones(P), rtol=0.35)


@pytest.mark.parametrize("width", [0.5, 2.0])
def test_coverage_of_wrong_widths_is_the_normal_integral(width):
    expected = 2 * ndtr(width * ndtri(0.5 + 0.5 * LEVELS)) - 1  # 38.3 % at 68.27 % for half the width
    result = metrics.coverage_of_mass(metrics.central_mass(gaussian_pit(2, width=width)))
    # nine binomial numbers, 4σ
    sigma = np.sqrt(expected * (1 - expected) / 20_000)[:, None]
    assert np.all(np.abs(result.value - expected[:, None]) < 4 * sigma + 1e-4)
    samples, truth = toy(3, width=width)
    by_draws = metrics.coverage(samples, truth, levels=[0.6827], kind="central").value
    np.testing.assert_allclose(by_draws, expected[0], atol=4 * np.sqrt(0.25 / N))


def test_shortest_intervals_of_draws_fall_short_by_what_the_docstring_says():
    for n_draws, shortfall in ((1000, 0.008), (200, 0.024)):
        samples, truth = toy(4, n_draws=n_draws, n=12_000 if n_draws == 200 else 5000)
        found = metrics.coverage(samples, truth, levels=[0.6827]).value
        # mean of three correlated parameters: σ 0.005 at most
        assert abs(np.mean(found) - (0.6827 - shortfall)) < 0.013


def test_levels_that_the_draws_cannot_resolve_are_nan():
    samples, truth = toy(6, n_draws=100, n=50)
    for kind in ("hdi", "central"):
        result = metrics.coverage(samples, truth, [0.6827, 0.9973], kind=kind)
        assert np.all(np.isfinite(result.value[0]))
        assert np.all(np.isnan(result.value[1]))


def test_central_coverage_is_exact_with_few_draws():
    samples, truth = toy(7, n=40_000, n_draws=19)
    result = metrics.coverage(samples, truth, [0.5, 0.8], kind="central")
    # interpolated ranks of 19 draws: 0.5 and 0.8 fall on whole ranks, so coverage is exact; 4σ of six numbers
    np.testing.assert_allclose(result.value, [[0.5] * 3, [0.8] * 3], atol=4 * 0.0025)


def test_unknown_truth_and_unmeasured_galaxies_are_left_out():
    samples, truth = toy(8, n=100)
    full = metrics.coverage(samples[:60], truth[:60], [0.6827])
    truth[60:80] = np.nan
    samples[80:] = np.nan
    partly = metrics.coverage(samples, truth, [0.6827])
    np.testing.assert_array_equal(partly.value, full.value)
    np.testing.assert_array_equal(partly.error, full.error)


def test_coverage_of_mass_is_that_of_the_intervals():
    pit = gaussian_pit(9, n=2000)
    truth = ndtri(pit)
    bound = ndtri(0.5 + 0.5 * LEVELS)[:, None, None] * np.ones((1, 2000, P))
    inside = np.mean((truth >= -bound) & (truth <= bound), axis=1)
    np.testing.assert_array_equal(metrics.coverage_of_mass(metrics.central_mass(pit)).value, inside)


def test_joint_masses_are_the_chi_square_integral():
    samples, truth = toy(10, width=0.5)
    # squared distance is χ²₃ / 0.25
    levels = LEVELS[:2]  # 400 draws do not resolve the third
    expected = chi2.cdf(0.25 * chi2.ppf(levels, 3), 3)
    found = metrics.coverage_of_mass(metrics.ellipsoid_mass(samples, truth), levels).value
    np.testing.assert_allclose(found, expected, atol=0.025)  # 4σ of the count


def test_ellipsoid_mass_is_exactly_uniform_with_few_draws():
    samples, truth = toy(11, n=20_000, n_draws=15)
    assert kstest(metrics.ellipsoid_mass(samples, truth), "uniform").pvalue > 1e-3


def test_errors_name_the_shapes():
    with pytest.raises(ValueError, match=r"\(5, 3\).*\(galaxies, draws, parameters\)"):
        metrics.coverage(np.zeros((5, 3)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match="expected one of"):
        metrics.coverage(np.zeros((5, 10, 3)), np.zeros((5, 3)), kind="hpd")
