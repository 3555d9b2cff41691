"""Bins, and metrics in them."""

import numpy as np
import pytest
from scipy.special import ndtr

from gampen_tf import metrics


def test_bins_hold_each_galaxy_once():
    rng = np.random.default_rng(12)
    by = rng.lognormal(size=1000)
    by[:3] = np.nan
    for edges in (metrics.bin_edges(by, 6), np.linspace(0, np.nanmax(by), 7)):
        bins = metrics.in_bins(len, by, edges, by)
        assert sum(b.n for b in bins) == 997
        assert all(b.result == b.n for b in bins if b.n >= 2)
    assert {b.n for b in metrics.in_bins(len, by, metrics.bin_edges(by, 7), by)} <= {142, 143}


def test_a_fault_in_one_bin_is_seen_there_alone():
    rng = np.random.default_rng(13)
    flux = rng.uniform(0, 4, 20_000)
    pit = ndtr(rng.normal(size=(20_000, 1)) / np.where(flux[:, None] < 1, 0.5, 1.0))
    mass = metrics.central_mass(pit)
    bins = metrics.in_bins(metrics.coverage_of_mass, flux, [0, 1, 2, 3, 4], mass)
    found = np.array([b.result.value[0, 0] for b in bins])
    np.testing.assert_allclose(found, [2 * ndtr(0.5) - 1, 0.6827, 0.6827, 0.6827], atol=4 * 0.0067)


def test_repeated_values_make_fewer_bins():
    by = np.concatenate([np.zeros(600), np.linspace(0.1, 1, 400)])
    edges = metrics.bin_edges(by, 4)
    assert np.all(np.diff(edges) > 0)
    assert sum(b.n for b in metrics.in_bins(len, by, edges, by)) == 1000
    assert metrics.in_bins(len, np.zeros(5), metrics.bin_edges(np.zeros(5)), np.zeros(5))[0].n == 5
    with pytest.raises(ValueError, match="no finite values"):
        metrics.bin_edges([np.nan, np.inf])
