"""Sérsic profiles against GalSim, closed forms and integration."""

import galsim
import numpy as np
import pytest
from scipy import integrate, special

from gampen_tf.rendering import (
    sersic_transform,
    surface_brightness,
)


@pytest.mark.parametrize("sersic_index", [0.8, 0.8001, 1.0, 2.37, 3.1234, 5.0, 5.55555])  # ours and GalSim's own
def test_transform_table_equals_galsim(sersic_index):
    k = np.array([0.0, 2e-3, 0.1, 1.0, 7.7, 60.0, 400.0])
    profile = galsim.Sersic(n=sersic_index, half_light_radius=1.0)
    expected = [profile.kValue(one, 0).real for one in k]
    found = sersic_transform((k**2).astype(np.float32), sersic_index)
    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize("sersic_index", [1.0, 1.0 + 1e-9])
def test_transform_of_an_exponential_is_the_closed_form(sersic_index):
    scale = 1 / special.gammaincinv(2, 0.5)
    k = np.geomspace(1e-2, 1e2, 50)
    found = sersic_transform((k**2).astype(np.float32), sersic_index)
    np.testing.assert_allclose(found, (1 + (k * scale) ** 2) ** -1.5, atol=1e-5)


def test_transform_of_a_gaussian_is_the_closed_form():
    k = np.geomspace(1e-2, 1e2, 50)
    found = sersic_transform((k**2).astype(np.float32), 0.5 + 1e-9)
    np.testing.assert_allclose(found, np.exp(-(k**2) / (4 * np.log(2))), atol=1e-6)


@pytest.mark.parametrize("sersic_index", [0.1, 0.25, 7.0, 8.0])  # beyond what GalSim has
def test_transform_equals_integration(sersic_index):
    log_near, far = np.linspace(-30, 0, 20_001), np.linspace(1, 1e4, 2_000_001)
    for k in (0.01, 0.5, 3.0, 12.0):
        # The cusp in ln r, the wings with many steps an oscillation.
        near = np.exp(log_near)
        expected = 2 * np.pi * integrate.simpson(
            near**2 * surface_brightness(near**2, sersic_index) * special.j0(k * near), x=log_near
        ) + 2 * np.pi * integrate.simpson(far * surface_brightness(far**2, sersic_index) * special.j0(k * far), x=far)
        assert sersic_transform(np.float32([k**2]), sersic_index)[0] == pytest.approx(expected, abs=5e-6)


@pytest.mark.parametrize("sersic_index", [0.8, 4.0])
def test_surface_brightness_holds_half_of_the_light_within_the_radius(sersic_index):
    def light(radius):
        return integrate.quad(lambda r: 2 * np.pi * r * surface_brightness(r**2, sersic_index), 0, radius, limit=200)[0]

    assert light(1.0) == pytest.approx(0.5, rel=1e-6)
