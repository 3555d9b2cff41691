"""Regions whose coverage holds whatever the posterior."""

import numpy as np
import pytest
from scipy.stats import chi2
from toy_faults import LEVELS, toy

from gampen_tf.calibration import (
    ConformalEllipsoid,
    ConformalIntervals,
    conformal_radius,
)


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
