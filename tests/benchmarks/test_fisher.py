"""The Cramér–Rao bounds of benchmarks/fisher.py against closed forms."""

import importlib.util
from pathlib import Path

import galsim
import numpy as np
import pytest
from galsim_psfs import AnalyticPsf

from gampen_tf.rendering import Component
from gampen_tf.simulation import load_recipe

_PATH = Path(__file__).parents[2] / "benchmarks" / "fisher.py"
if not _PATH.is_file():
    pytest.skip("the benchmarks are not beside the tests", allow_module_level=True)
_SPEC = importlib.util.spec_from_file_location("fisher", _PATH)
fisher = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fisher)

SCALE, SIZE, SIGMA = 0.168, 101, 1.6


def gaussian_psf(psf):
    shear = galsim.Gaussian(fwhm=psf["fwhm"]).shear(q=psf["axis_ratio"], beta=psf["position_angle"] * galsim.degrees)
    return AnalyticPsf(shear)


@pytest.fixture(scope="module")
def gaussian():
    """A Gaussian galaxy (Sérsic index ½) under a Gaussian PSF: everything about it is a Gaussian of this width."""
    flux, width, fwhm = 1e4, 0.6, 0.7
    component = Component(flux, width * np.sqrt(2 * np.log(2)), 0.5)
    psf = {"fwhm": fwhm, "axis_ratio": 1.0, "position_angle": 0.0}
    columns, keys = fisher.derivatives([component], psf, gaussian_psf, SIZE, SCALE)
    # the pixel adds its own variance, a² / 12
    observed = np.sqrt(width**2 + (fwhm / (2 * np.sqrt(2 * np.log(2)))) ** 2 + SCALE**2 / 12)
    return flux, observed, columns, keys


def alone(columns, keys, *key):
    return SIGMA / np.linalg.norm(columns[:, keys.index(key)])


def test_flux_of_a_gaussian(gaussian):
    flux, s, columns, keys = gaussian
    # Σ I² = F² a² / (4 π s²)
    expected = SIGMA * 2 * np.sqrt(np.pi) * s / (SCALE * flux)
    assert alone(columns, keys, 0, "log_flux") == pytest.approx(expected, rel=2e-3)


def test_position_of_a_gaussian(gaussian):
    flux, s, columns, keys = gaussian
    # Σ (∂I/∂x)² = F² a² / (8 π s⁴)
    for key in ("x", "y"):
        expected = SIGMA * s**2 * np.sqrt(8 * np.pi) / (flux * SCALE)
        assert alone(columns, keys, None, key) == pytest.approx(expected, rel=4e-3)


def test_radius_and_psf_of_a_gaussian_cannot_be_told_apart(gaussian):
    _, _, columns, keys = gaussian
    radius, fwhm = (columns[:, keys.index(key)] for key in ((0, "log_radius"), (None, "psf_fwhm")))
    cosine = radius @ fwhm / (np.linalg.norm(radius) * np.linalg.norm(fwhm))
    assert cosine == pytest.approx(1.0, abs=1e-3)


def test_position_is_independent_of_everything_symmetric(gaussian):
    _, _, columns, keys = gaussian
    unit = columns / np.linalg.norm(columns, axis=0)
    x = unit[:, keys.index((None, "x"))]
    for key in ((0, "log_flux"), (0, "log_radius"), (0, "sersic_index"), (0, "e1"), (None, "y")):
        assert abs(x @ unit[:, keys.index(key)]) < 1e-3


def test_ellipticity_and_back(rng):
    axis_ratio, angle = rng.uniform(0.25, 1, 50), rng.uniform(-90, 90, 50)
    back = fisher.ellipse(*fisher.ellipticity(axis_ratio, angle))
    np.testing.assert_allclose(back, (axis_ratio, angle))


def test_jacobian_of_what_is_known_in_closed_form():
    components = [Component(3e5, 2.0, 1.0, 0.6, 10.0), Component(1e5, 0.7, 4.0, 0.8, 20.0)]
    keys = [(0, "log_flux"), (1, "log_flux"), (0, "log_radius"), (1, "log_radius"), (None, "x")]
    slope = fisher.jacobian(components, keys)
    # d(B/T)/d ln F_b = B/T (1 − B/T), d ln F/d ln F_b = B/T
    np.testing.assert_allclose(slope[0, :2], [-0.1875, 0.1875], rtol=1e-6)
    np.testing.assert_allclose(slope[2, :2], [0.75, 0.25], rtol=1e-6)
    # scaling both radii scales the radius of the whole
    assert slope[1, 2] + slope[1, 3] == pytest.approx(1.0, rel=1e-5)
    assert np.all(slope[:, 4] == 0)


def test_standard_deviations_of_a_matrix():
    information = np.array([[4.0, 1.0], [1.0, 1e12]])
    found = fisher.standard_deviations(information, np.eye(2))
    np.testing.assert_allclose(found, np.sqrt(np.diag(np.linalg.inv(information))), rtol=1e-9)


def test_bounds_of_the_recipe_are_ordered_and_fall_with_flux():
    rows = fisher.compute(load_recipe("hsc_wide_g"), 5, range(4))
    for row in rows:
        for quantity in fisher.QUANTITIES[1:]:
            known, averaged = row["psf_known"][quantity], row["psf_averaged"][quantity]
            assert 0 < known <= averaged * (1 + 1e-6)
            assert row["psf_known_and_priors"][quantity] <= known * (1 + 1e-6)
            assert row["psf_averaged_and_priors"][quantity] <= averaged * (1 + 1e-6)
        assert (row["psf_known"]["bulge_to_total"] is None) == (row["bulge_to_total"] in (0, 1))
    table = fisher.binned(rows, "flux", fisher.FLUX_EDGES, None)
    assert table[0]["n"] == 4
    assert sum(entry["n"] for entry in table[1:]) == 4


def test_an_efficient_estimate_is_once_the_bound():
    rng = np.random.default_rng(3)
    rows = [
        {"flux": 1e6, **{variant: dict.fromkeys(fisher.QUANTITIES, 0.01) for variant in fisher.VARIANTS}}
        for _ in range(20_000)
    ]
    table = fisher.binned(rows, "flux", (0, np.inf), 0.01 * rng.standard_normal((20_000, 3)))
    # the 68.27th percentile scatters by √(0.6827 · 0.3173 / 20 000) / 0.484 = 0.7 %
    for quantity in fisher.QUANTITIES:
        assert table[0]["psf_known"][quantity]["model_over_bound"] == pytest.approx(1.0, abs=0.03)
