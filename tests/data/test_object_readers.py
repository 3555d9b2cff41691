"""Images in memory: arrays, lists, streams, tables, objects of astropy, data sets."""

import numpy as np
import pandas
import pytest
from astropy.io import fits
from astropy.table import Table
from toy_images import EXPECTED, hdu_list, header_of, image_of, opened, read

from gampen_tf.core import Flag


def test_arrays_of_two_three_and_four_axes_are_the_same_images(image):
    stack = np.stack([image, 2 * image])
    np.testing.assert_array_equal(read(image)[0][0, ..., 0], image)
    np.testing.assert_array_equal(read(stack)[0][..., 0], stack)
    np.testing.assert_array_equal(read(stack[..., None])[0][..., 0], stack)
    np.testing.assert_array_equal(read([image, 2 * image])[0][..., 0], stack)
    np.testing.assert_array_equal(read(image[..., None])[0][0, ..., 0], image)


def test_bands_last_and_wrong_shapes():
    rng = np.random.default_rng(3)
    bands = rng.normal(size=(2, 9, 9, 3)).astype(np.float32)
    np.testing.assert_array_equal(read(bands, image_shape=(9, 9, 3))[0], bands)
    with pytest.raises(ValueError, match=r"So are all 2 images looked at"):
        read(bands)
    assert read([bands[0, ..., 0], np.zeros(5), rng.normal(size=(2, 9, 9, 1)), None])[1].tolist() == [0] + [
        Flag.WRONG_SHAPE
    ] * 2 + [int(Flag.WRONG_SHAPE)]
    with pytest.raises(ValueError, match=r"shape \(2, 2, 9, 9, 3\); expected"):
        read(np.stack([bands, bands]))
    with pytest.raises(ValueError, match="expected real numbers"):
        read(bands[0].astype(complex))


def test_nothing_to_read_is_an_error():
    with pytest.raises(ValueError, match="the list is empty"):
        read([])
    with pytest.raises(TypeError, match="cannot be read from int"):
        read(3)
    assert read(np.empty((0, 9, 9)))[0].shape == (0, 9, 9, 1)


def test_masked_arrays(image):
    stack = np.ma.masked_array(np.stack([image] * 2), mask=False)
    stack[1, 2, 2] = np.ma.masked
    assert read(stack)[1].tolist() == [0, Flag.MASKED_PIXELS]
    assert read(stack[1])[1].tolist() == [Flag.MASKED_PIXELS]
    assert read([stack[0], stack[1]])[1].tolist() == [0, Flag.MASKED_PIXELS]


def test_tf_data_streams(image):
    import tensorflow as tf

    stack = np.stack([image * scale for scale in range(7)])
    dataset = tf.data.Dataset.from_tensor_slices(stack)
    expected = read(stack)
    assert expected[1][0] == Flag.EMPTY_IMAGE
    for variant in (
        dataset,
        dataset.batch(3),
        dataset.map(lambda one: one[..., None]),
        dataset.map(lambda one: (one, 1.0)),
        dataset.batch(2).map(lambda many: {"images": many[..., None]}),
        dataset.filter(lambda _: True),
    ):
        cutouts = opened(variant)
        assert len(cutouts) == len(cutouts.names) == 7
        batches = list(cutouts.batches(3))
        assert [len(batch[1]) for batch in batches] == [3, 3, 1]
        np.testing.assert_array_equal(np.concatenate([batch[0] for batch in batches]), expected[0])
        np.testing.assert_array_equal(cutouts.read(2, 4)[0], expected[0][2:4])
    with pytest.raises(ValueError, match="infinite"):
        len(opened(dataset.repeat()))
    np.testing.assert_array_equal(read(tf.constant(stack))[0], expected[0])


def test_tables_of_paths_in_memory(folder):
    paths = [str(folder / f"galaxy_{number}.fits") for number in range(5)]
    table = Table({"object_id": np.arange(5) + 10, "file": paths, "magnitude": np.ones(5)})
    frame = table.to_pandas()
    for source in (table, frame, Table({"magnitude": np.ones(5), "where": paths}), table["file", "magnitude"]):
        np.testing.assert_array_equal(read(source)[0][..., 0], EXPECTED)
    assert opened(table).names == ["10", "11", "12", "13", "14"]
    assert opened(frame[["file"]]).names == paths
    frame["seen"] = frame.file[::-1].to_numpy()
    np.testing.assert_array_equal(read(frame, column="seen")[0][..., 0], EXPECTED[::-1])
    frame.loc[2, "file"] = None
    assert read(frame)[1].tolist() == [0, 0, Flag.UNREADABLE, 0, 0]
    with pytest.raises(ValueError, match="no column 'nope' in the table; there are object_id, file"):
        read(table, column="nope")
    with pytest.raises(ValueError, match="no column of paths"):
        read(table["object_id", "magnitude"])


def test_a_table_chooses_the_hdu_row_by_row(tmp_path):
    path = tmp_path / "stamps.fits"
    stamps = [fits.ImageHDU(image_of(seed), header_of(BUNIT="adu"), name=f"G{seed}") for seed in range(3)]
    hdu_list(*stamps).writeto(path)
    for hdus in ([3, 1, 2], ["G2", "G0", "G1"]):
        found = read(pandas.DataFrame({"path": [str(path)] * 3, "hdu": hdus}))[0]
        np.testing.assert_allclose(found[..., 0], 57.543994 * EXPECTED[[2, 0, 1]], rtol=1e-5)
