"""Data sets by their folder: written images, and a catalogue whose images are drawn when they are asked for."""

import numpy as np
import pytest
from toy_recipes import toy_recipe

from gampen_tf import DataSet, open_dataset, simulate
from gampen_tf.simulation import DrawnDataSet, as_dataset, description


def test_a_catalogue_alone_is_a_data_set(tmp_path, monkeypatch):
    written = simulate(toy_recipe(), tmp_path / "written", n_images=30, seed=3, workers=1, progress_bar=False)
    options = {"n_images": 30, "workers": 1, "format": "drawn", "progress_bar": False}
    drawn = simulate(toy_recipe(), tmp_path / "drawn", seed=3, **options)
    assert isinstance(drawn, DrawnDataSet)
    assert sorted(path.name for path in drawn.path.iterdir()) == ["catalogue.fits", "dataset.json", "digests"]
    monkeypatch.setattr(description, "draw_catalogue", None)  # it is drawn once
    for again in (open_dataset(drawn.path), simulate(toy_recipe(), drawn.path, seed=3, **options)):
        np.testing.assert_array_equal(again.truth(), written.truth())
        np.testing.assert_array_equal(again.split("test"), written.split("test"))
        np.testing.assert_array_equal(again.images([4, 29]), written.images([4, 29]))
    with pytest.raises(ValueError, match="holds a data set with seed 3, but 4 was asked for"):
        simulate(toy_recipe(), drawn.path, seed=4, **options)
    with pytest.raises(ValueError, match="give gampen_tf.open_dataset of it"):
        DataSet(drawn.path, drawn.metadata, drawn.catalogue)
    joined = as_dataset([drawn.path, written.path])
    np.testing.assert_array_equal(joined.images([4, 34])[0], joined.images([4, 34])[1])


def test_what_is_no_data_set_is_refused():
    for nothing in ([], ()):
        with pytest.raises(ValueError, match="no data sets to join; expected one or more"):
            as_dataset(nothing)
    for wrong in (5, None, [5]):
        with pytest.raises(TypeError, match="expected a data set, its folder or a list of these, found (int|NoneType)"):
            as_dataset(wrong)
