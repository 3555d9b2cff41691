"""The Gaussian likelihood against TFP, SciPy, float64 and finite differences; the losses of point heads."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import multivariate_normal

from gampen_tf.layers import distribution, mixture_parameters, n_outputs
from gampen_tf.training import GaussianNegativeLogLikelihood, find_loss, gaussian_nll, huber, mean_absolute_error


def draw(rng, n, size=50):
    return rng.normal(size=(size, n)), rng.normal(size=(size, n_outputs(n)))


def value_and_gradient(function, labels, outputs):
    outputs = tf.constant(outputs)
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        value = function(tf.constant(labels, outputs.dtype), outputs)
    return np.asarray(value), np.asarray(tape.gradient(value, outputs))


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_equals_tfp(rng, n):
    labels, outputs = (array.astype(np.float32) for array in draw(rng, n))
    expected = -distribution(tf.constant(outputs)).log_prob(labels)
    np.testing.assert_allclose(gaussian_nll(labels, outputs), expected, rtol=3e-6)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_unknown_labels_are_marginalised(rng, n):
    labels, outputs = draw(rng, n)
    labels[rng.random(labels.shape) < 0.4] = np.nan
    expected = []
    for label, mean, factor in zip(labels, *mixture_parameters(outputs), strict=True):
        known = np.isfinite(label)
        covariance = (factor @ factor.T)[np.ix_(known, known)]
        expected.append(-multivariate_normal(mean[known], covariance).logpdf(label[known]) if known.any() else 0)
    np.testing.assert_allclose(gaussian_nll(labels, outputs), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(gaussian_nll(labels, outputs.astype(np.float32)), expected, rtol=3e-5, atol=3e-5)


def test_marginals_keep_their_precision_beside_a_very_wide_unknown_parameter():
    """x₁ has σ = e^25 and is not known: x₃ given x₂ is still N(l₃₂ − l₃₁/l₂₁ …) with variance near 1."""
    outputs = np.array([[0, 0, 0, 50, 0, 0, 0.5, 1.5, 0.7]])
    labels = np.array([[np.nan, 0.3, 0.8]])
    exact = gaussian_nll(labels, outputs.astype(np.float64))
    # x₃ − 3 x₂ = −2.3 ε₂ + ε₃, and x₂ is 0.5 e^25 ε₁ up to e^−25
    by_hand = 0.5 * (0.8 - 0.9) ** 2 / (2.3**2 + 1) + 0.5 * np.log(2.3**2 + 1) + 25 + np.log(0.5) + np.log(2 * np.pi)
    np.testing.assert_allclose(exact, by_hand, rtol=1e-12)
    np.testing.assert_allclose(gaussian_nll(labels, outputs.astype(np.float32)), by_hand, rtol=1e-6)


@pytest.mark.parametrize("unknown", [[], [0], [1], [2], [0, 1]])
def test_gradient_equals_finite_differences(rng, unknown):
    labels, outputs = draw(rng, 3, size=4)
    labels[:, unknown] = np.nan
    _, gradient = value_and_gradient(gaussian_nll, labels, outputs)
    step = 1e-6
    for k in range(outputs.shape[1]):
        shift = step * np.eye(outputs.shape[1])[k]
        difference = (np.asarray(gaussian_nll(labels, outputs + shift)) - gaussian_nll(labels, outputs - shift)) / 2
        np.testing.assert_allclose(gradient[:, k], difference / step, rtol=1e-6, atol=1e-6)


def extremes():
    """All combinations of log-variances from −100 to 100, with large and small residuals and couplings."""
    s = np.linspace(-100, 100, 9)
    s = np.stack(np.meshgrid(s, s, s), -1).reshape(-1, 3)
    rest = [(0.1, -0.2, 0.3, 0.7, -3, 0), (100, 0, 5, 1e-3, 20, 1), (0.5, 0.2, 1, 0, 0, 1)]
    outputs = [np.concatenate([np.tile(r[:3], (len(s), 1)), s, np.tile(r[3:], (len(s), 1))], 1) for r in rest]
    return np.concatenate(outputs).astype(np.float32)


@pytest.mark.parametrize("unknown", [[], [0], [1], [0, 2]])
def test_finite_for_log_variances_from_minus_100_to_100(unknown):
    outputs = extremes()
    labels = np.tile(np.float32([0.5, 0.2, 1]), (len(outputs), 1))
    labels[:, unknown] = np.nan
    for loss in (gaussian_nll, GaussianNegativeLogLikelihood()):
        value, gradient = value_and_gradient(loss, labels, outputs)
        assert np.isfinite(value).all()
        assert np.isfinite(gradient).all()
        # clipping by norm and Adam square it
        assert loss is gaussian_nll or np.isfinite(np.square(gradient).sum())


def test_exact_where_float32_holds_the_value():
    outputs = extremes()
    labels = np.tile(np.float32([0.5, 0.2, 1]), (len(outputs), 1))
    exact = np.asarray(gaussian_nll(labels.astype(np.float64), outputs.astype(np.float64)))
    held = exact < 2e37
    assert held.mean() > 0.3
    # exp in float32 has the rounding of its argument: 50 · 2^−24, and the squares double it
    np.testing.assert_allclose(gaussian_nll(labels, outputs)[held], exact[held], rtol=2e-5, atol=1e-5)


def test_gradients_at_minus_60_are_those_of_float64():
    outputs = np.array([[0.1, -0.2, 0.3, -60, -50, -55, 0.7, -3, 0.2]])
    labels = np.array([[0.1001, -0.2, 0.3]])
    value, gradient = value_and_gradient(gaussian_nll, labels, outputs)
    value32, gradient32 = value_and_gradient(gaussian_nll, labels.astype("f4"), outputs.astype("f4"))
    assert abs(gradient).max() > 1e20
    # the residual itself is a difference of rounded numbers
    np.testing.assert_allclose(gradient32, gradient, rtol=3e-3)
    np.testing.assert_allclose(value32, value, rtol=3e-3)


@pytest.mark.parametrize(
    ("labels", "outputs"),
    [((4,), (4, 2)), ((4, 1), (4, 9)), ((1, 3), (4, 9)), ((4, 3), (4, 8)), ((4, 3), (9,))],
)
def test_shapes_that_do_not_match_are_refused(labels, outputs):
    for loss in (gaussian_nll, GaussianNegativeLogLikelihood()):
        with pytest.raises(ValueError, match="outputs"):
            loss(tf.zeros(labels), tf.zeros(outputs))


def test_keras_loss_is_the_mean_and_serialisable(rng):
    labels, outputs = (array.astype(np.float32) for array in draw(rng, 3))
    loss = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(GaussianNegativeLogLikelihood()))
    np.testing.assert_allclose(loss(labels, outputs), np.mean(gaussian_nll(labels, outputs)), rtol=1e-5)


def test_huber_is_kerass_over_delta_and_has_slopes_of_at_most_one(rng):
    labels, outputs = rng.normal(size=(2, 60, 3)).astype(np.float32)
    outputs[:20] = labels[:20] + rng.uniform(-0.3, 0.3, (20, 3))
    value, gradient = value_and_gradient(lambda y, x: huber(y, x, 0.2), labels, outputs)
    expected = keras.losses.Huber(0.2, reduction=None)(labels, outputs) / 0.2
    np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradient, np.clip((outputs - labels) / 0.2, -1, 1) / 3, atol=1e-6)


def test_absolute_error_is_hubers_limit(rng):
    labels, outputs = rng.normal(size=(2, 60, 3)).astype(np.float32)
    np.testing.assert_allclose(mean_absolute_error(labels, outputs), np.abs(labels - outputs).mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(huber(labels, outputs, 1e-6), mean_absolute_error(labels, outputs), atol=1e-6)


@pytest.mark.parametrize("objective", ["huber", "mae"])
def test_unknown_labels_of_a_point_head_have_no_part_in_the_loss(rng, objective):
    labels, outputs = rng.normal(size=(2, 8, 3)).astype(np.float32)
    labels[::2, 1] = np.nan
    value, gradient = value_and_gradient(find_loss(objective), labels, outputs)
    known = np.where(np.isnan(labels), outputs, labels)
    np.testing.assert_allclose(value, find_loss(objective)(known, outputs), rtol=1e-6)
    assert np.all(np.isnan(labels) == (gradient == 0))


def test_shapes_of_a_point_head_must_match():
    with pytest.raises(ValueError, match=r"one shape, found \(4, 3\) and \(4, 9\)"):
        huber(np.zeros((4, 3)), np.zeros((4, 9)))


def test_unknown_objectives_are_refused_with_those_there_are():
    with pytest.raises(
        ValueError, match="no objective 'rmse'; there are censored_gaussian_nll, gaussian_nll, huber, mae, mse"
    ):
        find_loss("rmse")
