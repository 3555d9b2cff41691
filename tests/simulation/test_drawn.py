"""Data sets that are drawn when they are asked for."""

import numpy as np
import pytest
from toy_recipes import toy_recipe

from gampen_tf import simulate
from gampen_tf.simulation import DrawnDataSet

PSF = {
    "moffat": {"beta": 3.0, "fwhm": {"uniform": [0.6, 0.9]}, "axis_ratio": 1.0, "position_angle": 0},
    "image_size": 9,
}


@pytest.mark.parametrize("workers", [1, 2])
def test_it_is_the_data_set_that_simulate_writes(tmp_path, workers):
    recipe = toy_recipe(psf=PSF)
    written = simulate(recipe, tmp_path / "data", n_images=70, seed=4, workers=1, progress_bar=False)
    drawn = DrawnDataSet(recipe, 70, 4, workers=workers, progress_bar=False)
    assert drawn.catalogue.colnames == written.catalogue.colnames
    np.testing.assert_array_equal(drawn.truth(), written.truth())
    for split in ("train", "validation", "test"):
        np.testing.assert_array_equal(drawn.split(split), written.split(split))
    rows = np.r_[60:70, 3, 5:50]
    np.testing.assert_array_equal(drawn.images(rows), written.images(rows))
    np.testing.assert_array_equal(drawn.psfs(rows), written.psfs(rows))
    assert drawn.images([]).shape == (0, *written.image_shape)


def test_it_has_no_shards():
    drawn = DrawnDataSet(toy_recipe(), 5, progress_bar=False)
    with pytest.raises(ValueError, match="simulate it to have shards"):
        drawn.shards("train")
