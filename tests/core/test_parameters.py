"""Parameters and their transforms."""

import numpy as np
import pytest
from scipy.special import logit

from gampen_tf.core import Parameter, ParameterSet

MORPHOLOGY = ParameterSet(
    [
        Parameter("bulge_to_total", "", (0, 1), "logit", clip=0.01),
        Parameter("effective_radius", "arcsec", (0, np.inf), "log"),
        Parameter("position_angle", "deg", (-90, 90)),
    ]
)


@pytest.fixture
def values():
    rng = np.random.default_rng(1)
    return np.stack([rng.uniform(0, 1, 500), rng.uniform(0.1, 5, 500), rng.uniform(-90, 90, 500)], axis=-1)


def test_transforms_are_scipys_logit_and_the_logarithm():
    transformed = MORPHOLOGY.forward([[0.3, 2.0, -45.0]])
    np.testing.assert_allclose(transformed, [[logit(0.3), np.log(2.0), -45.0]], rtol=1e-14)


@pytest.mark.parametrize(("row", "column", "bad"), [(7, 0, 1.2), (3, 1, 0.0), (3, 1, -1.0), (9, 2, np.inf)])
def test_values_outside_the_bounds_are_refused_with_their_row(values, row, column, bad):
    values[row, column] = bad
    with pytest.raises(ValueError, match=rf"{MORPHOLOGY.names[column]}.*row {row}"):
        MORPHOLOGY.forward(values)


@pytest.mark.parametrize(
    "arguments",
    [
        {"transform": "sqrt"},
        {"bounds": (1, 0)},
        {"transform": "logit", "bounds": (0, 1)},
        {"transform": "logit", "clip": 0.01},
        {"transform": "log", "bounds": (-1, 1)},
        {"clip": 0.1},
        {"clip": 0.1, "transform": "log", "bounds": (0, 1)},
        {"clip": 0.5, "bounds": (0, 1)},
    ],
)
def test_parameters_that_make_no_sense_are_refused(arguments):
    with pytest.raises(ValueError, match="'x'"):
        Parameter("x", **arguments)


def test_the_wrong_number_of_parameters_is_refused():
    with pytest.raises(ValueError, match="expected 3 parameters"):
        MORPHOLOGY.forward(np.zeros((5, 2)))


def test_a_clipped_identity_keeps_values_and_makes_bounds_of_what_lies_beyond():
    share = Parameter("bulge_to_total", "", (0, 1), "identity", clip=0.01)
    np.testing.assert_array_equal(share.forward([0.0, 0.004, 0.3, 1.0]), [0.01, 0.01, 0.3, 0.99])
    np.testing.assert_array_equal(share.inverse([-3.0, 0.01, 0.3, 0.99, 2.0]), [0, 0, 0.3, 1, 1])
    assert share.transformed_clip == (0.01, 0.99)
