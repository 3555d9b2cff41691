"""Images of drawn galaxies."""

import numpy as np
import pytest

from gampen_tf.rendering import Component, draw_stamp
from gampen_tf.simulation import load_recipe
from gampen_tf.simulation.galaxies import draw_galaxy
from gampen_tf.simulation.psf_families import psf_of


@pytest.mark.parametrize(("name", "n_galaxies", "period"), [("kids_r", 12, 1000), ("candels_f160w", 4, 1600)])
def test_galaxies_of_the_other_recipes_equal_those_on_a_long_period(name, n_galaxies, period):
    recipe = load_recipe(name)
    for index in range(n_galaxies):
        galaxy = draw_galaxy(recipe, 11, index)
        components = [Component(**one, x=galaxy["x"], y=galaxy["y"]) for one in galaxy["components"].values()]
        components += [Component(**one) for one in galaxy["neighbours"]]
        options = components, psf_of(recipe, galaxy), recipe.size, recipe.pixel_scale
        image, reference = draw_stamp(*options).astype(np.float64), draw_stamp(*options, period=period)
        assert abs(image - reference).max() < 1e-3 * reference.max()
        assert image.sum() == pytest.approx(reference.sum(dtype=np.float64), rel=1e-3)
