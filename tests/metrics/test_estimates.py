"""Errors of estimates."""

import numpy as np

from gampen_tf import metrics


def test_large_samples_keep_their_error():
    """Resamples of a part of the rows, scaled, give the same error as whole ones: σ/√(2n) for a standard deviation."""
    values = np.random.default_rng(3).normal(size=200_000)
    found = metrics.resampled(np.std, values)
    np.testing.assert_allclose(found.error, 1 / np.sqrt(400_000), rtol=0.2)


def test_proportion_is_never_certain():
    found = metrics.proportion([0, 50, 100, 0], [100, 100, 100, 0])
    np.testing.assert_allclose(found.value, [0, 0.5, 1, np.nan])
    assert np.all(found.error[:3] > 0)
    np.testing.assert_allclose(found.error[1], 0.05)
