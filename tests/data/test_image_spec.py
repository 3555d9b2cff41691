"""The frame of a model and its centre."""

import numpy as np
import pytest
from toy_images import read

from gampen_tf.core import Flag
from gampen_tf.data import centre_start


@pytest.mark.parametrize("size", [9, 10, 11, 12, 240, 241])
@pytest.mark.parametrize("frame", [8, 9])
def test_the_central_pixel_stays_central(size, frame):
    centre = np.zeros((size, size), np.float32)
    centre[size // 2, size // 2] = 1
    found, flags, _ = read(centre, image_shape=(frame, frame, 1))
    assert found[0, frame // 2, frame // 2, 0] == 1
    assert found.sum() == 1
    assert flags[0] == (Flag.CROPPED if size > frame else 0)


def test_equal_parity_is_cut_alike_on_both_sides():
    assert [centre_start(241, 239), centre_start(100, 96), centre_start(239, 241)] == [1, 2, -1]
