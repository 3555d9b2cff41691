"""PITs and their tests of uniformity.

Statistical tests run on fixed seeds; a right implementation fails one of them with a new seed at the rate stated
beside it.
"""

import numpy as np
import pytest
from scipy.stats import kstest
from toy_draws import P, gaussian_pit

from gampen_tf import metrics


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


def test_bias_shifts_ranks_and_width_bends_them():
    biased = metrics.uniformity(gaussian_pit(17, bias=0.3)[:, 0])
    assert np.all(biased.ecdf[10:-10] > biased.upper[10:-10])  # posterior too high: truths rank low
    narrow = metrics.uniformity(gaussian_pit(18, width=0.7)[:, 0])
    assert narrow.ecdf[9] > narrow.upper[9]
    assert narrow.ecdf[-10] < narrow.lower[-10]
    np.testing.assert_allclose(narrow.ecdf[49], 0.5, atol=4 * 0.5 / np.sqrt(20_000))


def test_uniformity_of_nothing_is_refused():
    with pytest.raises(ValueError, match="all are NaN"):
        metrics.uniformity(np.full(4, np.nan))
