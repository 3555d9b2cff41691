"""Structured discs in recipes: drawn, and true in the catalogue."""

import numpy as np
import pytest
from toy_recipes import toy_recipe

from gampen_tf.rendering import Component, MoffatPsf, draw_stamp
from gampen_tf.simulation import RecipeError, load_recipe
from gampen_tf.simulation.catalogue import draw_catalogue
from gampen_tf.simulation.galaxies import draw_galaxy
from gampen_tf.simulation.lights import lights_of

DISC = {"effective_radius": 1.2, "sersic_index": 1.0, "axis_ratio": 0.6, "position_angle": 20}
BULGE = {**DISC, "effective_radius": 0.4, "sersic_index": 3.0}
STRUCTURE = {"arm_contrast": {"uniform": [0.5, 0.9]}, "knot_share": 0.1, "knot_number": 20, "ring_contrast": 0.5}
KIND = {
    "fraction": 1.0,
    "bulge_to_total": 0.3,
    "components": {"disc": DISC, "bulge": BULGE},
    "structure": STRUCTURE,
}


def recipe_of(**changes):
    return load_recipe(toy_recipe(galaxies={"spiral": {**KIND, **changes}}))


def test_flux_and_half_light_radius_are_those_of_the_light_as_drawn():
    recipe = recipe_of()
    catalogue = draw_catalogue(recipe, 1, range(3))
    smooth = draw_catalogue(recipe_of(structure={}), 1, range(3))
    for row in range(3):
        components, discs = lights_of(draw_galaxy(recipe, 1, row))
        size, scale = 601, 0.05
        image = draw_stamp(components, MoffatPsf(0.1, 8.0), size, scale, discs=discs).astype(np.float64)
        y, x = (np.mgrid[:size, :size] - (size - 1) / 2) * scale
        distance, flux = np.hypot(x, y), catalogue["flux"][row]
        assert image.sum() == pytest.approx(flux, rel=5e-3)  # a bulge of n = 3 has wings beyond the frame
        inside = [image[distance < r].sum() for r in catalogue["effective_radius"][row] * np.array([0.98, 1.02])]
        assert inside[0] < 0.5 * flux < inside[1]
        assert catalogue["effective_radius"][row] != pytest.approx(smooth["effective_radius"][row], rel=0.01)


def test_structure_changes_neither_the_galaxy_nor_its_place_in_the_stream():
    with_structure, without = draw_galaxy(recipe_of(), 1, 4), draw_galaxy(recipe_of(structure={}), 1, 4)
    assert with_structure["components"] == without["components"]
    assert with_structure["psf"] == without["psf"]
    assert with_structure["structure"]["knot_seed"] != draw_galaxy(recipe_of(), 1, 5)["structure"]["knot_seed"]


def test_a_galaxy_without_structure_is_components_alone():
    components, discs = lights_of(draw_galaxy(recipe_of(structure={}), 1, 0))
    assert not discs
    assert [type(one) for one in components] == [Component, Component]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"structure": {"arms": 1.0}}, "galaxies.spiral.structure.arms: expected one of the keys arm_contrast"),
        ({"structure": {"arm_contrast": 1.5}}, "galaxies.spiral.structure.arm_contrast: expected values from 0 to 1"),
        ({"components": {"sersic": DISC}}, "galaxies.spiral.structure: expected a component named disc"),
    ],
)
def test_errors_name_the_key(changes, message):
    with pytest.raises(RecipeError) as caught:
        recipe_of(**changes)
    assert message in str(caught.value)
