"""Heads, and the outputs of a Gaussian one."""

import copy

import numpy as np
import pytest
import tensorflow as tf

from gampen_tf.layers import (
    HEADS,
    GaussianHead,
    PointHead,
    find_head,
    mixture_parameters,
    n_from_outputs,
    n_outputs,
    scale_tril,
    split_outputs,
)


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


def test_heads_go_by_their_names_and_a_copy_is_the_same_head():
    assert [find_head(name) for name in ("gaussian", "point")] == [GaussianHead(), PointHead()] == list(HEADS.values())
    for head in HEADS.values():
        assert find_head(head) is head
        assert copy.deepcopy(head) == head
    assert GaussianHead() != PointHead()
    with pytest.raises(ValueError, match="head 'mixture'; expected one of 'gaussian', 'point'"):
        find_head("mixture")


def test_the_components_of_a_point_head_have_no_width(rng):
    outputs = rng.normal(size=(4, 2, 3)).astype(np.float32)
    means, factors = PointHead().components(outputs)
    np.testing.assert_array_equal(means, outputs)
    assert factors.shape == (4, 2, 3, 3)
    assert not np.any(factors)
    assert PointHead().n_outputs(3) == 3
