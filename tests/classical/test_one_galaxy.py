"""The fit of one galaxy: binning, errors, photon noise, what a mask leaves."""

import dataclasses

import numpy as np
import pytest
from toy_galaxies import DISC, SCALE, drawn

pytest.importorskip("sep")

from gampen_tf.classical.one_galaxy import Settings, fit_galaxy

SETTINGS = Settings("sersic", SCALE, 31.4, ((0.2, 8.0),), "ignore", "exact")
SHAPE = (31, 31)


def fitted(psf, image, settings=SETTINGS, sigma=10.0, mask=None, gain=None, correlation=None):
    mask = np.zeros(image.shape, bool) if mask is None else mask
    return fit_galaxy(image, psf[10:51, 10:51], np.full(image.shape, sigma), mask, gain, correlation, settings)


def test_every_value_has_an_error(psf):
    found = fitted(psf, drawn([DISC], SHAPE))
    values = {name for name in found if f"{name}_error" in found}
    assert values == {
        "x",
        "y",
        "flux",
        "magnitude",
        "effective_radius",
        "sersic_index",
        "axis_ratio",
        "position_angle",
        "semi_major_axis",
    }
    assert all(found[f"{name}_error"] > 0 for name in values)
    assert found["converged"]
    assert not found["at_limit"]
    # of a magnitude: 2.5 / ln 10 of the relative error of the flux
    assert found["magnitude_error"] == pytest.approx(1.0857 * found["flux_error"] / found["flux"], rel=1e-3)


def test_errors_scale_with_the_noise(psf):
    image = drawn([DISC], SHAPE)
    once, twice = (fitted(psf, image, sigma=sigma) for sigma in (5.0, 10.0))
    for name in ("flux_error", "axis_ratio_error", "x_error"):
        assert twice[name] == pytest.approx(2 * once[name], rel=0.02)
    assert twice["flux"] == pytest.approx(once["flux"], rel=1e-3)


def test_correlated_noise_has_larger_errors_of_the_flux(psf):
    """Correlations over lengths shorter than the galaxy act as a larger σ: its square by the kernel's sum."""
    image, kernel = drawn([DISC], SHAPE), np.outer([0.25, 0.5, 1, 0.5, 0.25], [0.25, 0.5, 1, 0.5, 0.25])
    white, correlated = (fitted(psf, image, correlation=one) for one in (None, kernel))
    assert correlated["flux"] == white["flux"]
    assert 0.5 * np.sqrt(kernel.sum()) < correlated["flux_error"] / white["flux_error"] < np.sqrt(kernel.sum())


def test_flux_error_with_photon_noise_is_at_least_that_of_counting(psf):
    found = fitted(psf, drawn([DISC], SHAPE), sigma=1.0, gain=0.1)
    assert np.sqrt(4e4 / 0.1) < found["flux_error"] < 3 * np.sqrt(4e4 / 0.1)


def test_what_is_masked_does_not_matter(psf):
    image = drawn([DISC], SHAPE)
    spoiled, mask = image.copy(), np.zeros(SHAPE, bool)
    mask[20:24, 3:9] = True
    spoiled[mask] = np.nan
    clean, found = fitted(psf, image, mask=mask), fitted(psf, spoiled, mask=mask)
    assert found["flux"] == clean["flux"]
    assert found["flux"] == pytest.approx(4e4, rel=5e-3)


def test_an_index_at_its_limit_is_marked(psf):
    settings = dataclasses.replace(SETTINGS, sersic_index=((2.0, 3.0),))
    found = fitted(psf, drawn([DISC], SHAPE), settings)  # the truth is 1
    assert found["at_limit"]
    assert found["sersic_index"] == 2.0
    assert found["sersic_index_error"] == 0


def test_large_images_are_binned_for_their_start_and_fitted_in_full(psf):
    image = drawn([DISC], (130, 131), x=0.05, y=0.1)
    found = fitted(psf, image, sigma=1.0)
    assert found["x"] == pytest.approx(0.05, abs=2e-3)
    assert found["y"] == pytest.approx(0.1, abs=2e-3)
    assert found["flux"] == pytest.approx(4e4, rel=3e-3)
