"""Recalibrations of several steps."""

import json

import numpy as np
import pytest
from toy_faults import LEVELS, SCALER, toy

from gampen_tf.calibration import (
    Recalibration,
    Temperature,
)
from gampen_tf.posterior import Posterior, QuantileMap


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
