"""Parts, splits and files of a data set."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from toy_simulations import make

from gampen_tf.data import layout

SPLIT = {"train": 0.7, "validation": 0.15, "test": 0.15}


@pytest.mark.parametrize("n_images", [1, 19, 20, 21, 400, 2559, 2560, 100_001])
def test_parts_hold_each_galaxy_once_in_order(n_images):
    ranges = layout.part_ranges(n_images)
    assert [index for first, last in ranges for index in range(first, last)] == list(range(n_images))
    assert max(last - first for first, last in ranges) <= 128
    assert len(ranges) >= min(n_images, 20)


@pytest.mark.parametrize("n_images", [20, 400, 10_000])
@pytest.mark.parametrize("split", [SPLIT, {"train": 0.64, "validation": 0.16, "test": 0.2}, {"test": 1.0}])
def test_splits_have_their_shares_to_within_a_part(n_images, split):
    ranges = layout.part_ranges(n_images)
    names = layout.assign_splits(ranges, split)
    sizes = np.array([last - first for first, last in ranges])
    for name, share in split.items():
        assert abs(sizes[np.array(names) == name].sum() - share * n_images) <= sizes.max()


@pytest.mark.parametrize("format", ["shards", "fits"])
def test_a_part_is_written_when_all_of_its_files_are_whole(tmp_path, format):
    data = make(tmp_path, format, n_images=40)
    recipe = SimpleNamespace(size=32, psf_size=15)
    ranges = layout.part_ranges(40)
    files = {file for number in range(len(ranges)) for file in layout.part_paths(number, 15)}
    if format == "fits":
        files = {layout.cutout_path(index) for index in range(40)}
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.glob("[sc]*/*")}
    assert written == files
    assert data.metadata["form"] == data.format == format  # the key that data sets on disk have

    def state():
        return [layout.part_is_written(tmp_path, format, part, *ends, recipe) for part, ends in enumerate(ranges)]

    assert state() == [True] * 20
    if format == "fits":
        (tmp_path / layout.cutout_path(7)).unlink()
    else:
        psfs = tmp_path / layout.part_paths(3, 15)[1]
        psfs.write_bytes(psfs.read_bytes()[:-4])
    assert state() == [True] * 3 + [False] + [True] * 16


def test_files_are_named_by_part_and_galaxy():
    assert layout.part_paths(12, None) == ["shards/shard-00012.f32"]
    assert layout.part_paths(12, 15) == ["shards/shard-00012.f32", "shards/psf-00012.f32"]
    assert layout.cutout_path(1234567) == "cutouts/1234567.fits"
    assert layout.record_shapes(SimpleNamespace(size=32, psf_size=None)) == [(32, 32)]
    assert layout.record_shapes(SimpleNamespace(size=32, psf_size=15)) == [(32, 32), (15, 15)]


def test_metadata_keep_the_order_of_their_keys():
    metadata = {"b": 1, "a": {"z": 0.1, "y": None}}
    assert list(json.loads(layout.metadata_bytes(metadata))) == ["b", "a"]
    assert json.loads(layout.metadata_bytes(metadata)) == metadata
