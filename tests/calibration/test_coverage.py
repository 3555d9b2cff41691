"""Coverage of posteriors whose faults are known, and of atoms at bounds."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import chi2
from toy_evaluations import SCALER, toy

from gampen_tf.calibration.coverage import coverage_of, mean_share, shares_inside, sigma_intervals
from gampen_tf.metrics import SIGMA_LEVELS
from gampen_tf.posterior import Posterior

LEVELS = np.array(SIGMA_LEVELS)
KEYS = ("68.27", "95.45", "99.73")


@pytest.mark.parametrize("width", [0.5, 2.0])
def test_coverage_of_wrong_widths_is_the_normal_integral(width):
    posterior, truth = toy(width=width)
    found = coverage_of(posterior, truth)
    # 38.3 % at 68.27 % for half the width; jointly, the integral of χ² with three degrees of freedom
    marginal = 2 * ndtr(width * ndtri(0.5 + 0.5 * LEVELS)) - 1
    joint = chi2.cdf(width**2 * chi2.ppf(LEVELS, 3), 3)
    for i, level in enumerate(KEYS):
        for name in ("effective_radius", "flux"):
            one = found["central"][level][name]
            assert one["value"] == pytest.approx(marginal[i], abs=4 * one["error"])
        if i == 2:  # the posterior's 200 draws do not resolve it jointly
            continue
        one = found["joint"][level]
        assert one["value"] == pytest.approx(joint[i], abs=4 * one["error"] + 0.01)


def test_bias_lowers_coverage_to_the_shifted_integral():
    posterior, truth = toy(bias=1.0)
    found = coverage_of(posterior, truth)["central"]["68.27"]["flux"]
    edge = ndtri(0.5 + 0.5 * LEVELS[0])
    assert found["value"] == pytest.approx(ndtr(edge - 1) - ndtr(-edge - 1), abs=4 * found["error"])


@pytest.mark.parametrize("kind", ["hdi", "central"])
def test_the_mean_share_of_calibrated_posteriors_with_atoms_is_the_level(kind):
    # most of the probability of most galaxies at a bound, and the truth drawn from the posteriors themselves
    rng = np.random.default_rng(3)
    labels = rng.normal([2.3, 0, 0], 0.4, (20_000, 3)) * np.sign(rng.normal(size=(20_000, 1)))
    trils = np.broadcast_to(0.3 * np.eye(3), (20_000, 1, 3, 3))
    posterior = Posterior(labels[:, None], trils, SCALER, n_mc=1)
    truth = SCALER.inverse(labels + 0.3 * rng.standard_normal(labels.shape))
    assert np.mean(np.isin(truth[:, 0], (0, 1))) > 0.4
    lower, upper = sigma_intervals(posterior, kind)
    shares = shares_inside(posterior, truth, lower, upper, kind=kind)
    plain = (truth[:, 0] >= lower[0, :, 0]) & (truth[:, 0] <= upper[0, :, 0])
    assert np.mean(plain) > SIGMA_LEVELS[0] + 0.05
    for level, share in zip(SIGMA_LEVELS, shares, strict=True):
        # 4.5 standard errors on 9 numbers: fails once in 16 000 such tests
        np.testing.assert_allclose(share.mean(axis=0), level, atol=4.5 * np.sqrt(level * (1 - level) / 20_000))


@pytest.mark.parametrize("kind", ["hdi", "central"])
def test_of_an_atom_that_holds_more_than_the_level_counts_the_level(kind):
    # the label of B/T is normal: its atom at 0 holds 99 % where the clip lies ndtri(0.99) σ above the mean
    held, (low, _) = 0.99, SCALER.clip_labels[0]
    means = np.broadcast_to([low - 0.2 * ndtri(held), 0.0, 0.0], (2, 1, 3))
    posterior = Posterior(means, np.broadcast_to(0.2 * np.eye(3), (2, 1, 3, 3)), SCALER, n_mc=1)
    centre = SCALER.inverse(np.zeros(3))
    truth = np.stack([np.append(0.0, centre[1:]), np.append(0.5, centre[1:])])
    lower, upper = sigma_intervals(posterior, kind)
    shares = shares_inside(posterior, truth, lower, upper, kind=kind)[:2, :, 0]
    np.testing.assert_allclose(shares[:, 0], LEVELS[:2] / held, rtol=1e-6)
    np.testing.assert_array_equal(shares[:, 1], 0.0)


def test_galaxies_without_truth_or_measurement_are_left_out():
    posterior, truth = toy(n=300)
    means = posterior.means.copy()
    means[:100] = np.nan
    truth[100:200, 1] = np.nan
    partly = Posterior(means, posterior.scale_trils, SCALER, n_mc=1)
    found = coverage_of(partly, truth)["hdi"]["68.27"]["effective_radius"]
    assert found == coverage_of(posterior[200:], truth[200:])["hdi"]["68.27"]["effective_radius"]


def test_coverage_is_the_mean_of_shares_with_its_binomial_error():
    found = mean_share(np.array([[1.0, 0.0, 0.5, np.nan], [np.nan] * 4]), axis=1)
    assert found.value[0] == 0.5
    # 1.5 of 3 covered: (1.5 + 1) / (3 + 2) = ½, and √(½ · ½ / 3)
    assert found.error[0] == pytest.approx(np.sqrt(0.25 / 3))
    assert np.isnan(found.value[1])
    assert np.isnan(found.error[1])
