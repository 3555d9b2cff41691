"""Units of pixels as zero points."""

import pytest

from gampen_tf.data import Refusal
from gampen_tf.data.units import unit_zero_point


def test_units_that_are_counts_flux_or_neither():
    counts = ("ADU", "electrons/s", "DN / s", "count", "e-/sec", "")
    assert [unit_zero_point(unit, 0.2) for unit in counts] == [None] * 6
    assert unit_zero_point("mgy", 0.2) == 0
    for unit in ("mag", "Jy/beam", "K", "gibberish"):
        with pytest.raises(Refusal):
            unit_zero_point(unit, 0.2)
