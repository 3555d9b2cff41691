"""Stamps of PSFs: their sum and their size."""

import numpy as np
import pytest

from gampen_tf.data.psf_stamps import about_centre, with_unit_sum


def test_stamps_get_the_sum_one_and_those_without_light_are_zeros():
    stamps = np.random.default_rng(1).uniform(0, 5, (5, 7, 7))
    stamps[1], stamps[2, 3, 3], stamps[3] = 0.0, np.nan, -stamps[3]
    found = with_unit_sum(stamps)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=(1, 2)), [1, 0, 0, 0, 1], atol=1e-6)
    assert not found[1:4].any()
    np.testing.assert_allclose(found[4] / found[4, 0, 0], stamps[4] / stamps[4, 0, 0], rtol=1e-6)


@pytest.mark.parametrize(("old", "new"), [((7, 7), (3, 3)), ((3, 5), (7, 7)), ((7, 3), (5, 5)), ((8, 8), (4, 6))])
def test_the_centre_stays_the_centre(old, new):
    stamp = np.zeros((2, *old))
    stamp[:, old[0] // 2, old[1] // 2] = 1.0
    found = about_centre(stamp, new)
    assert found.shape == (2, *new)
    assert np.all(found[:, new[0] // 2, new[1] // 2] == 1)
    assert found.sum() == 2


def test_cut_and_padded_again_only_the_rim_is_lost():
    stamp = np.random.default_rng(2).normal(size=(9, 9))
    again = about_centre(about_centre(stamp, (5, 5)), (9, 9))
    np.testing.assert_array_equal(again[2:-2, 2:-2], stamp[2:-2, 2:-2])
    assert np.count_nonzero(again) == 25
