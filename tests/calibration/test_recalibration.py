"""Recalibration of toy posteriors whose fault is known, judged on galaxies that it has not seen.

Toy: the true label is what was seen plus s times a draw of a mixture of two Gaussians, which is then the true
posterior; three parameters, the first with atoms (B/T).
"""

import json

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import chi2, kstest

from gampen_tf import metrics
from gampen_tf.calibration import (
    ConditionalTemperature,
    ConformalEllipsoid,
    ConformalIntervals,
    Recalibration,
    Temperature,
    conformal_radius,
    fit_quantile_map,
)
from gampen_tf.calibration.label_pits import label_pit, true_labels
from gampen_tf.core import LabelScaler, Parameter, ParameterSet
from gampen_tf.posterior import Posterior, QuantileMap

PARAMETERS = ParameterSet(
    [
        Parameter("bulge_to_total", "", (0, 1), "logit", 0.01),
        Parameter("effective_radius", "arcsec", (0, np.inf), "log"),
        Parameter("flux", "nJy", (0, np.inf), "log"),
    ]
)
SCALER = LabelScaler(PARAMETERS, mean=[0.0, 0.7, 13.0], scale=[3.0, 0.8, 1.5])
LEVELS = np.array(metrics.SIGMA_LEVELS)


def toy(seed, n=8000, *, width=1.0, bias=0.0, by_flux=False):
    """Posteriors of two components that claim ``width`` times the right width and are off by ``bias`` σ.

    ``by_flux``: widths too large for bright galaxies, too small for faint ones.
    """
    rng = np.random.default_rng(seed)
    observed = rng.normal(size=(n, 3))
    sigma = 0.2 * np.exp(0.3 * rng.normal(size=(n, 1))) * np.ones(3)
    component = rng.choice([-0.3, 0.3], size=(n, 1))
    truth = observed + sigma * (component + np.sqrt(0.91) * rng.normal(size=(n, 3)))
    claimed = width * sigma
    if by_flux:
        claimed = sigma * np.exp(0.5 * np.tanh(observed[:, 2:]))
    offsets = np.array([-0.3, 0.3])[:, None] * np.ones(3)
    means = observed[:, None] + (bias * sigma)[:, None] + offsets * claimed[:, None]
    trils = np.broadcast_to((np.sqrt(0.91) * claimed)[:, None, :, None] * np.eye(3), (n, 2, 3, 3))
    return Posterior(means, trils, SCALER, n_mc=2), SCALER.inverse(truth)


def pits(posterior, truth, seed=9):
    labels = true_labels(posterior, truth)
    return np.stack([label_pit(posterior, labels[:, p], p, seed=seed) for p in range(3)], axis=1)


def coverage(mass):
    return metrics.coverage_of_mass(metrics.central_mass(mass)).value


