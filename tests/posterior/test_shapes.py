"""Axis ratio and position angle of posteriors of the conformal shear."""

import numpy as np
import pytest

from gampen_tf import Posterior
from gampen_tf.core import (
    LabelScaler,
    Parameter,
    ParameterSet,
    conformal_shear,
)
from gampen_tf.posterior.shapes import shape_columns, shape_samples


def shape_posterior(axis_ratio, angle, sigma, n_mc=20000):
    eta = np.stack(conformal_shear(np.asarray(axis_ratio), np.asarray(angle)), axis=-1)
    scaler = LabelScaler(ParameterSet([Parameter("eta1"), Parameter("eta2")]), [0.0, 0.0], [1.0, 1.0])
    factors = np.broadcast_to(sigma * np.eye(2), (len(eta), 1, 2, 2))
    return Posterior(eta[:, None], factors, scaler, n_mc=n_mc, seed=4)


def test_widths_of_derived_shapes_are_those_of_error_propagation():
    angles, sigma = np.array([10.0, 89.5, -60.0]), 0.02
    posterior = shape_posterior([0.5] * 3, angles, sigma)
    columns = shape_columns(posterior, {"68": 0.6827})
    np.testing.assert_allclose(columns["axis_ratio", ""], 0.5, rtol=1e-3)
    # dq = q dη; d(PA) = dη⊥ / (2 η) radians; 20 000 draws know a quantile's width to 1 %
    half = 0.5 * (columns["axis_ratio", "_upper_68"] - columns["axis_ratio", "_lower_68"])
    np.testing.assert_allclose(half, 0.5 * sigma, rtol=0.04)
    half = 0.5 * (columns["position_angle", "_upper_68"] - columns["position_angle", "_lower_68"])
    np.testing.assert_allclose(half, np.degrees(0.5 * sigma / np.log(2)), rtol=0.04)
    assert columns["position_angle", "_upper_68"][1] > 90


def test_a_round_galaxy_may_point_anywhere():
    _, angle = shape_samples(shape_posterior([1.0], [0.0], 0.1))
    # uniform in (-90, 90): Kolmogorov's 0.1 % point for 20 000 draws, which are stratified
    levels = np.sort(angle[0] / 180 + 0.5)
    assert np.max(np.abs(levels - np.linspace(0, 1, len(levels)))) < 1.95 / np.sqrt(len(levels))


def test_tables_have_shapes_with_units():
    table = shape_posterior([0.5], [30.0], 0.01, n_mc=500).to_table()
    assert table["position_angle"].unit == "deg"
    assert table["position_angle"][0].value == pytest.approx(30.0, abs=1e-6)
    assert table["axis_ratio_lower_95"][0] < 0.5 < table["axis_ratio_upper_95"][0]


def test_the_value_of_a_round_galaxy_lies_in_its_interval():
    columns = shape_columns(shape_posterior([0.97, 1.0], [0.0, 0.0], 0.1), {"68": 0.6827})
    assert np.all(columns["axis_ratio", "_lower_68"] < columns["axis_ratio", ""])
    assert np.all(columns["axis_ratio", ""] < columns["axis_ratio", "_upper_68"])
    # |η| of a round galaxy is a Rayleigh variable; its shortest interval begins below the mode, σ
    assert columns["axis_ratio", "_upper_68"][1] > np.exp(-0.1 * 0.5)
    assert columns["axis_ratio", ""][1] == pytest.approx(np.exp(-0.1 * np.sqrt(2 * np.log(2))), abs=2e-3)


def test_shapes_of_other_models_are_refused():
    scaler = LabelScaler(ParameterSet([Parameter("flux", "nJy", (0, np.inf), "log")]), [0.0], [1.0])
    with pytest.raises(ValueError, match="made of eta1 and eta2; this posterior is of flux"):
        shape_samples(Posterior(np.zeros((1, 1, 1)), np.ones((1, 1, 1, 1)), scaler))
