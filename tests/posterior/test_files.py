"""Posteriors in files."""

import h5py
import numpy as np
import pytest

from gampen_tf.posterior import Posterior


def test_saved_and_loaded_posteriors_are_the_same(posterior, tmp_path):
    path = tmp_path / "posteriors.h5"
    posterior.save(path)
    posterior.save(path)  # replaces
    loaded = Posterior.load(path)
    np.testing.assert_array_equal(loaded.samples, posterior.samples)
    np.testing.assert_array_equal(loaded.interval(), posterior.interval())
    np.testing.assert_array_equal(loaded.flags, posterior.flags)
    assert (loaded.identifiers, loaded.metadata) == (posterior.identifiers, posterior.metadata)
    assert [p.name for p in tmp_path.iterdir()] == ["posteriors.h5"]


def test_files_that_are_none_of_ours_are_refused(posterior, tmp_path):
    other, newer = tmp_path / "other.h5", tmp_path / "newer.h5"
    with h5py.File(other, "w") as file:
        file["means"] = [1.0]
    with pytest.raises(ValueError, match="expected a posterior"):
        Posterior.load(other)
    posterior.save(newer)
    with h5py.File(newer, "a") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(ValueError, match="version 99"):
        Posterior.load(newer)
