"""Coverage, ranks and TARP on toy posteriors whose diagnostics are known.

The toy: m ~ N(0, 1) in each parameter is what was seen, and the truth is m + s C^{1/2} z. The true posterior is
N(m, s² C). Each fault below changes the posterior that is claimed. Statistical tests run on fixed seeds; a right
implementation fails one of them with a new seed at the rate stated beside it.
"""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import chi2, kstest

from gampen_tf import metrics

N, D, P = 6000, 400, 3
LEVELS = np.array(metrics.SIGMA_LEVELS)
CORRELATION = np.array([[1.0, 0.8, 0.0], [0.8, 1.0, 0.0], [0.0, 0.0, 1.0]])


def toy(seed, *, width=1.0, bias=0.0, claimed=CORRELATION, n=N, n_draws=D):
    rng = np.random.default_rng(seed)
    observed = rng.normal(size=(n, P))
    truth = observed + 0.1 * rng.normal(size=(n, P)) @ np.linalg.cholesky(CORRELATION).T
    noise = rng.normal(size=(n, n_draws, P)) @ np.linalg.cholesky(claimed).T
    return observed[:, None] + 0.1 * (bias + width * noise), truth


def gaussian_pit(seed, *, width=1.0, bias=0.0, n=20_000):
    """PITs in closed form: N(0, 1) truths under N(bias, width²)."""
    return ndtr((np.random.default_rng(seed).normal(size=(n, P)) - bias) / width)


# -- coverage ---------------------------------------------------------------------------------------------------------


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


def test_shortest_interval_is_shorter_than_any_other_with_as_many_draws():
    rng = np.random.default_rng(5)
    samples = rng.exponential(size=(50, 300, 1))
    lower, upper = metrics.highest_density_intervals(samples, [0.8])
    step = int(np.ceil(0.8 * 301))
    for i in range(50):
        ordered = np.sort(samples[i, :, 0])
        widths = [ordered[j + step] - ordered[j] for j in range(300 - step)]
        assert upper[i, 0, 0] - lower[i, 0, 0] == pytest.approx(min(widths), abs=1e-15)
    assert np.mean(lower) < 0.03  # the density of an exponential is highest at zero


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


def test_coverage_of_intervals_and_of_mass_agree():
    pit = gaussian_pit(9, n=2000)
    truth = ndtri(pit)
    bound = ndtri(0.5 + 0.5 * LEVELS)[:, None, None] * np.ones((1, 2000, P))
    by_interval = metrics.coverage_of_intervals(-bound, bound, truth)
    np.testing.assert_array_equal(by_interval.value, metrics.coverage_of_mass(metrics.central_mass(pit)).value)


def test_joint_masses_are_the_chi_square_integral():
    samples, truth = toy(10, width=0.5)
    # squared distance is χ²₃ / 0.25
    levels = LEVELS[:2]  # 400 draws do not resolve the third
    expected = chi2.cdf(0.25 * chi2.ppf(levels, 3), 3)
    found = metrics.coverage_of_mass(metrics.ellipsoid_mass(samples, truth), levels).value
    np.testing.assert_allclose(found, expected, atol=0.025)  # 4σ of the count
    inverse = np.linalg.inv(0.05**2 * CORRELATION)
    centre = np.mean(samples, axis=1)
    density = -0.5 * np.einsum("ndp,pq,ndq->nd", samples - centre[:, None], inverse, samples - centre[:, None])
    of_truth = -0.5 * np.einsum("np,pq,nq->n", truth - centre, inverse, truth - centre)
    by_density = metrics.coverage_of_mass(metrics.density_mass(density, of_truth), levels).value
    np.testing.assert_allclose(by_density, expected, atol=0.025)


def test_ellipsoid_mass_is_exactly_uniform_with_few_draws():
    samples, truth = toy(11, n=20_000, n_draws=15)
    assert kstest(metrics.ellipsoid_mass(samples, truth), "uniform").pvalue > 1e-3


def test_circular_posterior_across_the_wrap():
    rng = np.random.default_rng(12)
    centre = rng.uniform(0, 180, 4000)
    truth = np.mod(centre + 5 * rng.normal(size=4000), 180)
    samples = np.mod(centre[:, None] + 5 * rng.normal(size=(4000, 300)), 180)
    draws, value = metrics.recentre_circular(samples, truth)
    assert kstest(metrics.pit(draws[..., None], value[:, None])[:, 0], "uniform").pvalue > 1e-3
    lower, upper = metrics.central_intervals(draws[..., None], [0.6827])
    np.testing.assert_allclose(metrics.sharpness(lower, upper), 10, rtol=0.3)
    # without it, an interval of a posterior that straddles the wrap goes the long way round
    lower, upper = metrics.central_intervals(samples[..., None], [0.6827])
    assert np.max(metrics.sharpness(lower, upper)) > 150


# -- ranks ------------------------------------------------------------------------------------------------------------


def test_pit_of_atoms_is_uniform():
    """B/T of exactly 0, with posteriors that put part of their probability there."""
    rng = np.random.default_rng(13)
    n, n_draws = 20_000, 50
    atom = rng.uniform(size=n)
    truth = np.where(rng.uniform(size=n) < atom, 0.0, rng.uniform(size=n))[:, None]
    samples = np.where(rng.uniform(size=(n, n_draws)) < atom[:, None], 0.0, rng.uniform(size=(n, n_draws)))[..., None]
    assert kstest(metrics.pit(samples, truth, seed=1)[:, 0], "uniform").pvalue > 1e-3
    below = np.where(truth[:, 0] == 0, 0.0, atom + (1 - atom) * truth[:, 0])
    up_to = atom + (1 - atom) * truth[:, 0]
    pit = metrics.pit_from_cdf(below[:, None], up_to[:, None], seed=1)
    assert kstest(pit[:, 0], "uniform").pvalue > 1e-3


