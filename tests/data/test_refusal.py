"""Pixels that make an image unusable."""

import numpy as np
from toy_images import read

from gampen_tf.core import Flag


def test_unusable_pixels_flag_their_own_image_alone(image):
    stack = np.stack([image] * 5).astype(float)
    stack[1, 3, 3], stack[2, 0, 0], stack[3] = np.nan, -np.inf, 7
    found, flags, reasons = read(stack)
    assert flags.tolist() == [0, Flag.NONFINITE_PIXELS, Flag.NONFINITE_PIXELS, Flag.EMPTY_IMAGE, 0]
    np.testing.assert_array_equal(np.isnan(found).all(axis=(1, 2, 3)), [False, True, True, True, False])
    np.testing.assert_array_equal(found[4, ..., 0], image)
    assert reasons[1] == "1 of 81 pixels NaN or infinite"
