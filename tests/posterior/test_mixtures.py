"""Mixtures of Gaussians against SciPy and against draws."""

import numpy as np
import pytest
from scipy import optimize, stats
from toy_mixtures import mixture

from gampen_tf.posterior import mixtures
from gampen_tf.posterior.draws import draw


def test_quantiles_equal_a_root_of_the_cdf_found_by_scipy():
    mean, sd, weight = mixture(np.random.default_rng(0))
    levels = np.array([1e-6, 0.16, 0.5, 0.977, 1 - 1e-6])
    found = mixtures.mixture_quantile(np.tile(levels, (len(mean), 1)), mean, sd, weight)
    for i in range(len(mean)):
        for k, level in enumerate(levels):
            root = optimize.brentq(
                lambda x, i=i, p=level: np.sum(weight[i] * stats.norm.cdf(x, mean[i], sd[i])) - p, -40, 40, xtol=1e-13
            )
            assert found[i, k] == pytest.approx(root, abs=1e-7 if level in (1e-6, 1 - 1e-6) else 1e-10)


def test_quantiles_of_far_apart_spikes_and_wide_bells():
    rng = np.random.default_rng(1)
    mean, sd = 10 * rng.normal(size=(500, 8)), np.exp(3 * rng.normal(size=(500, 8)))
    weight = rng.dirichlet(np.full(8, 0.3), 500)
    for level in (0.0027, 0.5, 0.9):
        found = mixtures.mixture_quantile(level, mean, sd, weight)
        np.testing.assert_allclose(mixtures.mixture_cdf(found, mean, sd, weight), level, atol=1e-9)


def test_far_quantiles_keep_their_relative_accuracy():
    mean, sd, weight = mixture(np.random.default_rng(2))
    found = mixtures.mixture_quantile(1e-40, mean, sd, weight)
    np.testing.assert_allclose(mixtures.mixture_cdf(found, mean, sd, weight), 1e-40, rtol=1e-9)


def test_quantiles_of_nothing_everything_and_of_no_measurement():
    mean, sd, weight = mixture(np.random.default_rng(3), n=2)
    mean[1] = np.nan
    found = mixtures.mixture_quantile(np.tile([0.0, 0.5, 1.0], (2, 1)), mean, sd, weight)
    assert found[0, 0] == -np.inf
    assert found[0, 2] == np.inf
    assert np.isnan(found[1, 1])


def test_padding_of_weight_zero_changes_nothing():
    mean, sd, weight = mixture(np.random.default_rng(4))
    pad = ((0, 0), (0, 3))
    padded = np.pad(mean, pad, constant_values=50.0), np.pad(sd, pad, constant_values=1.0), np.pad(weight, pad)
    for function in (mixtures.mixture_moments, lambda *m: mixtures.mixture_quantile(0.3, *m)):
        np.testing.assert_allclose(function(*padded), function(mean, sd, weight), rtol=1e-12)


def test_covariances_add_up_to_that_of_the_draws():
    rng = np.random.default_rng(5)
    means, factors = rng.normal(size=(3, 5, 2)), np.tril(rng.normal(size=(3, 5, 2, 2)))
    weights = rng.dirichlet(np.ones(5), 3)
    total = sum(mixtures.covariances(means, factors, weights))
    draws = draw(means, factors, weights, 200_000, seed=0)
    for i in range(3):
        # the standard error of a variance is sqrt(2 / D), 0.3 %; the draws are stratified, so better than that
        np.testing.assert_allclose(np.cov(draws[i].T), total[i], atol=0.01 * np.trace(total[i]))


def test_monte_carlo_error_is_the_scatter_over_sets_of_passes():
    """Passes drawn anew 4000 times from one population: the estimate is right to some 10 %, the scatter to 1."""
    rng = np.random.default_rng(6)
    n, passes = 4000, 24
    means = 0.4 * rng.normal(size=(n, passes, 1))
    factors = np.full((n, passes, 1, 1), 0.8) * np.exp(0.1 * rng.normal(size=(n, passes, 1, 1)))
    weights = np.full((n, passes), 1 / passes)
    estimate = np.sqrt(np.mean(mixtures.monte_carlo_error(means, factors) ** 2))
    mean, sd = mixtures.marginal(means, factors, 0)
    low, high = (mixtures.mixture_quantile(p, mean, sd, weights) for p in (0.15865, 0.84135))
    half_width = np.mean(high - low) / 2
    scatter = np.array([np.std(x) for x in (mean.mean(axis=1), low, high)]) / half_width
    # the worst of three estimates is a little above the worst of three expectations
    assert 0.95 * scatter.max() < estimate < 1.2 * scatter.max()


def test_monte_carlo_error_of_one_pass_is_not_known():
    error = mixtures.monte_carlo_error(np.zeros((2, 1, 1)) + [[[0]], [[np.nan]]], np.ones((2, 1, 1, 1)))
    assert np.isinf(error[0, 0])
    assert np.isnan(error[1, 0])
