"""Galaxies drawn again from values."""

import numpy as np
import pytest
from toy_evaluations import small_data
from toy_recipes import toy_recipe

from gampen_tf import simulate
from gampen_tf.data import JoinedDataSet
from gampen_tf.rendering import light_within
from gampen_tf.simulation import load_recipe, redraw, reduced_chi_squared
from gampen_tf.simulation.galaxies import draw_galaxy
from gampen_tf.simulation.redraw import _as_measured


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    recipe = toy_recipe(parameters=["magnitude", "semi_major_axis", "axis_ratio", "position_angle", "sersic_index"])
    return simulate(recipe, tmp_path_factory.mktemp("shapes") / "data", n_images=12, workers=1, progress_bar=False)


@pytest.mark.parametrize("shape", [("axis_ratio", "position_angle"), ("eta1", "eta2")])
def test_galaxies_redrawn_with_true_values_are_the_galaxies(data, shape):
    names = ["magnitude", "semi_major_axis", "sersic_index", *shape]
    models = redraw(data, np.arange(12), data.truth(names), names)
    noise = (data.images()[..., 0] - models) / 2.0
    # 12 × 32² standard normal pixels
    assert abs(np.mean(noise**2) - 1) < 4 * np.sqrt(2 / noise.size)


@pytest.fixture(scope="module")
def galaxies(tmp_path_factory):
    """Of one and of two components."""
    return small_data(tmp_path_factory.mktemp("galaxies") / "small", 20)


def test_redrawn_with_its_true_values_a_galaxy_is_itself(galaxies):
    names = ["bulge_to_total", "effective_radius", "flux"]
    rows = np.arange(6)
    truth = galaxies.truth(names)[rows]
    images, models = galaxies.images(rows)[..., 0], redraw(galaxies, rows, truth, names)
    # what is left is the noise: χ² of 256 pixels has a standard deviation of √(2/256) = 0.088
    chi_squared = reduced_chi_squared(images, models, 1.6, np.full(6, 10.0), 0.168)
    np.testing.assert_allclose(chi_squared, 1.0, atol=0.4)
    # twice the flux is twice the image, wherever the light is
    doubled = redraw(galaxies, rows, truth * [1, 1, 2], names)
    np.testing.assert_allclose(doubled, 2 * models, rtol=1e-4, atol=1e-3 * np.max(models))
    for absurd in (np.nan, 1e30):
        assert np.all(np.isnan(redraw(galaxies, rows[:1], np.full((1, 3), absurd), names)))


def test_redrawn_galaxies_have_the_radius_that_was_measured(galaxies):

    recipe = load_recipe(galaxies.recipe)
    measured = {"bulge_to_total": 0.3, "effective_radius": 1.7, "flux": 5e5}
    for index in range(8):
        components, _ = _as_measured(draw_galaxy(recipe, 3, index), measured, recipe)
        flux = np.array([component.flux for component in components])
        assert flux.sum() == pytest.approx(5e5)
        arrays = [
            np.array([getattr(component, key) for component in components])
            for key in ("effective_radius", "axis_ratio", "sersic_index")
        ]
        inside, _ = light_within(np.full(len(components), 1.7), *arrays)
        assert np.sum(flux * inside) == pytest.approx(2.5e5, rel=1e-6)


def test_chi_squared_counts_the_circle_alone():
    model = np.zeros((1, 21, 21))
    image = np.full((1, 21, 21), 100.0)
    y, x = np.mgrid[-10:11, -10:11]
    image[0, np.hypot(x, y) <= 5] = 3.0
    assert reduced_chi_squared(image, model, 1.5, [5.0], 1.0)[0] == pytest.approx(4.0)


def test_joined_data_sets_are_refused(galaxies):
    both = JoinedDataSet([galaxies, galaxies])
    with pytest.raises(ValueError, match="several data sets joined, of a recipe each"):
        redraw(both, [0], both.truth(["flux"])[:1], ["flux"])
