"""Classical fits: galaxies that GalSim draws are recovered, errors mean what they say, bad input is flagged."""

import os

import numpy as np
import pytest
from toy_galaxies import BULGE, DISC, SCALE, drawn

pytest.importorskip("sep")

from gampen_tf import classical
from gampen_tf.core import Flag
from gampen_tf.rendering import half_light_radius


def fit(images, psf, noise, **options):
    return classical.fit(images, psf, noise, progress_bar=False, **({"pixel_scale": SCALE} | options))


def value(table, name, row=0):
    return float(getattr(table[name], "value", table[name])[row])


@pytest.mark.parametrize("index", [0.7, 2.5, 5.0])
def test_a_noiseless_sersic_profile_is_recovered(psf, index):
    truth = {**BULGE, "sersic_index": index, "axis_ratio": 0.6, "position_angle": 75.0, "effective_radius": 0.8}
    found = fit(drawn([truth], x=0.13, y=-0.06)[None], psf, 1.0, profile="sersic")
    assert found["flags"][0] == 0
    assert value(found, "x") == pytest.approx(0.13, abs=2e-4)
    assert value(found, "y") == pytest.approx(-0.06, abs=2e-4)
    for name, tolerance in {"flux": 2e-3, "sersic_index": 5e-3, "axis_ratio": 1e-3}.items():
        assert value(found, name) == pytest.approx(truth[name], rel=tolerance)
    assert value(found, "position_angle") == pytest.approx(75.0, abs=0.1)
    assert value(found, "semi_major_axis") == pytest.approx(0.8 / np.sqrt(0.6), rel=2e-3)
    assert value(found, "magnitude") == pytest.approx(31.4 - 2.5 * np.log10(3e4), abs=2e-3)


def test_a_noiseless_bulge_and_disc_are_recovered(psf):
    found = fit(drawn([DISC, BULGE])[None], psf, 1.0)
    rows = np.array(
        [[one[key] for one in (DISC, BULGE)] for key in ("flux", "effective_radius", "axis_ratio", "sersic_index")]
    )
    assert value(found, "bulge_to_total") == pytest.approx(3 / 7, abs=0.005)
    assert value(found, "flux") == pytest.approx(7e4, rel=3e-3)
    assert value(found, "effective_radius") == pytest.approx(half_light_radius(*rows[:, None, :])[0], rel=3e-3)
    assert value(found, "disc_effective_radius") == pytest.approx(1.2, rel=5e-3)
    assert value(found, "bulge_sersic_index") == pytest.approx(4.0, abs=0.1)


def test_imfit_recovers_the_same(psf):
    pytest.importorskip("pyimfit")
    found = fit(drawn([DISC], x=0.13, y=-0.06)[None], psf, 5.0, profile="sersic", fitter="imfit")
    truth = {"x": 0.13, "y": -0.06, "flux": 4e4, "axis_ratio": 0.5, "sersic_index": 1.0, "position_angle": 40.0}
    tolerances = {"x": 5e-3, "y": 5e-3, "flux": 80, "axis_ratio": 5e-3, "sersic_index": 5e-3, "position_angle": 0.3}
    for name, expected in truth.items():
        assert value(found, name) == pytest.approx(expected, abs=tolerances[name]), name


def test_errors_are_the_scatter_of_the_values(psf, rng):
    """30 noises: each ratio of scatter to error has a relative standard error of 13 %."""
    clean = drawn([DISC], (31, 31))
    found = fit(clean + rng.normal(0, 20, (30, *clean.shape)), psf[10:51, 10:51], 20.0, profile="sersic")
    assert not found["flags"].any()
    for name, truth in {"x": 0, "flux": 4e4, "sersic_index": 1, "axis_ratio": 0.5, "position_angle": 40}.items():
        values, errors = (np.array([value(found, key, i) for i in range(30)]) for key in (name, f"{name}_error"))
        pulls = (values - truth) / errors
        assert 0.55 < np.std(pulls) < 1.5, name
        assert abs(np.mean(pulls)) < 0.9, name
    assert np.mean(found["reduced_chi2"]) == pytest.approx(1, abs=0.03)


