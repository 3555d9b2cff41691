"""Factors and shifts that depend on what is predicted."""

import numpy as np
from toy_faults import LEVELS, pits, toy

from gampen_tf import metrics
from gampen_tf.calibration import (
    ConditionalTemperature,
    Temperature,
)


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