def test_pit_is_the_rank_where_nothing_is_random():
    samples = np.arange(9.0).reshape(1, 9, 1)
    pit = metrics.pit(samples, np.array([[3.5]]))
    assert 0.4 <= pit[0, 0] < 0.5
    assert metrics.pit(samples, np.array([[-1.0]]))[0, 0] < 0.1
    assert np.isnan(metrics.pit(samples, np.array([[np.nan]]))[0, 0])


def test_random_part_depends_on_the_seed_and_the_galaxy_alone():
    samples, truth = np.zeros((50, 20, P)), np.zeros((50, P))
    whole = metrics.pit(samples, truth, seed=4)
    part = metrics.pit(samples[17:31], truth[17:31], seed=4, first_row=17)
    np.testing.assert_array_equal(whole[17:31], part)
    assert len(np.unique(whole)) == whole.size
    assert not np.any(whole == metrics.pit(samples, truth, seed=5))


@pytest.mark.parametrize("n", [50, 2000])
def test_band_holds_the_whole_curve_as_often_as_it_says(n):
    rng = np.random.default_rng(14)
    tests = [metrics.uniformity(rng.uniform(size=n), confidence=0.9) for _ in range(400)]
    inside = np.mean([test.inside for test in tests])
    assert abs(inside - 0.9) < 4 * np.sqrt(0.09 / 400)
    assert kstest([test.p_value for test in tests], "uniform").pvalue > 1e-3


def test_histogram_band_holds_all_bars_as_often_as_it_says():
    rng = np.random.default_rng(15)
    inside = []
    for _ in range(400):
        _, counts, (lower, upper) = metrics.rank_histogram(rng.uniform(size=3000), confidence=0.9)
        assert np.sum(counts) == 3000
        inside.append(np.all((counts >= lower) & (counts <= upper)))
    assert abs(np.mean(inside) - 0.9) < 4 * np.sqrt(0.09 / 400)


# -- each diagnostic sees what it should, and nothing else ------------------------------------------------------------

UNCORRELATED = np.eye(P)
FLIPPED = CORRELATION * np.array([[1, -1, 1], [-1, 1, 1], [1, 1, 1]])


@pytest.mark.parametrize(
    ("fault", "marginal", "joint"),
    [
        ({}, False, False),
        ({"width": 0.8}, True, True),
        ({"width": 1.25}, True, True),
        ({"bias": 0.3}, True, True),
        ({"claimed": UNCORRELATED}, False, True),
        ({"claimed": FLIPPED}, False, True),
    ],
)
def test_what_each_diagnostic_sees(fault, marginal, joint):
    samples, truth = toy(16, n_draws=200, **fault)
    pits = metrics.pit(samples, truth)
    # a false alarm in one of these has a probability of 1e-3 each; 0.3 % of seeds have one
    seen = [metrics.uniformity(pits[:, p]).p_value < 1e-3 for p in range(P)]
    assert all(seen) if marginal else not any(seen)
    assert (metrics.uniformity(metrics.ellipsoid_mass(samples, truth)).p_value < 1e-3) == joint
    result = metrics.tarp(samples, truth, seed=1)
    assert (result.test.p_value < 1e-3) == joint


def test_bias_shifts_ranks_and_width_bends_them():
    biased = metrics.uniformity(gaussian_pit(17, bias=0.3)[:, 0])
    assert np.all(biased.ecdf[10:-10] > biased.upper[10:-10])  # posterior too high: truths rank low
    narrow = metrics.uniformity(gaussian_pit(18, width=0.7)[:, 0])
    assert narrow.ecdf[9] > narrow.upper[9]
    assert narrow.ecdf[-10] < narrow.lower[-10]
    np.testing.assert_allclose(narrow.ecdf[49], 0.5, atol=4 * 0.5 / np.sqrt(20_000))


def test_tarp_with_uniform_references_as_in_the_paper():
    """Where posteriors are as wide as the range of the truth, the paper's own reference points see a wrong width."""
    rng = np.random.default_rng(19)
    n = 5000
    prior = rng.normal(size=(n, 2))
    observed = prior + rng.normal(size=(n, 2))
    # the posterior of N(0, 1) prior and N(0, 1) noise is N(x / 2, 1 / 2)
    noise = rng.normal(size=(n, 200, 2)) * np.sqrt(0.5)
    good = metrics.tarp(0.5 * observed[:, None] + noise, prior, references="uniform", seed=3)
    assert good.test.p_value > 1e-3
    assert np.mean((good.levels >= good.lower) & (good.levels <= good.upper)) > 0.8
    narrow = metrics.tarp(0.5 * observed[:, None] + 0.6 * noise, prior, references="uniform", seed=3)
    assert narrow.test.p_value < 1e-3
    assert narrow.largest_deviation > 2 * good.largest_deviation


def test_tarp_bootstrap_band_is_the_binomial_scatter():
    samples, truth = toy(20, n_draws=100)
    result = metrics.tarp(samples, truth)
    width = 0.5 * (result.upper - result.lower)
    np.testing.assert_allclose(width[20:80], 1.96 * np.sqrt(result.levels * (1 - result.levels) / N)[20:80], rtol=0.15)


def test_errors_name_the_shapes():
    with pytest.raises(ValueError, match=r"\(5, 3\).*\(galaxies, draws, parameters\)"):
        metrics.coverage(np.zeros((5, 3)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match="expected one of"):
        metrics.coverage(np.zeros((5, 10, 3)), np.zeros((5, 3)), kind="hpd")
    with pytest.raises(ValueError, match="all are NaN"):
        metrics.uniformity(np.full(4, np.nan))
