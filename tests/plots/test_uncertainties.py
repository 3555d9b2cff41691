"""Widths of intervals, absolute and as fractions."""

import numpy as np
import pytest
from toy_figures import NAMES, UNITS

from gampen_tf import plots


def test_fractions_are_of_what_was_given(truth):
    fractional_of = truth.copy()
    fractional_of[:, 0] = np.nan
    figure = plots.plot_uncertainties(0.1 * truth, truth, names=NAMES, fractional_of=fractional_of, against_units=UNITS)
    # B/T as it is, and 10 % of everything else
    assert figure.axes[0].get_ylim()[1] == pytest.approx(0.105 * np.quantile(truth[:, 0], 0.998))
    assert figure.axes[4].get_ylim()[1] == pytest.approx(0.105)
    assert "/" in figure.axes[4].get_ylabel()
