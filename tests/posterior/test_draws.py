"""Draws from mixtures."""

import numpy as np
from scipy import stats
from toy_mixtures import mixture

from gampen_tf.posterior import mixtures
from gampen_tf.posterior.draws import base_noise, draw


def test_draws_are_stratified_and_follow_the_mixture():
    rng = np.random.default_rng(7)
    means, factors = 20.0 * np.arange(8.0)[None, :, None] + np.zeros((1, 8, 1)), np.ones((1, 8, 1, 1))
    draws = draw(means, factors, np.full((1, 8), 1 / 8), 1000, seed=3)[0, :, 0]
    np.testing.assert_array_equal(np.bincount(np.round(draws / 20).astype(int)), np.full(8, 125))
    mean, sd, weight = mixture(rng, n=1)
    draws = draw(mean[..., None], sd[..., None, None], weight, 4096, seed=3)[0, :, 0]
    # evenly spread: much closer to the distribution function than the 0.02 of random numbers
    assert stats.kstest(draws, lambda x: mixtures.mixture_cdf(x[None], mean, sd, weight)[0]).statistic < 0.012


def test_base_noise_is_normal_over_seeds_and_uncorrelated():
    first = np.array([base_noise(7, 2, seed)[1][3] for seed in range(2000)])
    assert stats.kstest(first[:, 0], "norm").pvalue > 1e-3
    uniform, normal = base_noise(1000, 3, seed=0)
    assert np.abs(np.corrcoef(np.c_[uniform, normal].T) - np.eye(4)).max() < 0.02
    assert np.abs(normal.mean(axis=0)).max() < 1e-3


def test_negative_seeds_are_seeds(rng):
    one, other, wrapped = (base_noise(64, 2, seed)[1] for seed in (-1, -2, 2**64 - 1))
    assert np.all(one != other)
    np.testing.assert_array_equal(one, wrapped)
