"""Mixtures of Gaussians and their transforms, against closed forms, SciPy and brute force."""

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from gampen_tf.core import Parameter
from gampen_tf.posterior import mixtures
from gampen_tf.posterior.draws import base_noise, draw
from gampen_tf.posterior.marginal import Marginal

RADIUS = Parameter("effective_radius", "arcsec", (0, np.inf), "log")
RATIO = Parameter("bulge_to_total", "", (0, 1), "logit", clip=0.01)
INDEX = Parameter("sersic_index")


def mixture(rng, n=40, n_components=6, scatter=0.5):
    mean = rng.normal(size=(n, 1)) + scatter * rng.normal(size=(n, n_components))
    sd = np.exp(rng.normal(-0.7, 0.5, (n, n_components)))
    return mean, sd, rng.dirichlet(np.full(n_components, 2.0), n)


def single(parameter, mean, sd, shift=0.0, scale=1.0):
    return Marginal(parameter, shift, scale, np.array([[mean]]), np.array([[sd]]), np.ones((1, 1)))


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


def test_one_log_normal_is_that_of_the_textbook():
    mu, sigma = 0.3, 0.45
    radius = single(RADIUS, (mu - 0.1) / 2, sigma / 2, shift=0.1, scale=2.0)
    book = stats.lognorm(sigma, scale=np.exp(mu))
    mean, sd = radius.moments()
    assert mean[0] == pytest.approx(book.mean(), rel=1e-12)
    assert sd[0] == pytest.approx(book.std(), rel=1e-10)
    assert radius.mode()[0] == pytest.approx(np.exp(mu - sigma**2), rel=1e-8)
    x = np.array([[0.5, 1.0, 3.0]])
    np.testing.assert_allclose(radius.pdf(x), book.pdf(x), rtol=1e-12)
    np.testing.assert_allclose(radius.cdf(x), book.cdf(x), rtol=1e-12)
    np.testing.assert_allclose(radius.quantile(np.array([[0.1, 0.9]])), [book.ppf([0.1, 0.9])], rtol=1e-12)
    assert radius.cdf(np.array([-1.0]))[0] == radius.pdf(np.array([0.0]))[0] == 0


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


@pytest.mark.parametrize(("mu", "sigma"), [(0.0, 0.7), (-3.5, 1.0), (6.0, 1.5), (1.0, 4.0)])
def test_logit_normal_with_atoms_has_the_moments_of_its_integrals(mu, sigma):
    ratio = single(RATIO, mu / 2, sigma / 2, scale=2.0)
    edge = np.log(99)
    normal = stats.norm(mu, sigma)
    expit = lambda y: 1 / (1 + np.exp(-y))  # noqa: E731

    def expected(function):
        span = np.clip(mu + np.array([-9, 9]) * sigma, -edge, edge)
        inside = integrate.quad(lambda y: function(expit(y)) * normal.pdf(y), *span, epsabs=1e-13, limit=500)[0]
        return inside + function(0.0) * normal.cdf(-edge) + function(1.0) * normal.sf(edge)

    mean, sd = ratio.moments()
    assert mean[0] == pytest.approx(expected(lambda x: x), abs=1e-6)
    assert sd[0] == pytest.approx(np.sqrt(expected(lambda x: (x - mean[0]) ** 2)), abs=1e-6)
    np.testing.assert_allclose(ratio.atoms()[0], [normal.cdf(-edge), normal.sf(edge)], rtol=1e-12)
    # the density integrates to one, cells and all
    x = np.linspace(0, 1, 200_001)
    assert integrate.trapezoid(ratio.pdf(x[None])[0], x) == pytest.approx(1, abs=1e-3)


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


def test_rows_do_not_depend_on_each_other():
    marginal = Marginal(RATIO, 0.0, 2.5, *mixture(np.random.default_rng(10), n=400))
    for row in (0, 255, 399):
        alone = marginal.rows(slice(row, row + 1))
        assert alone.mode()[0] == pytest.approx(marginal.mode()[row], rel=1e-10)
        np.testing.assert_allclose(
            alone.shortest_intervals([0.6827])[0], marginal.shortest_intervals([0.6827])[row], rtol=1e-10
        )
        np.testing.assert_allclose(alone.moments(), np.array(marginal.moments())[:, [row]], rtol=1e-12)
