"""The range of predictions."""

import numpy as np

from gampen_tf.models import PredictedRange


def test_predictions_beyond_the_range_are_flagged_and_atoms_are_not():
    rng = np.random.default_rng(9)
    radius, fraction = rng.uniform(0.1, 5, 20_000), np.clip(rng.normal(0.5, 0.5, 20_000), 0, 1)
    limits = PredictedRange.fit(np.stack([radius, fraction], 1), false_alarm=0.02)
    limits = PredictedRange.from_dict(limits.to_dict())
    new = np.stack([rng.uniform(0.1, 5, 20_000), np.clip(rng.normal(0.5, 0.5, 20_000), 0, 1)], 1)
    beyond = limits.is_beyond(new)
    assert abs(np.mean(beyond[:, 0]) - 0.02) < 4 * np.sqrt(0.02 * 2 / 20_000)
    assert not np.any(beyond[:, 1])
    np.testing.assert_array_equal(limits.is_beyond([[6.0, 0.5], [np.nan, 1.0]]), [[True, False], [False, False]])
