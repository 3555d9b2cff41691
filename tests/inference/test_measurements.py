"""Measurements before they are joined into a posterior."""

import numpy as np

from gampen_tf.inference.flagging import Flags
from gampen_tf.inference.measurements import Measured, passes_account, with_progress
from gampen_tf.inference.monte_carlo import Passes


def passes(n_passes, error):
    n = len(n_passes)
    return Passes(np.zeros((n, 4, 5), np.float32), np.array(n_passes), np.array(error))


def test_the_account_leaves_out_galaxies_without_a_measurement():
    account = passes_account(passes([4, 0, 16], [0.02, np.nan, 0.07]))
    assert account == {"n_passes": {"smallest": 4, "mean": 10.0, "largest": 16}, "monte_carlo_error": 0.07}
    assert passes_account(passes([0, 0], [np.nan, np.nan])) == {}


def test_the_bar_counts_galaxies_and_hands_measurements_on(capsys):
    parts = [Measured(0, first, passes([4] * n, [0.0] * n), Flags([0] * n)) for first, n in ((0, 3), (3, 2))]
    assert list(with_progress(iter(parts), 5, True)) == parts
    assert "5/5" in capsys.readouterr().err
    assert list(with_progress(iter(parts), 5, False)) == parts
    assert capsys.readouterr().err == ""
