"""The description and the catalogue of a data set in its folder."""

import numpy as np
import pytest
from astropy.table import Table
from toy_recipes import toy_recipe

from gampen_tf.simulation import load_recipe
from gampen_tf.simulation.description import check_output, describe, split_of_each, write_catalogue


def test_a_catalogue_drawn_by_workers_is_the_same(tmp_path):
    recipe = load_recipe(toy_recipe())
    description = describe(recipe, 600, 5, "drawn")
    tables = []
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        folder.mkdir()
        path = write_catalogue(recipe, description, folder, workers=workers, progress_bar=False)
        tables.append(Table.read(path))
    assert tables[0].colnames == tables[1].colnames
    for name in tables[0].colnames:
        np.testing.assert_array_equal(tables[0][name], tables[1][name])
    assert list(tables[0]["split"]) == list(split_of_each(description))


def test_a_folder_of_another_data_set_is_refused(tmp_path):
    recipe = load_recipe(toy_recipe())
    write_catalogue(recipe, describe(recipe, 6, 5, "drawn"), tmp_path, workers=1, progress_bar=False)
    check_output(tmp_path, describe(recipe, 6, 5, "drawn"))
    others = [(7, 5, "drawn", "n_images 6"), (6, 4, "drawn", "seed 5"), (6, 5, "fits", "format")]
    for number, seed, form, words in others:
        with pytest.raises(ValueError, match=f"holds a data set with {words}"):
            check_output(tmp_path, describe(recipe, number, seed, form))
