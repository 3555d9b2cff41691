"""The registry of parameters: complete entries, and one entry that is enough for all who read it."""

import dataclasses

import numpy as np
import pytest
from astropy import units
from astropy.table import Table
from toy_recipes import toy_recipe

from gampen_tf.core import KNOWN_PARAMETERS, KnownParameter, LabelScaler, Parameter, ParameterSet, wrapped_angle
from gampen_tf.core.known_parameter import Draw
from gampen_tf.core.known_parameters import (
    column_unit,
    component_parameters,
    derived_values,
    drawn_parameters,
    recipe_keys,
    symbol_of,
    temporarily_known,
    words_of,
    wrapped_values,
)
from gampen_tf.data import LabelledImages
from gampen_tf.evaluation.report_parts import plain_name
from gampen_tf.plots.style import axis_label
from gampen_tf.simulation import RecipeError, load_recipe
from gampen_tf.simulation.catalogue import draw_catalogue
from gampen_tf.simulation.images import draw_image
from gampen_tf.training import Augmentation
from gampen_tf.training.targets import find_parameters, fit_scaler

#: The area of the half-light ellipse: grows with the square of a zoom.
AREA = KnownParameter(
    parameter=Parameter("area", "arcsec2", (0, np.inf), "log"),
    symbol=r"$A$",
    words="half-light area",
    turns_with_image=False,
    period=None,
    zoom_power=2,
    unit_powers=(2, 0),
    of_one_component=True,
    draw=None,
    derived_from=("semi_major_axis", "axis_ratio"),
    derive=lambda semi_major_axis, axis_ratio: np.pi * semi_major_axis**2 * axis_ratio,
)


class Galaxies(LabelledImages):
    """A catalogue alone."""

    def __init__(self):
        columns = {"semi_major_axis": [1.0, 2.0, 3.0], "axis_ratio": [1.0, 0.5, 0.2], "split": ["train"] * 3}
        super().__init__("nowhere", {"image_shape": (8, 8, 1), "parameters": []}, Table(columns))

    def images(self, indices=None):
        raise NotImplementedError

    psfs = shards = images


@pytest.mark.parametrize("known", KNOWN_PARAMETERS.values(), ids=KNOWN_PARAMETERS)
def test_every_entry_is_complete(known):
    assert KNOWN_PARAMETERS[known.name] is known
    assert known.symbol.startswith("$")
    assert known.words
    assert units.Unit(known.unit).to_string() == known.unit
    assert isinstance(known.turns_with_image, bool)
    assert known.zoom_power is None or known.parameter.transform in ("identity", "log")
    assert known.period is None or known.turns_with_image
    if known.draw is None:
        assert known.derived_from
    elif known.draw.limits is None:
        assert known.draw.per == "galaxy"
    else:
        assert known.draw.limits[0] < known.draw.limits[1]
    if known.draw and known.draw.instead_of:
        other = KNOWN_PARAMETERS[known.draw.instead_of]
        assert known.draw.per == other.draw.per
        assert recipe_keys(other.name) == [other.name, known.name]
    assert set(known.derived_from) <= set(drawn_parameters())


def test_catalogues_hold_what_is_drawn_with_its_unit():
    table = draw_catalogue(load_recipe(toy_recipe()), 1, range(3))
    for name in drawn_parameters():
        assert str(table[name].unit or "") == KNOWN_PARAMETERS[name].unit
    for name in KNOWN_PARAMETERS.keys() - drawn_parameters():
        assert name not in table.colnames


def test_a_galaxy_of_two_components_has_no_value_that_is_one_components():
    recipe = load_recipe("hsc_wide_g")
    table = draw_catalogue(recipe, 1, range(20))
    two = np.isfinite(table["disc_flux"]) & np.isfinite(table["bulge_flux"])
    assert two.any()
    for name in drawn_parameters():
        assert np.isnan(table[name][two]).all() == KNOWN_PARAMETERS[name].of_one_component, name


def test_every_component_has_its_parameters_within_their_limits():
    table = draw_catalogue(load_recipe("hsc_wide_g"), 1, range(20))
    for part in ("disc", "bulge"):
        for name in component_parameters():
            low, high = KNOWN_PARAMETERS[name].draw.limits
            values = table[f"{part}_{name}"]
            assert np.all(np.isnan(values) | ((low <= values) & (values <= high)))


