"""Errors by linear propagation, with white and with correlated noise."""

import numpy as np
import pytest
from scipy import linalg

from gampen_tf.classical.covariance import covariance_of, errors_of


def test_covariance_with_correlated_noise_is_that_of_the_whole_matrix(rng):
    """Least squares with the wrong weights: (A Aᵀ)⁻¹ A R Aᵀ (A Aᵀ)⁻¹, R written out."""
    slopes = rng.normal(size=(3, 6, 6))
    row = linalg.toeplitz([1, 0.5, 0.1, 0, 0, 0])
    kernel = np.outer([0.1, 0.5, 1, 0.5, 0.1], [0.1, 0.5, 1, 0.5, 0.1])
    flat = slopes.reshape(3, -1)
    inverse = np.linalg.inv(flat @ flat.T)
    expected = inverse @ flat @ np.kron(row, row) @ flat.T @ inverse
    np.testing.assert_allclose(covariance_of(slopes, np.ones(3, bool), kernel), expected, rtol=1e-8)
    np.testing.assert_allclose(covariance_of(slopes, np.ones(3, bool)), inverse, rtol=1e-8)
    assert not covariance_of(slopes, np.array([True, False, True]))[1].any()


def test_errors_of_a_product():
    covariance = np.array([[0.04, 0.01], [0.01, 0.09]])
    found = errors_of(lambda p: {"product": p[0] * p[1]}, np.array([2.0, 3.0]), covariance)
    assert found["product"] == pytest.approx(np.sqrt(9 * 0.04 + 4 * 0.09 + 2 * 6 * 0.01), rel=1e-3)
