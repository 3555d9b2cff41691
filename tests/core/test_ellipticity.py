"""Conformal shear and ellipses."""

import galsim
import numpy as np

from gampen_tf.core import (
    axis_ratio_and_angle,
    conformal_shear,
    wrapped_angle,
)
from gampen_tf.core.ellipticity import mean_ellipse


def test_conformal_shear_is_galsims(rng):
    axis_ratio, angle = rng.uniform(0.1, 1, 20), rng.uniform(-90, 90, 20)
    for q, pa, *eta in zip(axis_ratio, angle, *conformal_shear(axis_ratio, angle), strict=True):
        shear = galsim.Shear(q=q, beta=pa * galsim.degrees)
        np.testing.assert_allclose(eta, [shear.eta1, shear.eta2], atol=1e-12)


def test_every_ellipse_comes_back_and_has_no_seam(rng):
    axis_ratio, angle = rng.uniform(0.05, 0.99, 500), rng.uniform(-90, 90, 500)
    found = axis_ratio_and_angle(*conformal_shear(axis_ratio, angle))
    np.testing.assert_allclose(found, [axis_ratio, angle], rtol=1e-9)
    np.testing.assert_allclose(conformal_shear(0.4, -89.9), conformal_shear(0.4, 90.1), atol=1e-12)
    assert axis_ratio_and_angle(*conformal_shear(0.4, 90.0))[1] == -90.0
    assert axis_ratio_and_angle(0.0, 0.0)[0] == 1.0


def test_angles_are_wrapped_to_half_a_turn():
    np.testing.assert_array_equal(wrapped_angle(np.array([-90.0, 90.0, 179.0, -181.0, 45.0])), [-90, -90, -1, -1, 45])


def test_the_mean_ellipse_of_components():
    nothing = np.nan
    flux = [[3.0, nothing], [1.0, 1.0], [1.0, 3.0]]
    ratio, angle = [[0.4, nothing], [0.5, 0.5], [1.0, 0.3]], [[70.0, nothing], [30.0, -60.0], [12.0, -80.0]]
    q, position_angle = mean_ellipse(flux, ratio, angle)
    # one component is itself, equal ellipses at right angles are round, a round one dilutes the logarithm of q
    np.testing.assert_allclose(q, [0.4, 1.0, 0.3**0.75], rtol=1e-12)
    np.testing.assert_allclose(position_angle[[0, 2]], [70.0, -80.0], rtol=1e-12)
