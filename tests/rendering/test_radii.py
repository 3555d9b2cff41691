"""Effective radii: the light within them."""

import galsim
import numpy as np
import pytest
from scipy import integrate

from gampen_tf.rendering import (
    circularised,
    half_light_radius,
    light_within,
    semi_major_axis,
    surface_brightness,
)


def test_half_light_radius_of_a_round_component_is_its_own():
    one = np.ones((5, 1))
    np.testing.assert_allclose(half_light_radius(one, 2.5 * one, one, np.linspace(0.8, 5, 5)[:, None]), 2.5, rtol=1e-8)


def test_light_within_equals_integration_over_the_ellipse():
    r_h, q, n, radius = 2.0, 0.3, 3.7, 1.6

    def integrand(r, theta):
        squared = (q * (r * np.cos(theta)) ** 2 + (r * np.sin(theta)) ** 2 / q) / r_h**2
        return surface_brightness(squared, n) / r_h**2 * r

    expected = integrate.dblquad(integrand, 0, 2 * np.pi, 0, radius)[0]
    radii = radius * np.array([0.999, 1.0, 1.001])
    fraction, slope = light_within(radii, r_h, q, n)
    assert fraction[1] == pytest.approx(expected, rel=1e-6)
    assert slope[1] == pytest.approx((fraction[2] - fraction[0]) / np.log(1.001 / 0.999), rel=1e-5)


def test_the_aperture_of_half_of_the_light_of_a_flat_component_is_larger_than_its_circle():
    axis_ratio, sersic_index = np.array([0.2, 0.5, 1.0]), np.array([4.0, 1.0, 0.5])
    columns = [one[:, None] for one in (np.ones(3), 1.7 * np.ones(3), axis_ratio, sersic_index)]
    aperture = half_light_radius(*columns)
    assert (aperture[:2] > 1.7).all()
    assert aperture[2] == pytest.approx(1.7, rel=1e-9)
    np.testing.assert_allclose(circularised(semi_major_axis(1.7, axis_ratio), axis_ratio), 1.7)


def test_every_half_light_radius_holds_half_of_the_light(rng):
    # Many, as Newton's method goes astray in few: an excess of exactly nothing must end it where it is.
    n = 20_000
    fluxes = np.stack([rng.uniform(size=n), np.where(rng.uniform(size=n) < 0.25, np.nan, rng.uniform(size=n))], axis=1)
    radii = np.where(np.isfinite(fluxes), rng.uniform(0.1, 5, (n, 2)), np.nan)
    axis_ratios = np.where(np.isfinite(fluxes), rng.uniform(0.25, 1, (n, 2)), np.nan)
    indices = np.where(np.isfinite(fluxes), rng.choice([0.8, 1.0, 1.2, 4.0, 5.0], (n, 2)), np.nan)
    whole = half_light_radius(fluxes, radii, axis_ratios, indices)
    inside = [fluxes[:, k] * light_within(whole, radii[:, k], axis_ratios[:, k], indices[:, k])[0] for k in (0, 1)]
    np.testing.assert_allclose(np.nansum(inside, axis=0) / np.nansum(fluxes, axis=1), 0.5, atol=1e-9)


def test_half_light_radius_holds_half_of_a_drawn_image():
    flux, radius, axis_ratio, index = [0.4, 0.6], [2.0, 0.9], [0.4, 0.7], [1.0, 1.2]
    whole = half_light_radius([flux], [radius], [axis_ratio], [index])[0]
    # Both components share an axis here; the aperture is round, so that their angles do not matter.
    galaxy = galsim.Sum(
        [
            galsim.Sersic(n=n, half_light_radius=r, flux=f).shear(q=q, beta=0.3 * galsim.radians)
            for f, r, q, n in zip(flux, radius, axis_ratio, index, strict=True)
        ]
    )
    image = galaxy.drawImage(nx=1601, ny=1601, scale=0.02, method="no_pixel").array.astype(np.float64)
    y, x = np.indices(image.shape) - 800
    assert image[np.hypot(x, y) * 0.02 < whole].sum() == pytest.approx(0.5, abs=2e-3)
