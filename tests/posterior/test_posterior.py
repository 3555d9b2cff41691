"""Posteriors of galaxies: rows without a measurement, other widths, arrays that do not fit."""

import warnings

import numpy as np
import pytest
from toy_posteriors import PLAIN, SCALER, UNMEASURED, components, measured

from gampen_tf.core import Flag
from gampen_tf.posterior import Posterior


def test_galaxies_without_a_measurement_are_nan_without_a_warning(posterior):
    values = posterior.median()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for result in (
            posterior.mean(),
            posterior.std(),
            posterior.mode(),
            posterior.interval(),
            posterior.samples,
            values,
            posterior.pdf(values),
            posterior.log_prob(values),
            posterior.credible_mass(values),
            posterior.covariance(),
        ):
            assert np.all(np.isnan(result[UNMEASURED]))
            assert np.all(np.isfinite(measured(result)))
        nothing = posterior[[UNMEASURED]]
        assert np.all(np.isnan(nothing.interval([0.5, 0.9])))
        assert "0 measured" in nothing.summary()
    assert not posterior.contains(values)[UNMEASURED].any()


def test_flagged_galaxies_are_nan_whatever_their_numbers(rng):
    means, factors = components(rng)
    flags = np.zeros(12, int)
    flags[2], flags[4] = Flag.NONFINITE_PIXELS, Flag.CROPPED
    mode = Posterior(means, factors, SCALER, flags=flags).mode()
    assert np.all(np.isnan(mode[2]))
    assert np.all(np.isfinite(mode[4]))


def test_rescaling_widens_about_the_mean(plain):
    factors = np.array([2.0, 0.5, 1.0])
    wide = plain.rescaled(factors)
    np.testing.assert_allclose(wide.mean(), plain.mean(), rtol=1e-12)
    np.testing.assert_allclose(wide.covariance(), plain.covariance() * np.outer(factors, factors), rtol=1e-9)
    np.testing.assert_allclose(np.diff(wide.interval()), np.diff(plain.interval()) * factors[:, None], rtol=1e-7)
    moved = plain.rescaled(1.0, shifts=[1.0, 0.0, -1.0])
    np.testing.assert_allclose(moved.mean() - plain.mean(), np.tile([1.0, 0, -0.5], (12, 1)), atol=1e-12)


def test_arrays_that_do_not_fit_are_refused(plain):
    with pytest.raises(ValueError, match="expected means"):
        Posterior(np.zeros((2, 4, 2)), np.zeros((2, 4, 2, 2)), PLAIN)
    with pytest.raises(ValueError, match="identifiers"):
        Posterior(plain.means, plain.scale_trils, PLAIN, identifiers=["one"])
