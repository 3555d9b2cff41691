"""What is known beside the pixels: masks, units, what is withheld."""

import numpy as np
import pytest

from gampen_tf.layers import FillMasked, InUnitsOf, RandomlyWithheld


def test_masked_pixels_take_the_value_half_a_turn_away(rng):
    image = rng.normal(size=(2, 5, 5, 1)).astype(np.float32)
    masked = image.copy()
    masked[0, 0, 1] = masked[1, 4, 2] = np.nan
    filled = np.asarray(FillMasked()(masked))
    assert filled[0, 0, 1, 0] == image[0, 4, 3, 0]
    assert filled[1, 4, 2, 0] == image[1, 0, 2, 0]
    good = np.isfinite(masked)
    np.testing.assert_array_equal(filled[good], image[good])


def test_a_symmetric_galaxy_is_restored_as_long_as_a_counterpart_is_left(rng):
    y, x = np.mgrid[:9, :9] - 4
    image = np.exp(-np.hypot(x, y))[None, ..., None].astype(np.float32)
    for mask in ([(0, 1)], [(0, 1), (8, 7)], [(0, 1), (8, 7), (1, 8)]):
        masked = image.copy()
        for row, column in mask:
            masked[0, row, column] = np.nan
        np.testing.assert_allclose(np.asarray(FillMasked()(masked)), image, rtol=1e-6)
    lost = image.copy()
    for row, column in [(0, 1), (8, 7), (1, 8), (7, 0)]:
        lost[0, row, column] = np.nan
    assert np.asarray(FillMasked()(lost))[0, 0, 1, 0] == 0


def test_each_image_is_divided_by_its_own_unit(rng):
    images = rng.normal(size=(3, 4, 4, 1)).astype(np.float32)
    units = np.array([[1.0], [2.0], [4.0]], np.float32)
    np.testing.assert_array_equal(np.asarray(InUnitsOf()([images, units])), images / units[:, :, None, None])


def test_features_are_withheld_of_whole_galaxies_and_in_training_alone():
    layer, features = RandomlyWithheld(0.3, seed=1), np.ones((4000, 6), np.float32)
    np.testing.assert_array_equal(np.asarray(layer(features)), features)
    kept = np.asarray(layer(features, training=True))
    assert set(np.unique(kept.sum(axis=1))) == {0.0, 6.0}  # all or nothing, and not rescaled
    assert np.mean(kept == 0) == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / 4000))
    with pytest.raises(ValueError, match="expected a fraction from 0 to 1"):
        RandomlyWithheld(1.5)
