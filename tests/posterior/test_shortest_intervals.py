"""Shortest intervals and modes against closed forms and brute force."""

import numpy as np
import pytest
from scipy import optimize, stats
from toy_mixtures import INDEX, RADIUS, RATIO, mixture, single

from gampen_tf.posterior.marginal import Marginal


def test_shortest_interval_of_a_log_normal_has_equal_densities_and_the_least_width():
    radius = single(RADIUS, 0.3, 0.6)
    book = stats.lognorm(0.6, scale=np.exp(0.3))
    levels = [0.5, 0.6827, 0.9973]
    for level, (low, high) in zip(levels, radius.shortest_intervals(levels)[0], strict=True):
        assert book.cdf(high) - book.cdf(low) == pytest.approx(level, abs=1e-12)
        assert book.pdf(low) == pytest.approx(book.pdf(high), rel=1e-6)
        best = optimize.minimize_scalar(
            lambda p, level=level: book.ppf(p + level) - book.ppf(p),
            bounds=(1e-9, 1 - level - 1e-9),
            method="bounded",
            options={"xatol": 1e-12},
        )
        assert high - low == pytest.approx(best.fun, rel=1e-7)


def test_an_atom_that_holds_most_is_the_mode_and_within_the_interval():
    edge = np.log(99)
    sigma = 1.0
    ratio = single(RATIO, -edge - sigma * stats.norm.ppf(0.6), sigma)  # 60 % at or below the clip
    assert ratio.atoms()[0, 0] == pytest.approx(0.6)
    assert ratio.mode()[0] == 0
    low, high = ratio.shortest_intervals([0.6827])[0, 0]
    assert low == 0
    assert ratio.cdf(np.array([high]))[0] == pytest.approx(0.6827, abs=1e-12)
    np.testing.assert_array_equal(ratio.shortest_intervals([0.5])[0, 0], [0, 0])
    assert ratio.quantile(np.array([[0.59, 0.61]]))[0, 0] == 0
    assert ratio.quantile(np.array([[0.59, 0.61]]))[0, 1] > 0.01
    assert ratio.cdf(np.array([0.0]))[0] == pytest.approx(0.6)
    assert ratio.cdf(np.array([0.0]), strict=True)[0] == 0


def test_a_logit_parameter_is_symmetric_under_exchange_of_its_ends():
    mean, sd, weight = mixture(np.random.default_rng(8), n=200)
    one, other = (Marginal(RATIO, 0.0, 2.5, sign * mean, sd, weight) for sign in (1, -1))
    np.testing.assert_allclose(one.mode(), 1 - other.mode(), atol=1e-8)
    levels = [0.3, 0.6827, 0.9545]
    np.testing.assert_allclose(
        one.shortest_intervals(levels), 1 - other.shortest_intervals(levels)[..., ::-1], atol=1e-6
    )


@pytest.mark.parametrize("scatter", [0.1, 1.0], ids=["one peak", "several peaks"])
@pytest.mark.parametrize("parameter", [INDEX, RADIUS, RATIO], ids=lambda p: p.transform)
def test_intervals_and_modes_equal_brute_force(parameter, scatter):
    rng = np.random.default_rng(9)
    n = 24
    marginal = Marginal(parameter, 0.3, 2.0, *mixture(rng, n=n, scatter=scatter))
    levels = [0.3, 0.6827, 0.9545]
    intervals, modes = marginal.shortest_intervals(levels), marginal.mode()
    for k, level in enumerate(levels):
        p = np.tile(np.linspace(0, 1 - level, 2001), (n, 1))
        if not marginal.cell:
            p = p[:, 1:-1]
        width = marginal.quantile(p + level) - marginal.quantile(p)
        # brute force is on a grid of probabilities: it can be wider, never shorter, but for rounding
        assert np.all(intervals[:, k, 1] - intervals[:, k, 0] <= 1.001 * width.min(axis=1) + 1e-12)
        mass = marginal.cdf(intervals[:, k, 1]) - marginal.cdf(intervals[:, k, 0], strict=True)
        assert np.all(mass > level - 1e-9)
    grid = marginal.value(np.tile(np.linspace(-5, 5, 20_001), (n, 1)))
    if marginal.cell:
        grid = np.tile(np.linspace(0, 1, 20_001), (n, 1))
    assert np.all(marginal.pdf(modes) > marginal.pdf(grid).max(axis=1) * (1 - 1e-3))
