"""Sets of mixtures: what is cleaned when they are made, groups of like size, rescaling."""

import numpy as np
import pytest
from scipy import stats
from toy_posteriors import PLAIN, SCALER, components

from gampen_tf.posterior import MixtureSet
from gampen_tf.posterior.joint import sample


def test_weights_are_shares_whatever_their_sum(rng):
    means, factors = components(rng)
    weights = rng.uniform(0.1, 5, means.shape[:2])
    mixtures = MixtureSet(means, factors, PLAIN, weights=weights)
    np.testing.assert_allclose(mixtures.weights, weights / weights.sum(axis=1, keepdims=True), rtol=1e-12)
    again = MixtureSet(means, factors, PLAIN, weights=mixtures.weights)
    np.testing.assert_array_equal(again.weights, mixtures.weights)


def test_without_weights_every_component_counts_the_same(rng):
    means, factors = components(rng)
    np.testing.assert_array_equal(MixtureSet(means, factors, PLAIN).weights, 1 / means.shape[1])


def test_galaxies_without_a_measurement_are_nan_throughout(rng):
    means, factors = components(rng)
    means[1, 2, 0], factors[4, 0, 1, 1] = np.nan, np.inf
    marked = np.arange(len(means)) == 7
    mixtures = MixtureSet(means, factors, PLAIN, unmeasurable=marked)
    assert mixtures.measured.tolist() == [0, 2, 3, 5, 6, 8, 9, 10, 11]
    quantiles = mixtures.of_each_marginal(lambda marginal: marginal.quantile(0.5))
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(quantiles).any(axis=1)), [1, 4, 7])


def test_what_pads_a_mixture_does_not_matter(rng):
    means, factors = components(rng)
    padded_means = np.concatenate([means, np.full_like(means, np.nan)], axis=1)
    padded_factors = np.concatenate([factors, np.full_like(factors, -1e300)], axis=1)
    weights = np.repeat([[1.0, 0.0]], 6, axis=1) * np.ones((len(means), 1))
    padded = MixtureSet(padded_means, padded_factors, PLAIN, weights=weights)
    own = MixtureSet(means, factors, PLAIN)
    values = PLAIN.inverse(rng.normal(size=(len(means), 3)))
    np.testing.assert_allclose(padded.at_values("cdf", values), own.at_values("cdf", values), rtol=1e-12)


def test_a_galaxy_is_the_same_in_any_company(rng):
    """Of 3, 40 and 300 components, the others padding: alone, and beside each other."""
    n_components = (3, 40, 300)
    means, factors = components(rng, 3, 300)
    weights = (np.arange(300) < np.reshape(n_components, (3, 1))).astype(float)
    values = SCALER.inverse(0.3 * rng.normal(size=(3, 3)))
    together = MixtureSet(means, factors, SCALER, weights=weights)
    medians = together.of_each_marginal(lambda marginal: marginal.quantile(0.5))
    for i, count in enumerate(n_components):
        alone = MixtureSet(means[i : i + 1, :count], factors[i : i + 1, :count], SCALER)
        np.testing.assert_array_equal(
            together.at_values("cdf", values)[i], alone.at_values("cdf", values[i : i + 1])[0]
        )
        np.testing.assert_array_equal(medians[i], alone.of_each_marginal(lambda marginal: marginal.quantile(0.5))[0])


def test_values_at_several_points_are_those_at_each(rng):
    mixtures = MixtureSet(*components(rng), SCALER)
    values = SCALER.inverse(rng.normal(size=(len(mixtures), 4, 3)))
    densities = mixtures.at_values("pdf", values)
    for k in range(4):
        np.testing.assert_allclose(densities[:, k], mixtures.at_values("pdf", values[:, k]), rtol=1e-12)


def test_marginals_are_mixtures_of_scipys_normals(rng):
    means, factors = components(rng, 4)
    mixtures = MixtureSet(means, factors, PLAIN)
    values = PLAIN.inverse(rng.normal(size=(4, 3)))
    deviations = np.sqrt(np.einsum("ntij,ntij->nti", factors, factors))
    labels = PLAIN.transform(values)[:, None]
    expected = stats.norm.cdf(labels, means, deviations).mean(axis=1)
    np.testing.assert_allclose(mixtures.at_values("cdf", values), expected, rtol=1e-10)


def test_rescaling_widens_about_the_mean_and_shifts(rng):
    means, factors = components(rng, 3)
    mixtures = MixtureSet(means, factors, PLAIN, weights=rng.dirichlet(np.ones(6), 3))
    factor, shift = np.array([2.0, 0.5, 1.0]), np.array([0.0, 0.3, -1.0])
    other = MixtureSet(*mixtures.rescaled(factor, shift), PLAIN, weights=mixtures.weights)
    labels, rescaled = (PLAIN.transform(sample(one, 6000, 5)) for one in (mixtures, other))
    centre = np.einsum("nt,ntp->np", mixtures.weights, mixtures.means)[:, None]
    np.testing.assert_allclose(rescaled, centre + shift + factor * (labels - centre), atol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"means": np.zeros((2, 4, 2))}, r"expected means \(N, T, 3\)"),
        ({"scale_trils": np.zeros((2, 4, 3))}, r"expected means \(N, T, 3\) and scale_trils \(N, T, 3, 3\)"),
        ({"means": np.zeros((2, 0, 3)), "scale_trils": np.zeros((2, 0, 3, 3))}, "expected one or more components"),
        ({"weights": np.ones((2, 5))}, r"expected weights >= 0 of shape \(2, 4\), found \(2, 5\)"),
        ({"weights": -np.ones((2, 4))}, "expected weights >= 0"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, message):
    arguments = {"means": np.zeros((2, 4, 3)), "scale_trils": np.tile(np.eye(3), (2, 4, 1, 1)), "scaler": PLAIN}
    with pytest.raises(ValueError, match=message):
        MixtureSet(**(arguments | change))
