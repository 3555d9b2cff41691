"""Batches of images as a model takes them."""

import numpy as np
import pytest
from memory_data import MemoryDataSet
from toy_models import toy_images, toy_model

from gampen_tf.core import Flag
from gampen_tf.inference import open_cutouts
from gampen_tf.inference.batches import batches, labelled_batches


def test_batches_are_the_images_in_order_and_do_not_cross_ranges():
    model, images = toy_model(), toy_images(10, 1)
    cutouts = open_cutouts(images, model)
    found = list(batches(model, cutouts, size=4, ranges=[(0, 6), (6, 6), (6, 10)]))
    assert [(batch.part, batch.first, len(batch.images)) for batch in found] == [
        (0, 0, 4),
        (0, 4, 2),
        (1, 6, 0),
        (2, 6, 4),
    ]
    np.testing.assert_array_equal(np.concatenate([batch.images for batch in found]), cutouts.images)


def test_labelled_batches_are_the_images_of_their_rows():
    model, images = toy_model(), toy_images(9, 2)
    images[5] = np.nan
    rows = np.array([8, 5, 1, 0, 3])
    found = list(labelled_batches(model, MemoryDataSet(images, {}), rows, size=2))
    assert [batch.first for batch in found] == [0, 2, 4]
    np.testing.assert_array_equal(
        np.concatenate([batch.images for batch in found]), open_cutouts(images[rows], model).images
    )
    flags = np.concatenate([batch.flags.bits for batch in found])
    np.testing.assert_array_equal(flags & Flag.NONFINITE_PIXELS != 0, rows == 5)


def test_an_error_of_the_reader_is_raised_where_batches_are_used():
    data = MemoryDataSet(toy_images(6, 3), {})
    read = data.images

    def broken(rows=None):
        if 4 in rows:
            raise OSError("shard is gone")
        return read(rows)

    data.images = broken
    found = labelled_batches(toy_model(), data, np.arange(6), size=2)
    assert [next(found).first, next(found).first] == [0, 2]
    with pytest.raises(OSError, match="shard is gone"):
        next(found)
