"""The censored likelihood against SciPy's integrals, and its gradients against differences."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, optimize, stats

from gampen_tf.layers import heads
from gampen_tf.training.censored import CensoredGaussianNegativeLogLikelihood, censored_gaussian_nll
from gampen_tf.training.losses import gaussian_nll

CLIPS = np.array([[-1.5, 1.8], [-np.inf, np.inf], [-np.inf, np.inf]])


def _outputs(rng, n_rows, spread=1.0):
    return rng.normal(0, spread, (n_rows, 9))


def _gaussian(outputs):
    mean, tril = heads.mixture_parameters(outputs)
    return mean, tril @ tril.T


@pytest.mark.parametrize("side", [0, 1])
def test_a_label_at_its_clip_has_the_probability_of_all_beyond(side):
    rng = np.random.default_rng(side)
    for outputs in _outputs(rng, 5):
        mean, covariance = _gaussian(outputs)
        labels = np.array([CLIPS[0, side], *(mean[1:] + rng.normal(0, 0.7, 2))])
        gaussian = stats.multivariate_normal(mean, covariance)
        ends = (-np.inf, CLIPS[0, 0]) if side == 0 else (CLIPS[0, 1], np.inf)
        expected, _ = integrate.quad(lambda z, y=labels, g=gaussian: g.pdf([z, *y[1:]]), *ends, epsabs=1e-14)
        found = censored_gaussian_nll(labels[None], outputs[None], CLIPS)
        assert float(found[0]) == pytest.approx(-np.log(expected), rel=1e-6)


def test_the_probabilities_of_all_labels_add_to_one():
    (outputs,) = _outputs(np.random.default_rng(2), 1, 0.5)
    one = np.array([outputs[0], outputs[3]])[None]  # a head of one parameter: mean and log-variance
    clips = CLIPS[:1]
    inside = np.linspace(*clips[0], 4001)[1:-1]
    density = np.exp(-np.asarray(censored_gaussian_nll(inside[:, None], np.repeat(one, len(inside), 0), clips)))
    atoms = np.exp(-np.asarray(censored_gaussian_nll(clips.T, np.repeat(one, 2, 0), clips)))
    assert np.trapezoid(density, inside) + atoms.sum() == pytest.approx(1.0, abs=1e-3)


def test_labels_inside_their_clips_have_the_plain_likelihood():
    rng = np.random.default_rng(3)
    outputs, labels = _outputs(rng, 20), np.clip(rng.normal(0, 1, (20, 3)), -1.4, 1.7)
    labels[::3, 1] = np.nan
    found = np.asarray(censored_gaussian_nll(labels, outputs, CLIPS))
    np.testing.assert_allclose(found, np.asarray(gaussian_nll(labels, outputs)), rtol=1e-6)


def test_unknown_labels_beside_a_clipped_one_are_integrated_out():
    rng = np.random.default_rng(4)
    (outputs,) = _outputs(rng, 1)
    mean, covariance = _gaussian(outputs)
    labels = np.array([CLIPS[0, 0], np.nan, mean[2] + 0.4])
    part = stats.multivariate_normal(mean[[0, 2]], covariance[np.ix_([0, 2], [0, 2])])
    expected, _ = integrate.quad(lambda z: part.pdf([z, labels[2]]), -np.inf, CLIPS[0, 0], epsabs=1e-14)
    found = float(censored_gaussian_nll(labels[None], outputs[None], CLIPS)[0])
    assert found == pytest.approx(-np.log(expected), rel=1e-6)


@pytest.mark.parametrize("first", [-1.5, 1.8, 0.2])
def test_gradients_are_those_of_differences(first):
    rng = np.random.default_rng(5)
    outputs, labels = tf.Variable(_outputs(rng, 1, 0.5)), np.array([[first, 0.3, -0.2]])
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(censored_gaussian_nll(labels, outputs, CLIPS))
    gradient = tape.gradient(value, outputs).numpy()[0]
    for k in range(9):
        step = np.zeros((1, 9))
        step[0, k] = 1e-5
        ends = [float(censored_gaussian_nll(labels, outputs.numpy() + s * step, CLIPS)[0]) for s in (1, -1)]
        assert gradient[k] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-7)


def test_far_from_the_clip_values_and_gradients_stay_finite():
    labels = np.array([[-1.5, 0.0, 0.0]] * 3, np.float32)
    outputs = np.zeros((3, 9), np.float32)
    outputs[:, 0], outputs[:, 3] = [5.0, 50.0, -50.0], [-4.0, -12.0, -12.0]
    outputs = tf.Variable(outputs)
    with tf.GradientTape() as tape:
        value = censored_gaussian_nll(labels, outputs, CLIPS)
    assert np.isfinite(value.numpy()).all()
    assert np.isfinite(tape.gradient(value, outputs).numpy()).all()
    expected = -stats.norm.logcdf((-1.5 - 5.0) / np.exp(-2.0)) + np.log(2 * np.pi)
    assert float(value[0]) == pytest.approx(expected, rel=1e-4)


def test_a_censored_fit_recovers_a_latent_gaussian():
    """Maximum likelihood on clipped draws finds mean and width of the draws before they were clipped."""
    rng = np.random.default_rng(6)
    labels = np.clip(rng.normal(1.5, 0.8, (20000, 1)), *CLIPS[0]).astype(np.float32)
    loss = CensoredGaussianNegativeLogLikelihood(CLIPS[:1])

    @tf.function
    def value_and_gradient(outputs):
        with tf.GradientTape() as tape:
            tape.watch(outputs)
            value = loss(labels, tf.repeat(outputs[None], len(labels), axis=0))
        return value, tape.gradient(value, outputs)

    def of_arrays(x):
        value, gradient = value_and_gradient(tf.constant(x, tf.float32))
        return float(value), gradient.numpy().astype(float)

    mean, log_variance = optimize.minimize(of_arrays, [0.0, 0.0], jac=True, method="L-BFGS-B").x
    assert mean == pytest.approx(1.5, abs=0.03)
    assert np.exp(0.5 * log_variance) == pytest.approx(0.8, abs=0.03)


def test_the_loss_is_saved_and_read():
    loss = CensoredGaussianNegativeLogLikelihood(CLIPS)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    rng = np.random.default_rng(7)
    labels, outputs = rng.normal(size=(4, 3)), _outputs(rng, 4)
    assert float(again(labels, outputs)) == float(loss(labels, outputs))
