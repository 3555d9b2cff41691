"""Labels: standardisation, bounds and the way back."""

import json

import numpy as np
import pytest

from gampen_tf.core import LabelScaler, Parameter, ParameterSet

MORPHOLOGY = ParameterSet(
    [
        Parameter("bulge_to_total", "", (0, 1), "logit", clip=0.01),
        Parameter("effective_radius", "arcsec", (0, np.inf), "log"),
        Parameter("position_angle", "deg", (-90, 90)),
    ]
)


@pytest.fixture
def values():
    rng = np.random.default_rng(1)
    return np.stack([rng.uniform(0, 1, 500), rng.uniform(0.1, 5, 500), rng.uniform(-90, 90, 500)], axis=-1)


@pytest.fixture
def scaler(values):
    return LabelScaler.fit(MORPHOLOGY, values)


def test_labels_of_the_fitted_sample_have_mean_zero_and_deviation_one(scaler, values):
    labels = scaler.transform(values)
    np.testing.assert_allclose(labels.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(labels.std(axis=0), 1, rtol=1e-12)


def test_inverse_undoes_transform_between_the_clips(scaler, values):
    values[:, 0] = 0.02 + 0.96 * values[:, 0]
    np.testing.assert_allclose(scaler.inverse(scaler.transform(values)), values, rtol=1e-12)


def test_values_beyond_the_clip_come_back_as_exactly_the_bound(scaler):
    values = np.array([[0.0, 1, 0], [0.004, 1, 0], [0.01, 1, 0], [0.011, 1, 0], [0.995, 1, 0], [1.0, 1, 0]])
    np.testing.assert_array_equal(scaler.canonical(values)[[0, 1, 2, 4, 5], 0], [0, 0, 0, 1, 1])
    assert scaler.canonical(values)[3, 0] == pytest.approx(0.011)


def test_the_bound_survives_a_journey_in_float32(scaler):
    labels = scaler.transform([[0.0, 1, 0], [1.0, 1, 0]]).astype("float32")
    np.testing.assert_array_equal(scaler.inverse(labels)[:, 0], [0, 1])


def test_clip_labels_are_where_the_atoms_begin(scaler):
    first, last = scaler.clip_labels[0]
    inside = scaler.inverse([[first + 1e-3, 0, 0], [last - 1e-3, 0, 0]])[:, 0]
    beyond = scaler.inverse([[first - 1e-3, 0, 0], [last + 1e-3, 0, 0]])[:, 0]
    assert np.all((inside > 0) & (inside < 1))
    np.testing.assert_array_equal(beyond, [0, 1])
    assert np.all(np.isinf(scaler.clip_labels[1:]))


def test_log_jacobian_is_the_derivative_of_the_transform(scaler):
    at = np.array([[0.2, 0.7, 30.0], [0.9, 4.0, -80.0]])
    step = 1e-6
    numerical = (scaler.transform(at + step) - scaler.transform(at - step)) / (2 * step)
    np.testing.assert_allclose(scaler.log_jacobian(at), np.log(numerical), atol=1e-6)


def test_unknown_values_stay_unknown_and_do_not_enter_the_fit(values):
    hidden = values.copy()
    hidden[::3, 1] = np.nan
    scaler = LabelScaler.fit(MORPHOLOGY, hidden)
    assert scaler.mean[1] == pytest.approx(np.log(np.delete(values[:, 1], np.s_[::3])).mean())
    assert np.isnan(scaler.transform(hidden)[0, 1])
    assert np.isnan(scaler.inverse(scaler.transform(hidden))[0, 1])


def test_json_round_trip_keeps_everything(scaler):
    again = LabelScaler.from_dict(json.loads(json.dumps(scaler.to_dict())))
    assert again.parameters == MORPHOLOGY
    np.testing.assert_array_equal(again.mean, scaler.mean)
    np.testing.assert_array_equal(again.scale, scaler.scale)


def test_equal_labels_of_a_parameter_are_refused():
    with pytest.raises(ValueError, match="positive"):
        LabelScaler.fit(ParameterSet([Parameter("flux", "nJy")]), np.ones((10, 1)))


def test_labels_change_with_the_units_of_length_and_flux():
    flux = Parameter("flux", "nJy", (0, np.inf), "log")
    parameters = ParameterSet([*MORPHOLOGY, flux, Parameter("magnitude", "mag")])
    scaler = LabelScaler(parameters, [0.1, 0.2, 3.0, 7.0, 20.0], [1.5, 0.4, 50.0, 2.0, 3.0])
    # a galaxy in pixels and in units of the noise, whose magnitude is that of 1 nJy at a zero point of 0
    own = np.array([[0.3, 7.0, 20.0, 400.0, -2.5 * np.log10(400.0)]] * 2)
    length, noise = np.array([0.168, 0.06]), np.array([1.6, 0.2])
    physical = scaler.inverse(scaler.transform(own) + scaler.changes(length, noise))
    expected = np.stack([own[:, 0], 7.0 * length, own[:, 2], 400.0 * noise, -2.5 * np.log10(400.0 * noise)], axis=1)
    np.testing.assert_allclose(physical, expected, rtol=1e-12)


def test_a_length_that_is_learnt_by_its_value_has_no_other_unit():
    scaler = LabelScaler(ParameterSet([Parameter("x", "arcsec")]), [0.0], [1.0])
    with pytest.raises(ValueError, match="x: its unit cannot change"):
        scaler.changes([1.0], [1.0])
