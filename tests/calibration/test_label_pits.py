"""Ranks of true labels."""

import numpy as np
from scipy.stats import kstest
from toy_faults import pits, toy


def test_pit_with_atoms_is_uniform():
    posterior, truth = toy(1)
    assert np.mean(np.isin(truth[:, 0], (0, 1))) > 0.05
    for column in pits(posterior, truth).T:
        assert kstest(column, "uniform").pvalue > 1e-3
