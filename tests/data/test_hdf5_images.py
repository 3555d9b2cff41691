"""Images in HDF5 files."""

import h5py
import numpy as np
import pytest
from toy_images import EXPECTED, read

from gampen_tf.core import Flag


def test_hdf5(tmp_path):
    path = tmp_path / "images.h5"
    with h5py.File(path, "w") as file:
        file["images"] = EXPECTED
        file["group/bands"] = EXPECTED[..., None] * 1e-3
        file["group/bands"].attrs.update({"unit": "uJy", "pixel_scale": 0.168})
        file["labels"] = np.ones((5, 3))
        file["coarse"] = EXPECTED
        file["coarse"].attrs["pixel_scale"] = 0.3
    np.testing.assert_array_equal(read(path)[0][..., 0], EXPECTED)
    np.testing.assert_allclose(read(f"{path}[group/bands]")[0][..., 0], EXPECTED, rtol=1e-6)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(read(file["images"])[0][..., 0], EXPECTED)
    with pytest.raises(ValueError, match="no dataset 'nope'; there are"):
        read(f"{path}[nope]")
    with pytest.raises(ValueError, match="image 0: pixel scale 0.3″"):
        read(f"{path}[coarse]")
    with h5py.File(tmp_path / "two.h5", "w") as file:
        file["a"], file["b"] = EXPECTED, EXPECTED
    with pytest.raises(ValueError, match=r"found a, b\. Choose one as"):
        read(tmp_path / "two.h5")


def test_a_damaged_chunk_of_hdf5_costs_its_own_image_alone(tmp_path):
    path = tmp_path / "images.h5"
    with h5py.File(path, "w") as file:
        chunks = file.create_dataset("images", data=EXPECTED, chunks=(1, 9, 9), fletcher32=True)
        at = chunks.id.get_chunk_info(2).byte_offset
    with open(path, "r+b") as file:
        file.seek(at + 8)
        file.write(b"\xff\x00\xff")
    found, flags, _ = read(path)
    assert flags.tolist() == [0, 0, Flag.UNREADABLE, 0, 0]
    np.testing.assert_array_equal(found[[0, 1, 3, 4], ..., 0], EXPECTED[[0, 1, 3, 4]])