def test_photons_are_weighed_as_their_noise_asks(psf, rng):
    clean = np.maximum(drawn([BULGE], (41, 41)), 0)
    image = rng.poisson(clean * 0.5) / 0.5 + rng.normal(0, 3, clean.shape)
    found = fit(image[None], psf, 3.0, profile="sersic", gain=0.5)
    assert found["reduced_chi2"][0] == pytest.approx(1, abs=0.2)
    assert abs(value(found, "flux") - 3e4) < 4 * value(found, "flux_error")
    assert value(found, "flux_error") > np.sqrt(3e4 / 0.5)


@pytest.mark.parametrize("neighbours", ["mask", "fit"])
def test_neighbours_do_not_move_the_galaxy(psf, neighbours, rng):
    image = drawn([DISC], neighbours=[({**BULGE, "sersic_index": 1.5}, 4.0, 2.5)]) + rng.normal(0, 10, (61, 61))
    disturbed = fit(image[None], psf, 10.0, profile="sersic")
    found = fit(image[None], psf, 10.0, profile="sersic", neighbours=neighbours)
    assert value(found, "flux") == pytest.approx(4e4, rel=0.03)
    assert value(found, "axis_ratio") == pytest.approx(0.5, abs=0.02)
    assert abs(value(disturbed, "flux") / 4e4 - 1) > 0.1
    assert found["n_fitted_neighbours"][0] == (neighbours == "fit")


def test_bad_input_is_flagged_and_the_others_fitted(psf):
    good = drawn([DISC], (41, 41))
    images = np.stack([good] * 5)
    images[1, 3, 4] = np.nan
    images[2] = 7.0
    noise = np.array([1.0, 1.0, 1.0, -1.0, 1.0])
    psfs = np.stack([psf] * 5)
    psfs[4] = 0
    found = fit(images, psfs, noise, profile="sersic")
    assert found["flags"].tolist() == [0, Flag.NONFINITE_PIXELS, Flag.EMPTY_IMAGE, Flag.NOT_MEASURED, Flag.NOT_MEASURED]
    assert value(found, "flux") == pytest.approx(4e4, rel=5e-3)
    assert all(np.isnan(value(found, "flux", i)) and found["reason"][i] for i in range(1, 5))
    mask = np.zeros(images.shape, bool)
    mask[1, 3, 4] = True
    masked = fit(images[:2, ..., None], psf, 1.0, masks=mask[:2, ..., None], profile="sersic")
    assert masked["flags"].tolist() == [0, 0]
    once = fit(images[:1], psf, 1.0, masks=mask[1], profile="sersic")  # one mask for all
    assert value(once, "flux") == pytest.approx(4e4, rel=5e-3)
    for one in (images[0], images[0][..., None]):  # one image is one galaxy
        assert value(fit(one, psf, 1.0, profile="sersic"), "flux") == pytest.approx(value(masked, "flux"), rel=1e-6)


def test_an_image_of_noise_alone_does_not_end_the_run(psf, rng):
    found = fit(rng.normal(size=(1, 31, 31)), psf[10:51, 10:51], 1.0)
    assert len(found) == 1


def test_wrong_arguments_are_refused(psf):
    images = np.zeros((3, 41, 41))
    for options, message in (
        ({"fitter": "galfit"}, "fitter: expected one of exact, imfit"),
        ({"workers": 0}, "at least 1"),
    ):
        with pytest.raises(ValueError, match=message):
            fit(images, psf, 1.0, **options)


@pytest.mark.slow
def test_processes_give_the_same(psf):
    images = np.stack([drawn([DISC], (41, 41)), np.zeros((41, 41)), drawn([BULGE], (41, 41))])
    alone, shared = (fit(images, psf, 1.0, profile="sersic", workers=workers) for workers in (1, 2))
    np.testing.assert_array_equal(alone["flux"].value, shared["flux"].value)
    np.testing.assert_array_equal(alone["flags"], shared["flags"])


class _Deadly:
    """A value at which the process ends that unpacks it."""

    def __reduce__(self):
        return os._exit, (3,)


def test_a_worker_that_dies_costs_one_galaxy(psf):
    gain = np.array([1e6, _Deadly(), 1e6], object)
    found = fit(np.stack([drawn([DISC], (31, 31))] * 3), psf, 1.0, profile="sersic", gain=gain, workers=2)
    assert found["flags"].tolist() == [0, Flag.NOT_MEASURED, 0]
    assert "status 3" in found["reason"][1]
