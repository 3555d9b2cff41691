"""Conversion of parameters: to imfit's and back, and to those of a catalogue."""

import galsim
import numpy as np
import pytest
from toy_galaxies import BULGE, DISC, SCALE

from gampen_tf.classical.parameters import PixelGrid, Sersic, Source, from_imfit, measured, to_imfit
from gampen_tf.rendering import half_light_radius


def test_conversion_goes_both_ways():
    grid = PixelGrid((60, 41), SCALE)
    source = Source(0.11, -0.3, (Sersic(3e4, 2.0, 3.3, 0.4, -70.0), Sersic(1e4, 0.7, 0.9, 0.9, 12.0)))
    centre, components = to_imfit(source, grid)
    vector = [*centre, *(one[name] for one in components for name in ("PA", "ell", "n", "I_e", "r_e"))]
    (back,) = from_imfit(np.array(vector), [2], grid)
    np.testing.assert_allclose([back.x, back.y], [source.x, source.y], atol=1e-12)
    for one, other in zip(back.components, source.components, strict=True):
        np.testing.assert_allclose(list(vars(one).values()), list(vars(other).values()), rtol=1e-12)


def test_surface_brightness_is_that_of_the_profile_at_its_half_light_radius():
    one = galsim.Sersic(n=2.7, half_light_radius=1.3, flux=5e3)
    _, (component,) = to_imfit(Source(0, 0, (Sersic(5e3, 1.3, 2.7),)), PixelGrid((50, 50), SCALE))
    assert component["I_e"] == pytest.approx(one.xValue(1.3, 0) * SCALE**2, rel=1e-6)


def test_measured_parameters_are_those_of_a_catalogue():
    disc, bulge = (
        Sersic(
            one["flux"],
            one["effective_radius"] / np.sqrt(one["axis_ratio"]),
            one["sersic_index"],
            one["axis_ratio"],
            one["position_angle"],
        )
        for one in (DISC, BULGE)
    )
    found = measured(Source(0, 0, (disc, bulge)), 31.4)
    rows = np.array(
        [[one[key] for one in (DISC, BULGE)] for key in ("flux", "effective_radius", "axis_ratio", "sersic_index")]
    )
    assert found["bulge_to_total"] == pytest.approx(3 / 7)
    assert found["effective_radius"] == pytest.approx(half_light_radius(*rows[:, None, :])[0], rel=1e-9)
    assert found["disc_effective_radius"] == pytest.approx(DISC["effective_radius"])
    # 2.5 log10(e) magnitudes to the zero point's e-fold
    assert measured(Source(0, 0, (disc, bulge)), 31.4 - 2.5)["flux"] == pytest.approx(10 * found["flux"])
