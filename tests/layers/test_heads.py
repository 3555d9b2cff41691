"""The outputs of a Gaussian head."""

import numpy as np
import pytest
import tensorflow as tf

from gampen_tf.layers import mixture_parameters, n_from_outputs, n_outputs, scale_tril, split_outputs


def test_outputs_are_mean_log_variance_and_lower_triangle_by_rows():
    outputs = np.array([1, 2, 3, 0, np.log(4), np.log(9), 21, 31, 32.0])
    mu, log_variance, lower = split_outputs(outputs)
    np.testing.assert_array_equal(mu, [1, 2, 3])
    np.testing.assert_array_equal(log_variance, outputs[3:6])
    np.testing.assert_array_equal(lower, [[1, 0, 0], [21, 1, 0], [31, 32, 1]])
    np.testing.assert_allclose(scale_tril(outputs), [[1, 0, 0], [21, 2, 0], [31, 64, 3]])


def test_arrays_and_tensors_give_the_same_factor(rng):
    outputs = rng.normal(size=(50, n_outputs(4)))
    np.testing.assert_allclose(scale_tril(tf.constant(outputs)), scale_tril(outputs), rtol=1e-12)
    mean, factor = mixture_parameters(tf.constant(outputs, tf.float32))
    assert mean.dtype == factor.dtype == np.float64
    np.testing.assert_allclose(factor, scale_tril(outputs), rtol=1e-6)


def test_numbers_of_outputs():
    assert [n_outputs(n) for n in (1, 2, 3, 7)] == [2, 5, 9, 35]
    assert [n_from_outputs(k) for k in (2, 5, 9, 35)] == [1, 2, 3, 7]
    for k in (0, 1, 3, 10):
        with pytest.raises(ValueError, match="2, 5, 9"):
            n_from_outputs(k)
