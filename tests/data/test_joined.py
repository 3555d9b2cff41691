"""Several data sets as one."""

import numpy as np
import pytest
from toy_simulations import make

from gampen_tf.data import JoinedDataSet


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    return make(tmp_path_factory.mktemp("data") / "shards", "shards")


def test_joined_data_sets_are_one(shards, tmp_path):
    other = make(tmp_path, "shards", n_images=20, name="other", noise={"gaussian": {"sigma": 5.0}})
    joined = JoinedDataSet([shards, other])
    assert len(joined) == 70
    np.testing.assert_array_equal(
        joined.images([60, 3, -1]), np.concatenate([other.images([10]), shards.images([3]), other.images([19])])
    )
    np.testing.assert_array_equal(joined.psfs([50]), other.psfs([0]))
    np.testing.assert_array_equal(joined.truth(), np.concatenate([shards.truth(), other.truth()]))
    np.testing.assert_array_equal(np.concatenate([rows for _, rows in joined.shards("test")]), joined.split("test"))
    np.testing.assert_array_equal(np.concatenate([rows for _, rows in joined.shards("all")]), joined.split("all"))
    with pytest.raises(IndexError, match="70 images"):
        joined.images([70])


def test_joined_data_sets_must_agree(shards, tmp_path):
    other = make(tmp_path, "shards", n_images=3, band="g")
    with pytest.raises(ValueError, match="differ in band cannot be joined: r in .*, g in"):
        JoinedDataSet([shards, other])
