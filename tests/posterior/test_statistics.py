"""Statistics of posteriors in physical units, one parameter at a time, against their own draws."""

import numpy as np
import pytest
from toy_posteriors import PLAIN, SCALER, components, measured

from gampen_tf.posterior import Posterior


def test_summaries_are_those_of_many_draws(posterior):
    """100 000 stratified draws: errors below those of random draws, sqrt(1 / D) = 0.003 of the width."""
    draws = posterior.sample(100_000)
    mean, sd = draws.mean(axis=1), draws.std(axis=1)
    exact = posterior.probability_map is None
    np.testing.assert_allclose(measured((posterior.mean() - mean) / sd), 0, atol=1e-3 if exact else 5e-3)
    np.testing.assert_allclose(measured(posterior.std() / sd), 1, atol=0.01 if exact else 0.05)
    for level in (0.16, 0.5, 0.9973):
        below = np.mean(draws <= posterior.quantile(level)[:, None], axis=1)
        np.testing.assert_allclose(measured(below), level, atol=0.003)
    for level in (0.6827, 0.9545):
        for kind in ("hdi", "central"):
            low, high = np.moveaxis(posterior.interval(level, kind), -1, 0)
            inside = np.mean((draws >= low[:, None]) & (draws <= high[:, None]), axis=1)
            np.testing.assert_allclose(measured(inside), level, atol=0.005)
    below = np.mean(draws <= mean[:, None], axis=1)
    np.testing.assert_allclose(measured(posterior.cdf(mean)), measured(below), atol=0.003)


def test_densities_are_slopes_of_distribution_functions(posterior):
    x = posterior.quantile([0.2, 0.5, 0.8]).swapaxes(1, 2)
    step = 1e-4 * posterior.std()[:, None]
    slope = (posterior.cdf(x + step) - posterior.cdf(x - step)) / (2 * step)
    np.testing.assert_allclose(measured(posterior.pdf(x) / slope), 1, atol=1e-2 if posterior.probability_map else 1e-5)


def test_modes_lie_at_the_top_and_in_the_shortest_intervals(posterior):
    grid = np.moveaxis(posterior.quantile(np.linspace(0.01, 0.99, 999)), -1, 1)
    top = posterior.pdf(grid).max(axis=1)
    at_mode = posterior.pdf(posterior.mode()[:, None])[:, 0]
    assert np.all(measured(at_mode / top) > (0.999 if posterior.probability_map is None else 0.99))
    interval = posterior.interval(0.3)
    assert np.all(measured((posterior.mode() >= interval[..., 0]) & (posterior.mode() <= interval[..., 1])))


def test_an_atom_with_the_majority_is_the_mode():
    # a peak a hundredth of a cell wide at the clip: higher than the atom as a density, and with less probability
    edge = SCALER.clip_labels[0, 0]
    means = np.array([[edge - 0.0004, 0.0, 0.0], [edge + 0.0004, 0.0, 0.0]])[:, None]
    posterior = Posterior(means, np.broadcast_to(np.diag([0.001, 0.1, 0.1]), (2, 1, 3, 3)), SCALER)
    assert posterior.mode()[0, 0] == 0
    assert posterior.mode()[1, 0] == pytest.approx(0.01, rel=0.01)
    np.testing.assert_array_equal(posterior.interval(0.5)[0, 0], 0)


def test_shortest_intervals_are_no_longer_than_any_central_one(posterior):
    shortest, central = (np.diff(measured(posterior.interval(0.6827, kind))) for kind in ("hdi", "central"))
    assert np.all(shortest <= central * (1 + 1e-9))


def test_draws_depend_on_the_seed_and_nothing_else(posterior):
    np.testing.assert_array_equal(posterior.sample(64, seed=9), posterior.sample(64, seed=9))
    assert np.all(measured(posterior.sample(64, seed=9) != posterior.sample(64, seed=10)).mean(axis=1) > 0.5)
    assert posterior.samples is posterior.samples
    assert posterior.samples.shape == (12, 512, 3)


@pytest.mark.parametrize("n_mc", [0, -1, 2.5])
def test_numbers_of_draws_are_whole_and_positive(rng, n_mc):
    with pytest.raises(ValueError, match="expected a number of draws"):
        Posterior(*components(rng, n=1), PLAIN, n_mc=n_mc)


def test_values_and_options_that_do_not_fit_are_refused(plain):
    with pytest.raises(ValueError, match="expected values of shape"):
        plain.cdf(np.zeros((5, 3)))
    with pytest.raises(ValueError, match="between 0 and 1"):
        plain.interval(68.27)
    with pytest.raises(ValueError, match="'hdi' or 'central'"):
        plain.interval(0.5, kind="shortest")
    with pytest.raises(ValueError, match="'total', 'aleatoric'"):
        plain.covariance("both")
