"""TARP, alone and beside the other diagnostics: each sees what it should, and nothing else."""

import numpy as np
import pytest
from toy_draws import CORRELATION, N, P, toy

from gampen_tf import metrics

UNCORRELATED = np.eye(P)


FLIPPED = CORRELATION * np.array([[1, -1, 1], [-1, 1, 1], [1, 1, 1]])


@pytest.mark.parametrize(
    ("fault", "marginal", "joint"),
    [
        ({}, False, False),
        ({"width": 0.8}, True, True),
        ({"width": 1.25}, True, True),
        ({"bias": 0.3}, True, True),
        ({"claimed": UNCORRELATED}, False, True),
        ({"claimed": FLIPPED}, False, True),
    ],
)
def test_what_each_diagnostic_sees(fault, marginal, joint):
    samples, truth = toy(16, n_draws=200, **fault)
    pits = metrics.pit(samples, truth)
    # a false alarm in one of these has a probability of 1e-3 each; 0.3 % of seeds have one
    seen = [metrics.uniformity(pits[:, p]).p_value < 1e-3 for p in range(P)]
    assert all(seen) if marginal else not any(seen)
    assert (metrics.uniformity(metrics.ellipsoid_mass(samples, truth)).p_value < 1e-3) == joint
    result = metrics.tarp(samples, truth, seed=1)
    assert (result.test.p_value < 1e-3) == joint


def test_tarp_with_uniform_references_as_in_the_paper():
    """Where posteriors are as wide as the range of the truth, the paper's own reference points see a wrong width."""
    rng = np.random.default_rng(19)
    n = 5000
    prior = rng.normal(size=(n, 2))
    observed = prior + rng.normal(size=(n, 2))
    # the posterior of N(0, 1) prior and N(0, 1) noise is N(x / 2, 1 / 2)
    noise = rng.normal(size=(n, 200, 2)) * np.sqrt(0.5)
    good = metrics.tarp(0.5 * observed[:, None] + noise, prior, references="uniform", seed=3)
    assert good.test.p_value > 1e-3
    assert np.mean((good.levels >= good.lower) & (good.levels <= good.upper)) > 0.8
    narrow = metrics.tarp(0.5 * observed[:, None] + 0.6 * noise, prior, references="uniform", seed=3)
    assert narrow.test.p_value < 1e-3
    assert narrow.largest_deviation > 2 * good.largest_deviation


def test_tarp_bootstrap_band_is_the_binomial_scatter():
    samples, truth = toy(20, n_draws=100)
    result = metrics.tarp(samples, truth)
    width = 0.5 * (result.upper - result.lower)
    np.testing.assert_allclose(width[20:80], 1.96 * np.sqrt(result.levels * (1 - result.levels) / N)[20:80], rtol=0.15)
