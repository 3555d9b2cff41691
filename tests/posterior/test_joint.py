"""Joint densities, credible regions and covariances of posteriors."""

import numpy as np
import pytest
from scipy import integrate, stats
from toy_posteriors import PLAIN, SCALER, components, measured

from gampen_tf.core import LabelScaler, Parameter, ParameterSet
from gampen_tf.posterior import Posterior, QuantileMap


def test_covariance_in_physical_units_is_that_of_the_draws(rng):
    means, factors = components(rng, n=4)
    factors[..., 1, 0] = factors[..., 2, 1] = 0.2  # correlated
    means[:, :, 0] -= 1.5  # a good part in the atom at 0
    posterior = Posterior(means, factors, SCALER)
    draws = posterior.sample(400_000)
    total = posterior.covariance()
    for i in range(4):
        scale = np.sqrt(np.outer(*[np.diag(total[i])] * 2))
        np.testing.assert_allclose((np.cov(draws[i].T) - total[i]) / scale, 0, atol=0.01)
    for space in ("physical", "label"):
        parts = [posterior.covariance(kind, space=space) for kind in ("aleatoric", "epistemic")]
        np.testing.assert_allclose(sum(parts), posterior.covariance(space=space), rtol=1e-12)
    # all passes alike: the network has no doubt
    alike = Posterior(means[:, :1].repeat(6, axis=1), factors[:, :1].repeat(6, axis=1), SCALER)
    np.testing.assert_allclose(alike.covariance("epistemic"), 0, atol=1e-12 * alike.covariance().max())


def test_log_prob_is_a_density(posterior):
    """Importance sampling over all of parameter space, cells of the atoms included; 30 000 points, error some 3 %."""
    rng = np.random.default_rng(1)
    n, k = len(posterior), 30_000
    # uniform in B/T; log-normals wider than the posteriors
    radius, flux = stats.lognorm(1.0, scale=np.exp(0.5)), stats.lognorm(1.2, scale=np.exp(11.0))
    values = np.stack(
        [rng.uniform(size=(n, k)), radius.rvs((n, k), random_state=rng), flux.rvs((n, k), random_state=rng)], axis=-1
    )
    proposal = radius.logpdf(values[..., 1]) + flux.logpdf(values[..., 2])
    integral = np.mean(np.exp(posterior.log_prob(values) - proposal), axis=1)
    np.testing.assert_allclose(measured(integral), 1, atol=0.12)
    assert np.mean(measured(integral)) == pytest.approx(1, abs=0.04)


def test_log_prob_of_one_gaussian_is_scipys(rng):
    means, factors = components(rng, n=3, n_components=1)
    posterior = Posterior(means, factors, PLAIN)
    values = posterior.sample(5)
    for i in range(3):
        covariance = np.outer(PLAIN.scale, PLAIN.scale) * (factors[i, 0] @ factors[i, 0].T)
        book = stats.multivariate_normal(PLAIN.mean + PLAIN.scale * means[i, 0], covariance)
        np.testing.assert_allclose(posterior.log_prob(values)[i], book.logpdf(values[i]), rtol=1e-10)


def test_log_prob_outside_the_bounds_is_none(posterior):
    values = posterior.median()
    for column, value in ((0, -0.1), (0, 1.1), (1, 0.0), (2, -3.0)):
        outside = values.copy()
        outside[:, column] = value
        assert np.all(np.isneginf(measured(posterior.log_prob(outside))))


def test_two_parameters_at_their_bounds_have_the_orthant_probability():
    ratio = dict(bounds=(0, 1), transform="logit", clip=0.01)
    parameters = ParameterSet([Parameter("a", **ratio), Parameter("b", **ratio), Parameter("c")])
    scaler = LabelScaler(parameters, [0] * 3, [2.0] * 3)
    factor = np.array([[1.0, 0, 0], [0.6, 0.8, 0], [0.3, -0.2, 0.9]])
    mean = np.array([-2.0, 2.5, 0.1])
    posterior = Posterior(mean[None, None], factor[None, None], scaler)
    edge, covariance = np.log(99) / 2, factor @ factor.T
    c = 0.4  # in labels

    def beyond(a, b):
        return stats.multivariate_normal(mean, covariance).pdf([a, b, c])

    expected = integrate.dblquad(lambda b, a: beyond(a, b), -9, -edge, edge, 9)[0] / (0.01 * 0.01 * 2.0)
    found = np.exp(posterior.log_prob([[0.0, 1.0, 2.0 * c]])[0])
    assert found == pytest.approx(expected, rel=0.02)


def test_credible_mass_of_one_gaussian_is_chi_squared(rng):
    means, factors = components(rng, n=50, n_components=1)
    posterior = Posterior(means, factors, PLAIN)
    z = rng.normal(size=(50, 3))
    truth = PLAIN.inverse(means[:, 0] + np.einsum("nij,nj->ni", factors[:, 0], z))
    expected = stats.chi2(3).cdf(np.sum(z**2, axis=1))
    np.testing.assert_allclose(posterior.credible_mass(truth), expected, rtol=1e-10)
    # and by its draws, when it does not know that it is one Gaussian
    twice = Posterior(means.repeat(2, axis=1), factors.repeat(2, axis=1), PLAIN, n_mc=4096)
    np.testing.assert_allclose(twice.credible_mass(truth), expected, atol=4 * 0.5 / 64)


@pytest.mark.parametrize("recalibrated", [False, True])
def test_credible_mass_and_pit_of_calibrated_posteriors_are_uniform(rng, recalibrated):
    """Truths drawn from the posteriors themselves; each KS test fails one time in a thousand."""
    n = 1000
    means, factors = components(rng, n=n, spread=1.0)
    calibration = QuantileMap.of_pits(rng.beta(1.3, 1.1, (2000, 3))) if recalibrated else None
    posterior = Posterior(means, factors, SCALER, probability_map=calibration, n_mc=1000)
    # one draw each, another one of the sequence for every galaxy
    truth = posterior.sample(n, seed=1)[np.arange(n), np.arange(n)]
    assert 0.02 < np.mean((truth[:, 0] == 0) | (truth[:, 0] == 1)) < 0.4
    assert stats.kstest(posterior.credible_mass(truth), "uniform").pvalue > 1e-3
    for column in posterior.pit(truth, seed=1).T:
        assert stats.kstest(column, "uniform").pvalue > 1e-3
    held = posterior.contains(truth, 0.6827).mean(axis=0)
    # atoms hold more than the level; 4.5 standard errors of a binomial
    assert np.all(np.abs(held[1:] - 0.6827) < 4.5 * np.sqrt(0.6827 * 0.3173 / n))
    assert held[0] > 0.6827 - 4.5 * np.sqrt(0.6827 * 0.3173 / n)
