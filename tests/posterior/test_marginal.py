"""Marginals in physical units against closed forms and integrals."""

import numpy as np
import pytest
from scipy import integrate, stats
from toy_mixtures import RADIUS, RATIO, mixture, single

from gampen_tf.core import Parameter
from gampen_tf.posterior.marginal import Marginal


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


def test_rows_do_not_depend_on_each_other():
    marginal = Marginal(RATIO, 0.0, 2.5, *mixture(np.random.default_rng(10), n=400))
    for row in (0, 255, 399):
        alone = marginal.rows(slice(row, row + 1))
        assert alone.mode()[0] == pytest.approx(marginal.mode()[row], rel=1e-10)
        np.testing.assert_allclose(
            alone.shortest_intervals([0.6827])[0], marginal.shortest_intervals([0.6827])[row], rtol=1e-10
        )
        np.testing.assert_allclose(alone.moments(), np.array(marginal.moments())[:, [row]], rtol=1e-12)


@pytest.mark.parametrize(("mu", "sigma"), [(0.5, 0.1), (0.02, 0.05), (-0.3, 0.2), (1.2, 0.4)])
def test_a_clipped_normal_has_atoms_of_its_tails_and_the_moments_of_its_integrals(mu, sigma):
    parameter = Parameter("bulge_to_total", "", (0, 1), "identity", clip=0.01)
    share, normal = single(parameter, (mu - 0.4) / 0.3, sigma / 0.3, shift=0.4, scale=0.3), stats.norm(mu, sigma)
    np.testing.assert_allclose(share.atoms()[0], [normal.cdf(0.01), normal.sf(0.99)], rtol=1e-10)
    span = np.clip(mu + np.array([-9, 9]) * sigma, 0.01, 0.99)

    def expected(function):
        inside = integrate.quad(lambda x: function(x) * normal.pdf(x), *span, epsabs=1e-13, limit=500)[0]
        return inside + function(0.0) * normal.cdf(0.01) + function(1.0) * normal.sf(0.99)

    mean, sd = share.moments()
    assert mean[0] == pytest.approx(expected(lambda x: x), abs=1e-8)
    assert sd[0] == pytest.approx(np.sqrt(expected(lambda x: (x - mean[0]) ** 2)), abs=1e-8)
    x = np.array([[0.0, 0.005, 0.2, 0.7, 0.995, 1.0]])
    np.testing.assert_allclose(share.pdf(x)[0, 2:4], normal.pdf(x[0, 2:4]), rtol=1e-10)
    np.testing.assert_allclose(share.cdf(x)[0, [0, 2, 3, 5]], [normal.cdf(0.01), *normal.cdf(x[0, 2:4]), 1], rtol=1e-10)
    ((low, high),) = share.shortest_intervals([0.9])[0]
    assert share.cdf(np.array([[high]]))[0, 0] - share.cdf(np.array([[low]]), strict=True)[0, 0] >= 0.9 - 1e-9
    if normal.cdf(0.01) > 0.5:
        assert share.mode()[0] == 0.0