def test_pit_with_atoms_is_uniform():
    posterior, truth = toy(1)
    assert np.mean(np.isin(truth[:, 0], (0, 1))) > 0.05
    for column in pits(posterior, truth).T:
        assert kstest(column, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("width", [0.5, 1.0, 1.6])
def test_temperature_is_the_inverse_of_the_fault(width):
    for shared in (False, True):
        fitted = Temperature.fit(*toy(2, width=width), shared=shared)
        # the error of a width from n = 8000 is 0.8 %, somewhat more for central mass and atoms; 4σ
        np.testing.assert_allclose(fitted.factors, 1 / width, rtol=0.05)
    assert len(set(fitted.factors)) == 1


def test_temperature_restores_coverage_of_other_galaxies():
    fitted = Temperature.fit(*toy(3, width=0.5))
    posterior, truth = toy(4, width=0.5)
    before, after = coverage(pits(posterior, truth)), coverage(pits(fitted.apply(posterior), truth))
    assert np.all(before[0] < 0.43)
    np.testing.assert_allclose(after, LEVELS[:, None] * np.ones(3), atol=0.025)


def test_rescaling_moves_neither_means_nor_ranks():
    posterior, truth = toy(5, n=500)
    wider = posterior.rescaled(np.array([2.0, 1.0, 0.5]))
    labels = true_labels(posterior, truth)
    for p, factor in enumerate((2.0, 1.0, 0.5)):
        expected = label_pit(posterior, labels[:, p], p, factor=factor, seed=3)
        np.testing.assert_allclose(label_pit(wider, labels[:, p], p, seed=3), expected, atol=1e-12)


def test_quantile_map_makes_pits_uniform_for_other_galaxies():
    for fault in ({"width": 0.6}, {"bias": 0.5}, {"width": 1.5, "bias": -0.3}):
        fitted = fit_quantile_map(*toy(6, **fault))
        found = pits(*toy(7, **fault))
        for p in range(3):
            repaired = fitted.inverse_level(found[:, p], p)
            assert kstest(found[:, p], "uniform").pvalue < 1e-10
            # 0.1 % point of the Kolmogorov distance of two samples of 8000: the map's and this one
            assert kstest(repaired, "uniform").statistic < 1.95 * np.sqrt(2 / 8000)


def test_quantile_map_leaves_what_is_calibrated_nearly_alone():
    fitted = QuantileMap.of_pits(np.random.default_rng(8).uniform(size=(10_000, 1)))
    probability = np.linspace(0.001, 0.999, 999)
    np.testing.assert_allclose(fitted.level(probability, 0), probability, atol=4 * 0.005)


def test_quantile_map_is_monotone_and_its_inverse_exact():
    fitted = QuantileMap.of_pits(np.random.default_rng(9).beta(0.3, 2, size=(300, 1)))
    tail = np.logspace(-12, -2, 50)
    probability = np.concatenate([[0], tail, np.linspace(0.02, 0.98, 97), 1 - tail[::-1], [1]])
    level = fitted.level(probability, 0)
    assert np.all(np.diff(level) >= 0)
    assert level[0] == 0
    assert level[-1] == 1
    np.testing.assert_allclose(fitted.inverse_level(level, 0)[:-30], probability[:-30], rtol=1e-6)


def test_quantile_map_guarantee_at_a_knot():
    """P(PIT of a new galaxy ≤ level(p)) = p on average over calibration splits, even of 60 galaxies."""
    rng = np.random.default_rng(10)
    covered = []
    for _ in range(3000):
        fitted = QuantileMap.of_pits(rng.beta(3, 1, size=(60, 1)))
        knot = fitted.knots[0][0, 1]
        covered.append((ndtr(knot), fitted.level(ndtr(knot), 0) ** 3))  # the distribution function of beta(3, 1) is u³
    nominal, found = np.mean(covered, axis=0)
    assert abs(nominal - found) < 4 * np.std(np.array(covered)[:, 1]) / np.sqrt(3000)


def test_conditional_temperature_repairs_each_bin():
    fitted = ConditionalTemperature.fit(*toy(11, by_flux=True))
    shared = Temperature.fit(*toy(11, by_flux=True))
    posterior, truth = toy(12, n=12_000, by_flux=True)
    flux = posterior.means.mean(axis=1)[:, 2]
    edges = [-3, -1, -0.3, 0.3, 1, 3]

    def worst(repaired):
        mass = metrics.central_mass(pits(repaired, truth))
        bins = metrics.in_bins(metrics.coverage_of_mass, flux, edges, mass)
        return max(np.max(np.abs(b.result.value[0] - LEVELS[0])) for b in bins)

    assert worst(shared.apply(posterior)) > 0.1
    # 15 binomial numbers of 1600 or more galaxies, on two splits: 3.5σ of the smallest bin
    assert worst(fitted.apply(posterior)) < 0.05


def test_conditional_temperature_repairs_bias_and_leaves_the_calibrated_alone():
    biased, truth = toy(13, bias=0.4)
    assert np.all(np.mean(pits(biased, truth), axis=0) < 0.42)
    found = pits(ConditionalTemperature.fit(*toy(14, bias=0.4)).apply(biased), truth)
    np.testing.assert_allclose(np.mean(found, axis=0), 0.5, atol=4 * 0.29 * np.sqrt(2 / 8000) + 0.003)
    factors, shifts = ConditionalTemperature.fit(*toy(15)).factors_and_shifts(biased)
    assert np.quantile(np.abs(np.log(factors)), 0.9) < 0.1
    assert np.quantile(np.abs(shifts) / 0.2, 0.9) < 0.2


@pytest.mark.parametrize("n", [19, 200])
def test_conformal_guarantee_holds_exactly_on_average_over_splits(n):
    rng = np.random.default_rng(16)
    for level in (0.6827, 0.9):
        radii = [conformal_radius(rng.exponential(size=n), level) for _ in range(20_000)]
        k = np.ceil(level * (n + 1) - 1e-9)
        coverages = 1 - np.exp(-np.array(radii))
        assert abs(np.mean(coverages) - k / (n + 1)) < 4 * np.std(coverages) / np.sqrt(20_000)
    assert conformal_radius(rng.exponential(size=n), 0.9973) == np.inf


@pytest.mark.parametrize("score", ["normalised", "cqr"])
@pytest.mark.parametrize("fault", [{"width": 0.5}, {"bias": 1.0, "width": 1.5}])
def test_conformal_intervals_cover_whatever_the_fault(score, fault):
    fitted = ConformalIntervals.fit(*toy(17, **fault), score=score)
    posterior, truth = toy(18, **fault)
    lower, upper = fitted.intervals(posterior)
    found = np.mean((truth >= lower) & (truth <= upper), axis=-2)
    # at least the level (atoms can only add); 4σ of both splits
    sigma = np.sqrt(LEVELS * (1 - LEVELS) * 2 / 8000)[:, None]
    assert np.all(found > LEVELS[:, None] - 4 * sigma)
    assert np.all(found[:, 1:] < LEVELS[:, None] + 4 * sigma)


def test_conformal_ellipsoid_covers_jointly_and_is_chi_square_for_the_true_posterior():
    fitted = ConformalEllipsoid.fit(*toy(19))
    np.testing.assert_allclose(fitted.radii[:2], np.sqrt(chi2.ppf(LEVELS[:2], 3)), rtol=0.06)
    fitted = ConformalEllipsoid.fit(*toy(20, width=0.5))
    posterior, truth = toy(21, width=0.5)
    found = np.mean(fitted.contains(posterior, truth), axis=1)
    np.testing.assert_allclose(found, LEVELS, atol=0.03)


def test_intervals_take_the_atom_in():
    posterior, truth = toy(22, n=2000)
    lower, _ = ConformalIntervals.fit(posterior, truth).intervals(posterior)
    low_truth = truth[:, 0] == 0
    assert np.mean(lower[1, low_truth, 0] == 0) > 0.95


@pytest.mark.parametrize("kind", ["temperature", "temperature_each+quantile", "conditional+quantile"])
def test_json_round_trip_changes_nothing(kind):
    posterior, truth = toy(23, n=600, width=0.7, bias=0.2)
    fitted = Recalibration.fit(posterior, truth, kind=kind)
    again = Recalibration.from_dict(json.loads(json.dumps(fitted.to_dict(), allow_nan=False)))
    assert again.kind == kind
    first, second = fitted.apply(posterior), again.apply(posterior)
    np.testing.assert_array_equal(first.interval(0.6827, kind="central"), second.interval(0.6827, kind="central"))
    for name in fitted.regions:
        np.testing.assert_array_equal(again.regions[name].radii, fitted.regions[name].radii)


@pytest.mark.parametrize("kind", ["temperature_each", "temperature_each+quantile", "conditional+quantile"])
@pytest.mark.parametrize("interval", ["central", "hdi"])
def test_recalibrated_posterior_covers(kind, interval):
    """The whole way, through the posterior's own intervals in physical units, atoms and all."""
    fault = {"width": 0.6, "bias": 0.0 if kind == "temperature_each" else 0.3}
    fitted = Recalibration.fit(*toy(24, n=4000, **fault), kind=kind)
    posterior, truth = toy(25, n=4000, **fault)
    repaired = fitted.apply(posterior)
    for level in LEVELS[:2]:
        ends = np.asarray(repaired.interval(level, kind=interval))
        found = np.mean((truth >= ends[..., 0]) & (truth <= ends[..., 1]), axis=-2)
        # 4σ of both splits; an interval that ends in an atom holds more than its level
        assert np.all(np.abs(found[1:] - level) < 4 * np.sqrt(level * (1 - level) / 2000) + 0.01)
        assert found[0] > level - 4 * np.sqrt(level * (1 - level) / 2000) - 0.01


def test_other_parameters_are_refused():
    posterior, truth = toy(26, n=200)
    fitted = Recalibration.fit(posterior, truth, kind="temperature")
    other = Recalibration.from_dict({**fitted.to_dict(), "parameters": ["flux", "axis_ratio"]})
    with pytest.raises(ValueError, match="flux, axis_ratio"):
        other.apply(posterior)
    with pytest.raises(ValueError, match="'quantile' last"):
        Recalibration.fit(posterior, truth, kind="quantile+temperature")
    with pytest.raises(ValueError, match="at least 50"):
        QuantileMap.of_pits(np.random.default_rng(0).uniform(size=(20, 1)))


def test_unknown_truth_is_left_out():
    posterior, truth = toy(27, n=1000, width=0.5)
    partly = truth.copy()
    partly[::2, 1] = np.nan
    every, half = Temperature.fit(posterior, truth).factors, Temperature.fit(posterior, partly).factors
    np.testing.assert_array_equal(half[[0, 2]], every[[0, 2]])
    assert half[1] == pytest.approx(every[1], rel=0.1)


def test_galaxies_without_a_measurement_stay_without_and_change_nothing():
    posterior, truth = toy(28, n=800, width=0.6)
    means = posterior.means.copy()
    means[:100] = np.nan
    partly = Posterior(means, posterior.scale_trils, SCALER, n_mc=2)
    kind = "conditional+temperature_each+quantile"
    splits = (partly, truth), (posterior[100:], truth[100:])
    fitted, expected = (Recalibration.fit(*split, kind=kind) for split in splits)
    repaired = fitted.apply(partly).interval(0.6827, kind="central")
    assert np.isnan(repaired[:100]).all()
    # the place of a PIT within an atom depends on the row
    np.testing.assert_allclose(repaired[100:, 1:], expected.apply(posterior[100:]).interval(0.6827, "central")[:, 1:])
