"""Intervals from draws, and differences on a circle."""

import numpy as np
import pytest

from gampen_tf import metrics


def test_shortest_interval_is_shorter_than_any_other_with_as_many_draws():
    rng = np.random.default_rng(5)
    samples = rng.exponential(size=(50, 300, 1))
    lower, upper = metrics.highest_density_intervals(samples, [0.8])
    step = int(np.ceil(0.8 * 301))
    for i in range(50):
        ordered = np.sort(samples[i, :, 0])
        widths = [ordered[j + step] - ordered[j] for j in range(300 - step)]
        assert upper[i, 0, 0] - lower[i, 0, 0] == pytest.approx(min(widths), abs=1e-15)
    assert np.mean(lower) < 0.03  # the density of an exponential is highest at zero


def test_circular_difference_takes_the_short_way():
    np.testing.assert_allclose(metrics.circular_difference([1, 179, 90, 10], [179, 1, 0, 10]), [2, -2, -90, 0])
    angles = np.random.default_rng(0).uniform(-500, 500, (2, 1000))
    # independent: through the doubled angle on the unit circle
    expected = np.rad2deg(np.angle(np.exp(2j * np.deg2rad(angles[0] - angles[1])))) / 2
    np.testing.assert_allclose(metrics.circular_difference(*angles), expected, atol=1e-9)
