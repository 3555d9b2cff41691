"""Modes of marginals and the nodes on which they are looked for, against closed forms and SciPy."""

import numpy as np
import pytest
from scipy import optimize
from toy_mixtures import INDEX, RADIUS, RATIO, mixture, single

from gampen_tf.posterior.marginal import Marginal
from gampen_tf.posterior.modes import evaluate, interior_mode, nodes


@pytest.mark.parametrize("sigma", [0.1, 0.6, 1.5])
def test_mode_of_a_log_normal(sigma):
    label, log_density = interior_mode(single(RADIUS, 0.4, sigma))
    assert label[0] == pytest.approx(0.4 - sigma**2, abs=1e-7)
    # ln f(mode) of the textbook: σ²/2 − μ − ln(σ √2π)
    assert log_density[0] == pytest.approx(0.5 * sigma**2 - 0.4 - np.log(sigma * np.sqrt(2 * np.pi)), abs=1e-9)


def test_mode_is_the_highest_peak_that_scipy_finds(rng):
    """Components far apart: most of these mixtures have several peaks."""
    marginal = Marginal(RADIUS, 0.2, 0.7, *mixture(rng, n=30, n_components=4, scatter=2.0))
    label, height = interior_mode(marginal)
    for i in range(len(marginal)):
        one = marginal.rows(slice(i, i + 1))

        def log_density(y, one=one):
            return float(np.log(one.pdf(one.value(np.array([y])))[0]))

        peaks = [
            optimize.minimize_scalar(lambda y: -log_density(y), bounds=(m - 2 * s, m + 2 * s), method="bounded")
            for m, s in zip(one.mean[0], one.sd[0], strict=True)
        ]
        best = min(peaks, key=lambda peak: peak.fun)
        assert height[i] >= -best.fun - 1e-9
        assert height[i] == pytest.approx(log_density(label[i]), abs=1e-9)


def test_mode_of_a_logit_normal_lies_within_the_clip():
    """Most of the light in the bulge: the density rises to the clip, and the mode within is there."""
    ratio = single(RATIO, 6.0, 0.5)
    label, _ = interior_mode(ratio)
    assert label[0] == pytest.approx(ratio.edges[1], abs=1e-9)


@pytest.mark.parametrize("parameter", [INDEX, RADIUS, RATIO], ids=lambda one: one.transform)
def test_slopes_are_those_of_finite_differences(rng, parameter):
    marginal = Marginal(parameter, 0.3, 1.2, *mixture(rng, n=5))
    label = rng.normal(size=(5, 7))
    step = 1e-5
    probability, density, _, slope, curvature = evaluate(marginal, label, curvature=True)
    (below, _, g_below, s_below), (above, _, g_above, s_above) = (evaluate(marginal, label + d) for d in (-step, step))
    np.testing.assert_allclose((above - below) / (2 * step), density, rtol=1e-6)
    np.testing.assert_allclose((g_above - g_below) / (2 * step), slope, atol=1e-6)
    np.testing.assert_allclose((s_above - s_below) / (2 * step), curvature, atol=1e-5)
    assert np.all((probability > 0) & (probability < 1))


@pytest.mark.parametrize("n_components", [1, 6, 100])
def test_nodes_are_in_order_and_hold_all_the_probability(rng, n_components):
    marginal = Marginal(RADIUS, 0.0, 1.0, *mixture(rng, n=20, n_components=n_components, scatter=1.0))
    labels = nodes(marginal)
    assert np.all(np.diff(labels, axis=1) >= 0)
    probability = marginal.cdf(marginal.value(labels))
    np.testing.assert_allclose(probability[:, 0], 0, atol=1e-8)
    np.testing.assert_allclose(probability[:, -1], 1, atol=1e-8)
    # no step between neighbouring nodes takes in a large part of the mixture
    assert np.diff(probability, axis=1).max() < 0.2
