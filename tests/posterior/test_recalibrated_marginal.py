"""Marginals after recalibration: distribution, density, moments, modes and intervals against the map and integrals."""

import numpy as np
import pytest
from scipy import integrate, stats
from toy_mixtures import INDEX, RADIUS, RATIO, mixture

from gampen_tf.posterior import QuantileMap
from gampen_tf.posterior.marginal import Marginal
from gampen_tf.posterior.recalibrated_marginal import RecalibratedMarginal

PARAMETERS = pytest.mark.parametrize("parameter", [INDEX, RADIUS, RATIO], ids=lambda one: one.transform)


@pytest.fixture(scope="module")
def probability_map():
    """Of posteriors too narrow and with a bias: PITs heap up near 0 and 1."""
    pits = np.random.default_rng(1).beta(0.75, 0.9, (4000, 1))
    return QuantileMap.of_pits(pits).of_parameter(0)


def both(parameter, probability_map, n=12, scale=0.4):
    own = Marginal(parameter, 0.1, scale, *mixture(np.random.default_rng(3), n=n))
    return own, RecalibratedMarginal(own, probability_map)


@PARAMETERS
def test_distribution_is_the_own_one_through_the_map(parameter, probability_map):
    own, recalibrated = both(parameter, probability_map)
    values = own.quantile(np.tile([0.03, 0.3, 0.5, 0.9], (len(own), 1)))
    np.testing.assert_allclose(recalibrated.cdf(values), probability_map.inverse(own.cdf(values)), rtol=1e-12)
    levels = np.tile([0.2, 0.5, 0.8], (len(own), 1))
    found = recalibrated.cdf(recalibrated.quantile(levels))
    inside = np.isin(recalibrated.quantile(levels), parameter.bounds, invert=True)
    np.testing.assert_allclose(found[inside], levels[inside], atol=1e-9)


@PARAMETERS
def test_density_is_the_slope_of_the_distribution(parameter, probability_map):
    own, recalibrated = both(parameter, probability_map)
    values = np.array([own.interior(own.mean[:, :1] + shift * own.sd[:, :1]) for shift in (-0.5, 0.0, 0.7)])[..., 0].T
    if own.cell:
        values = np.clip(values, *(np.array([1.5, -1.5]) * own.cell + np.array(parameter.bounds)))
    step = 1e-4 * values
    slope = (recalibrated.cdf(values + step) - recalibrated.cdf(values - step)) / (2 * step)
    np.testing.assert_allclose(recalibrated.pdf(values), slope, rtol=0.02)


def test_the_identity_as_a_map_changes_nothing():
    """As of PITs that are uniform to begin with."""
    uniform = QuantileMap([np.tile(stats.norm.ppf([0.1, 0.5, 0.9]), (2, 1))]).of_parameter(0)
    own, recalibrated = both(RADIUS, uniform, scale=0.15)
    mean, sd = own.moments()
    found = recalibrated.moments()
    assert np.all(np.abs(found[0] - mean) < 3e-3 * sd)
    np.testing.assert_allclose(found[1], sd, rtol=0.01)
    assert np.all(np.abs(recalibrated.mode() - own.mode()) < 0.03 * sd)
    np.testing.assert_allclose(recalibrated.quantile(0.3), own.quantile(0.3), rtol=1e-9)
    found, expected = (one.shortest_intervals([0.7])[:, 0] for one in (recalibrated, own))
    np.testing.assert_allclose(np.diff(found), np.diff(expected), rtol=1e-3)


@PARAMETERS
def test_moments_are_the_integrals_of_the_quantile_function(parameter, probability_map):
    """∫ x dF = ∫₀¹ Q(p) dp, whatever the transform and the atoms."""
    _, recalibrated = both(parameter, probability_map, n=3)
    mean, sd = recalibrated.moments()
    z = np.linspace(-7, 7, 20001)
    values = recalibrated.quantile(np.tile(stats.norm.cdf(z), (3, 1)))
    values = np.where(np.isfinite(values), values, 0.0)
    expected = integrate.trapezoid(values * stats.norm.pdf(z), z)
    np.testing.assert_allclose(mean, expected, atol=5e-3 * sd.max())
    variance = integrate.trapezoid((values - expected[:, None]) ** 2 * stats.norm.pdf(z), z)
    np.testing.assert_allclose(sd, np.sqrt(variance), rtol=0.02)


@PARAMETERS
def test_draws_that_are_mapped_follow_the_distribution(parameter, probability_map):
    own, recalibrated = both(parameter, probability_map, n=4)
    rng = np.random.default_rng(7)
    pick = np.array([rng.choice(own.mean.shape[1], 5000, p=weight) for weight in own.weight])
    rows = np.arange(len(own))[:, None]
    labels = own.mean[rows, pick] + own.sd[rows, pick] * rng.normal(size=pick.shape)
    values = recalibrated.value(recalibrated.map_labels(labels))
    for i in range(len(own)):
        one = recalibrated.rows(slice(i, i + 1))
        free = values[i][np.isin(values[i], parameter.bounds, invert=True)]
        at = np.quantile(free, [0.1, 0.5, 0.9])
        # the standard error of a share of 5000 is at most 0.7 %
        np.testing.assert_allclose([np.mean(values[i] <= x) for x in at], one.cdf(at[None])[0], atol=0.025)


@PARAMETERS
def test_mode_has_a_density_near_the_greatest_of_a_grid(parameter, probability_map):
    _, recalibrated = both(parameter, probability_map)
    mode = recalibrated.mode()
    grid = recalibrated.quantile(np.tile(np.linspace(0.001, 0.999, 2001), (len(mode), 1)))
    greatest = recalibrated.pdf(grid).max(axis=1)
    heaviest = recalibrated.atoms().max(axis=1) > 0.5
    assert np.all((recalibrated.pdf(mode) >= 0.93 * greatest) | heaviest)


@PARAMETERS
@pytest.mark.parametrize("level", [0.6827, 0.95])
def test_shortest_intervals_hold_the_level_and_no_central_one_is_shorter(parameter, probability_map, level):
    own, recalibrated = both(parameter, probability_map)
    low, high = recalibrated.shortest_intervals([level])[:, 0].T
    inside = recalibrated.cdf(high) - recalibrated.cdf(low, strict=True)
    assert np.all(inside > level - 1e-3)
    starts = np.linspace(0, 1 - level, 41)
    ends = [recalibrated.quantile(np.tile(p, (len(own), 1))) for p in (starts, starts + level)]
    with np.errstate(invalid="ignore"):
        widths = ends[1] - ends[0]
    narrowest = np.nanmin(np.where(np.isfinite(widths), widths, np.inf), axis=1)
    assert np.all(high - low <= narrowest * 1.003 + 1e-9)


def test_labels_before_recalibration_have_the_recalibrated_probability(probability_map):
    own, recalibrated = both(RADIUS, probability_map)
    labels = own.mean[:, :3]
    source, gain = recalibrated.uncalibrated(labels)
    np.testing.assert_allclose(
        own.cdf(own.value(source)), probability_map.inverse(own.cdf(own.value(labels))), rtol=1e-8
    )
    step = 1e-3
    ends = [recalibrated.uncalibrated(labels + d)[0] for d in (-step, step)]
    np.testing.assert_allclose(gain, np.log((ends[1] - ends[0]) / (2 * step)), atol=0.03)
