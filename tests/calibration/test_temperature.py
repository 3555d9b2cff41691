"""Widths that are a factor too large or small."""

import numpy as np
import pytest
from toy_faults import LEVELS, coverage, pits, toy

from gampen_tf.calibration import (
    Temperature,
)
from gampen_tf.calibration.label_pits import label_pit, true_labels


@pytest.mark.parametrize("width", [0.5, 1.0, 1.6])
def test_temperature_is_the_inverse_of_the_fault(width):
    for shared in (False, True):
        fitted = Temperature.fit(*toy(2, width=width), shared=shared)
        # the error of a width from n = 8000 is 0.8 %, somewhat more for central mass and atoms; 4σ
        np.testing.assert_allclose(fitted.factors, 1 / width, rtol=0.05)
    assert len(set(fitted.factors)) == 1


def test_temperature_restores_coverage_of_other_galaxies():
    fitted = Temperature.fit(*toy(3, width=0.5))
    posterior, truth = toy(4, width=0.5)
    before, after = coverage(pits(posterior, truth)), coverage(pits(fitted.apply(posterior), truth))
    assert np.all(before[0] < 0.43)
    np.testing.assert_allclose(after, LEVELS[:, None] * np.ones(3), atol=0.025)


def test_rescaling_moves_neither_means_nor_ranks():
    posterior, truth = toy(5, n=500)
    wider = posterior.rescaled(np.array([2.0, 1.0, 0.5]))
    labels = true_labels(posterior, truth)
    for p, factor in enumerate((2.0, 1.0, 0.5)):
        expected = label_pit(posterior, labels[:, p], p, factor=factor, seed=3)
        np.testing.assert_allclose(label_pit(wider, labels[:, p], p, seed=3), expected, atol=1e-12)
