"""Posteriors under another prior."""

import numpy as np
import pytest
from scipy import integrate, stats
from toy_posteriors import PLAIN

from gampen_tf.posterior import Posterior


def test_reweighting_gives_the_product_of_gaussians(rng):
    """A flat training prior and a Gaussian new one: the mean and width of the product are known."""
    means, factors = np.zeros((2, 1, 3)), np.tile(np.eye(3), (2, 1, 1, 1))
    posterior = Posterior(means, factors, PLAIN)
    centre, width = 2.0, 1.5  # of x, which is N(1, 1)
    prior = stats.norm(centre, width)
    new = posterior.reweight(lambda v: prior.logpdf(v[:, 0]), lambda v: np.zeros(len(v)), n_mc=20_000)
    variance = 1 / (1 + 1 / width**2)
    mean = variance * (1 + centre / width**2)
    np.testing.assert_allclose(new.mean(), np.tile([mean, 2, 3], (2, 1)), atol=0.02)
    np.testing.assert_allclose(new.std()[:, 0], np.sqrt(variance), rtol=0.01)
    np.testing.assert_allclose(new.interval(0.6827)[0, 0], mean + np.array([-1, 1]) * np.sqrt(variance), atol=0.03)
    np.testing.assert_allclose(new.resampled(5000).std(axis=1)[:, 0], np.sqrt(variance), rtol=0.03)
    # E[w]² / E[w²] of the ratio of these Gaussians
    expected = integrate.quad(lambda x: stats.norm(1).pdf(x) * stats.norm(centre, width).pdf(x), -9, 9)[0] ** 2
    expected /= integrate.quad(lambda x: stats.norm(1).pdf(x) * stats.norm(centre, width).pdf(x) ** 2, -9, 9)[0]
    np.testing.assert_allclose(new.effective_sample_size, expected * 20_000, rtol=0.02)


def test_reweighting_to_where_no_draws_are_warns(plain):
    with pytest.warns(UserWarning, match="12 of 12 galaxies keep fewer than 50"):
        new = plain.reweight(lambda v: -0.5 * ((v[:, 0] - 30) / 0.1) ** 2, lambda v: np.zeros(len(v)))
    assert np.all(new.effective_sample_size < 2)
    with pytest.raises(ValueError, match="training prior that excludes no draw"):
        plain.reweight(lambda v: np.zeros(len(v)), lambda v: np.full(len(v), -np.inf))
    with pytest.raises(ValueError, match="new_log_prior gave shape"):
        plain.reweight(lambda v: np.zeros(3), lambda v: np.zeros(len(v)))