def test_one_entry_is_enough_for_a_new_parameter_of_components():
    boxiness = dataclasses.replace(
        AREA, parameter=Parameter("boxiness"), derived_from=(), derive=None, draw=Draw("component", (-1.0, 1.0))
    )
    with temporarily_known(boxiness):
        with pytest.raises(RecipeError, match=r"components.sersic.boxiness: expected a number or one distribution"):
            load_recipe(toy_recipe())
        recipe = toy_recipe(parameters=["boxiness"])
        component = recipe["galaxies"]["sersic"]["components"]["sersic"]
        component["boxiness"] = {"uniform": [-0.5, 1.5]}
        with pytest.raises(RecipeError, match=r"boxiness: expected values from -1 to 1"):
            load_recipe(recipe)
        component["boxiness"] = {"uniform": [-0.5, 0.5]}
        table = draw_catalogue(load_recipe(recipe), 1, range(30))
    assert np.ptp(table["boxiness"]) > 0.5
    np.testing.assert_array_equal(table["sersic_boxiness"], table["boxiness"])


def test_recipes_that_do_not_name_a_new_parameter_are_drawn_with_its_default():
    draw = Draw("component", (-1.0, 1.0), default=0.25)
    boxiness = dataclasses.replace(
        AREA, parameter=Parameter("boxiness"), derived_from=(), derive=None, draw=draw, of_one_component=True
    )
    before = draw_catalogue(load_recipe("hsc_wide_g"), 1, range(5))
    with temporarily_known(boxiness):
        after = draw_catalogue(load_recipe("hsc_wide_g"), 1, range(5))
        assert np.isfinite(draw_image(load_recipe("hsc_wide_g"), 1, 0)).all()
    for name in before.colnames:
        np.testing.assert_array_equal(after[name], before[name])
    single = np.isfinite(after["sersic_index"])
    np.testing.assert_array_equal(after["boxiness"][single], 0.25)


def test_values_that_repeat_are_wrapped_whatever_the_part_of_the_galaxy():
    for column in ("position_angle", "bulge_position_angle"):
        np.testing.assert_array_equal(wrapped_values(column, np.array([-90.0, 90.0, 170.0])), [-90, -90, -10])
    assert wrapped_values("disc_flux", 170.0) == 170.0


def test_what_a_quarter_turn_of_the_image_changes_is_marked():
    upright = {"axis_ratio": 0.5, "position_angle": 30.0, "x": 0.1, "y": 0.3, "flux": 9.0, "effective_radius": 1.0}
    turned = upright | {"position_angle": wrapped_angle(120.0), "x": -0.3, "y": 0.1}
    for galaxy in (upright, turned):
        galaxy.update({name: float(derived_values(name, galaxy.get)) for name in ("eta1", "eta2")})
    for name in upright:
        assert KNOWN_PARAMETERS[name].turns_with_image == (upright[name] != turned[name])


def test_units_of_columns_are_those_of_their_parameters():
    assert [column_unit(name) for name in ("flux", "disc_flux", "bulge_position_angle", "neighbour_x")] == [
        "nJy",
        "nJy",
        "deg",
        "arcsec",
    ]
    assert [column_unit(name) for name in ("disc_axis_ratio", "index", "reflux", "n_neighbours")] == [""] * 4


def test_one_entry_is_enough_for_a_new_parameter():
    data, names = Galaxies(), ["semi_major_axis", "area"]
    assert not data.knows("area")
    with temporarily_known(AREA):
        np.testing.assert_allclose(data.truth(names)[:, 1], np.pi * np.array([1.0, 2.0, 1.8]))
        parameters = find_parameters(data, names)
        assert parameters["area"] == AREA.parameter
        scaler = fit_scaler(data, parameters)
        np.testing.assert_allclose(scaler.transform(data.truth(names)).std(axis=0), 1)
        augmentation = Augmentation.for_labels(scaler, 1, zoom=(0.8, 1.2))
        assert augmentation.turns
        assert [power for power, *_ in augmentation.laws] == [1, 2]
        assert axis_label("area", "arcsec2") == "$A$ [arcsec2]"
        assert plain_name("predicted_area") == "predicted half-light area"
        with pytest.raises(ValueError, match="'area' is known already"), temporarily_known(AREA):
            pass
    assert "area" not in KNOWN_PARAMETERS
    assert axis_label("area") == "area"
    with pytest.raises(KeyError, match="no column 'area' in the catalogue; there are: semi_major_axis"):
        data.truth(names)


def test_a_new_parameter_with_a_direction_forbids_turns():
    with temporarily_known(dataclasses.replace(AREA, turns_with_image=True)):
        scaler = LabelScaler(ParameterSet([AREA.parameter]), [0.0], [1.0])
        assert Augmentation.for_labels(scaler, 2) == Augmentation(turns=False, max_shift=0)


def test_names_without_an_entry_are_their_own_words():
    assert (symbol_of("signal_to_noise"), words_of("signal_to_noise")) == ("S/N", "signal-to-noise ratio")
    assert (symbol_of("local_density"), words_of("local_density")) == ("local density", "local density")
