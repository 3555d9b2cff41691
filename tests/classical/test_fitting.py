"""Classical fits: galaxies that GalSim draws are recovered, errors mean what they say, bad input is flagged."""

import galsim
import numpy as np
import pytest
from scipy import linalg

pytest.importorskip("sep")

from gampen_tf import classical
from gampen_tf.classical.covariance import covariance_of, errors_of
from gampen_tf.classical.exact_fit import ExactImages
from gampen_tf.classical.parameters import Frame, Sersic, Source, from_imfit, measured, to_imfit
from gampen_tf.classical.problem import Data, Limits, sources_of, vector_of
from gampen_tf.core import Flag
from gampen_tf.rendering import half_light_radius

SCALE = 0.2
PSF = galsim.Moffat(beta=3.5, fwhm=0.7).shear(q=0.95, beta=30 * galsim.degrees)
DISC = {"flux": 4e4, "effective_radius": 1.2, "sersic_index": 1.0, "axis_ratio": 0.5, "position_angle": 40.0}
BULGE = {"flux": 3e4, "effective_radius": 0.5, "sersic_index": 4.0, "axis_ratio": 0.8, "position_angle": 30.0}


def profile(flux, effective_radius, sersic_index, axis_ratio, position_angle):
    round_one = galsim.Sersic(n=sersic_index, half_light_radius=effective_radius, flux=flux)
    return round_one.shear(q=axis_ratio, beta=position_angle * galsim.degrees)


def drawn(components, shape=(61, 61), x=0.0, y=0.0, neighbours=()):
    """What GalSim makes of it: PSF and pixel convolved, no noise. ``neighbours`` are (component, x, y)."""
    galaxy = galsim.Sum([profile(**one) for one in components]).shift(x, y)
    galaxy = galsim.Sum([galaxy, *(profile(**one).shift(*at) for one, *at in neighbours)])
    return galsim.Convolve([galaxy, PSF]).drawImage(nx=shape[1], ny=shape[0], scale=SCALE).array.astype(float)


@pytest.fixture(scope="module")
def psf():
    return PSF.drawImage(nx=61, ny=61, scale=SCALE).array.astype(float)


def fit(images, psf, noise, **options):
    return classical.fit(images, psf, noise, progress_bar=False, **({"pixel_scale": SCALE} | options))


def value(table, name, row=0):
    return float(getattr(table[name], "value", table[name])[row])


def test_conversion_goes_both_ways():
    frame = Frame((60, 41), SCALE)
    source = Source(0.11, -0.3, (Sersic(3e4, 2.0, 3.3, 0.4, -70.0), Sersic(1e4, 0.7, 0.9, 0.9, 12.0)))
    centre, components = to_imfit(source, frame)
    vector = [*centre, *(one[name] for one in components for name in ("PA", "ell", "n", "I_e", "r_e"))]
    (back,) = from_imfit(np.array(vector), [2], frame)
    np.testing.assert_allclose([back.x, back.y], [source.x, source.y], atol=1e-12)
    for one, other in zip(back.components, source.components, strict=True):
        np.testing.assert_allclose(list(vars(one).values()), list(vars(other).values()), rtol=1e-12)


def test_surface_brightness_is_that_of_the_profile_at_its_half_light_radius():
    one = galsim.Sersic(n=2.7, half_light_radius=1.3, flux=5e3)
    _, (component,) = to_imfit(Source(0, 0, (Sersic(5e3, 1.3, 2.7),)), Frame((50, 50), SCALE))
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


@pytest.mark.parametrize("shape", [(61, 61), (60, 60), (61, 50)])
def test_exact_images_are_those_of_galsim(psf, shape):
    data = Data(np.zeros(shape), np.ones(shape), np.zeros(shape, bool), psf / psf.sum(), SCALE, SCALE)
    one = Sersic(4e4, 1.2 / np.sqrt(0.5), 1.0, 0.5, 40.0)
    vector, _ = vector_of([Source(0.07, -0.12, (one,))], Limits(((0.2, 8),)), data.frame)
    truth = drawn([DISC], shape, 0.07, -0.12)
    np.testing.assert_allclose(ExactImages(data, [1]).image(vector), truth, atol=1e-3 * truth.max())


def test_slopes_match_long_differences(psf):
    shape = (41, 41)
    data = Data(np.zeros(shape), np.ones(shape), np.zeros(shape, bool), psf / psf.sum(), SCALE, SCALE)
    images = ExactImages(data, [2])
    source = Source(0.03, 0.01, (Sersic(4e4, 1.5, 1.1, 0.5, 40.0), Sersic(3e4, 0.6, 3.7, 0.8, 30.0)))
    at, _ = vector_of([source], Limits(((0.2, 8),) * 2), data.frame)
    slopes = images.slopes(at)
    for k, step in enumerate([0.02, 0.02] + [4e3, 0.02, 0.03, 0.01, 2.0] * 2):
        up, down = at.copy(), at.copy()
        up[k] += step
        down[k] -= step
        difference = (images.image(up) - images.image(down)) / (2 * step)
        assert np.abs(slopes[k] - difference).max() < 0.03 * np.abs(difference).max(), k


def test_binning_keeps_light_and_centre():
    image = np.zeros((61, 61))
    image[30, 30] = 5.0
    binned = Data(image, np.full(image.shape, 2.0), image > 9, np.ones((3, 3)) / 9, SCALE, SCALE).binned(3)
    assert binned.image.shape == (19, 19)
    assert binned.image[9, 9] == 5.0
    np.testing.assert_allclose(binned.sigma, 6.0)
    assert binned.pixel_scale == pytest.approx(0.6)


@pytest.mark.parametrize("index", [0.7, 2.5, 5.0])
def test_a_noiseless_sersic_profile_is_recovered(psf, index):
    truth = {**BULGE, "sersic_index": index, "axis_ratio": 0.6, "position_angle": 75.0, "effective_radius": 0.8}
    found = fit(drawn([truth], x=0.13, y=-0.06)[None], psf, 1.0, model="sersic")
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
    found = fit(drawn([DISC], x=0.13, y=-0.06)[None], psf, 5.0, model="sersic", fitter="imfit")
    truth = {"x": 0.13, "y": -0.06, "flux": 4e4, "axis_ratio": 0.5, "sersic_index": 1.0, "position_angle": 40.0}
    tolerances = {"x": 5e-3, "y": 5e-3, "flux": 80, "axis_ratio": 5e-3, "sersic_index": 5e-3, "position_angle": 0.3}
    for name, expected in truth.items():
        assert value(found, name) == pytest.approx(expected, abs=tolerances[name]), name


def test_errors_are_the_scatter_of_the_values(psf, rng):
    """30 noises: each ratio of scatter to error has a relative standard error of 13 %."""
    clean = drawn([DISC], (31, 31))
    found = fit(clean + rng.normal(0, 20, (30, *clean.shape)), psf[10:51, 10:51], 20.0, model="sersic")
    assert not found["flags"].any()
    for name, truth in {"x": 0, "flux": 4e4, "sersic_index": 1, "axis_ratio": 0.5, "position_angle": 40}.items():
        values, errors = (np.array([value(found, key, i) for i in range(30)]) for key in (name, f"{name}_error"))
        pulls = (values - truth) / errors
        assert 0.55 < np.std(pulls) < 1.5, name
        assert abs(np.mean(pulls)) < 0.9, name
    assert np.mean(found["reduced_chi2"]) == pytest.approx(1, abs=0.03)


def test_covariance_with_correlated_noise_is_that_of_the_whole_matrix(rng):
    """Least squares with the wrong weights: (A Aᵀ)⁻¹ A R Aᵀ (A Aᵀ)⁻¹, R written out."""
    slopes = rng.normal(size=(3, 6, 6))
    row = linalg.toeplitz([1, 0.5, 0.1, 0, 0, 0])
    kernel = np.outer([0.1, 0.5, 1, 0.5, 0.1], [0.1, 0.5, 1, 0.5, 0.1])
    flat = slopes.reshape(3, -1)
    inverse = np.linalg.inv(flat @ flat.T)
    expected = inverse @ flat @ np.kron(row, row) @ flat.T @ inverse
    np.testing.assert_allclose(covariance_of(slopes, np.ones(3, bool), kernel), expected, rtol=1e-8)
    np.testing.assert_allclose(covariance_of(slopes, np.ones(3, bool)), inverse, rtol=1e-8)
    assert not covariance_of(slopes, np.array([True, False, True]))[1].any()


def test_errors_of_a_product():
    covariance = np.array([[0.04, 0.01], [0.01, 0.09]])
    found = errors_of(lambda p: {"product": p[0] * p[1]}, np.array([2.0, 3.0]), covariance)
    assert found["product"] == pytest.approx(np.sqrt(9 * 0.04 + 4 * 0.09 + 2 * 6 * 0.01), rel=1e-3)


def test_photons_are_weighed_as_their_noise_asks(psf, rng):
    clean = np.maximum(drawn([BULGE], (41, 41)), 0)
    image = rng.poisson(clean * 0.5) / 0.5 + rng.normal(0, 3, clean.shape)
    found = fit(image[None], psf, 3.0, model="sersic", gain=0.5)
    assert found["reduced_chi2"][0] == pytest.approx(1, abs=0.2)
    assert abs(value(found, "flux") - 3e4) < 4 * value(found, "flux_error")
    assert value(found, "flux_error") > np.sqrt(3e4 / 0.5)


@pytest.mark.parametrize("neighbours", ["mask", "fit"])
def test_neighbours_do_not_move_the_galaxy(psf, neighbours, rng):
    image = drawn([DISC], neighbours=[({**BULGE, "sersic_index": 1.5}, 4.0, 2.5)]) + rng.normal(0, 10, (61, 61))
    disturbed = fit(image[None], psf, 10.0, model="sersic")
    found = fit(image[None], psf, 10.0, model="sersic", neighbours=neighbours)
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
    found = fit(images, psfs, noise, model="sersic")
    assert found["flags"].tolist() == [0, Flag.NONFINITE_PIXELS, Flag.EMPTY_IMAGE, Flag.NOT_MEASURED, Flag.NOT_MEASURED]
    assert value(found, "flux") == pytest.approx(4e4, rel=5e-3)
    assert all(np.isnan(value(found, "flux", i)) and found["reason"][i] for i in range(1, 5))
    mask = np.zeros(images.shape, bool)
    mask[1, 3, 4] = True
    masked = fit(images[:2, ..., None], psf, 1.0, masks=mask[:2, ..., None], model="sersic")
    assert masked["flags"].tolist() == [0, 0]
    for one in (images[0], images[0][..., None]):  # one image is one galaxy
        assert value(fit(one, psf, 1.0, model="sersic"), "flux") == pytest.approx(value(masked, "flux"), rel=1e-6)


def test_an_image_of_noise_alone_does_not_end_the_run(psf, rng):
    found = fit(rng.normal(size=(1, 31, 31)), psf[10:51, 10:51], 1.0)
    assert len(found) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "devaucouleurs"}, "model: expected one of sersic, bulge_disc"),
        ({"neighbours": "hide"}, "neighbours: expected one of"),
        ({"fitter": "galfit"}, "fitter: expected one of"),
        ({"sersic_index": [(0.5, 2)]}, "sersic_index: expected 2 pairs"),
        ({"gain": [1.0, 2.0]}, "gain: expected one for all or one for each of 3"),
        ({"workers": 0}, "workers: expected at least 1"),
        ({"sersic_index": (1, 4)}, "sersic_index: expected 2 pairs"),
        ({"pixel_scale": 0.0}, "pixel_scale: expected a positive number"),
    ],
)
def test_wrong_arguments_are_refused(psf, options, message):
    with pytest.raises(ValueError, match=message):
        fit(np.zeros((3, 41, 41)), psf, 1.0, **options)


def test_an_even_psf_is_refused(psf):
    with pytest.raises(ValueError, match="odd sides"):
        fit(np.zeros((3, 41, 41)), psf[1:], 1.0)


@pytest.mark.slow
def test_processes_give_the_same(psf):
    images = np.stack([drawn([DISC], (41, 41)), np.zeros((41, 41)), drawn([BULGE], (41, 41))])
    alone, shared = (fit(images, psf, 1.0, model="sersic", workers=workers) for workers in (1, 2))
    np.testing.assert_array_equal(alone["flux"].value, shared["flux"].value)
    np.testing.assert_array_equal(alone["flags"], shared["flags"])


def test_sources_of_a_vector_are_the_sources():
    source = Source(0.1, 0.2, (Sersic(1e3, 0.5, 2.0, 0.7, -89.0),))
    vector, _ = vector_of([source, source], Limits(((0.2, 8.0),)), Frame((40, 40), SCALE))
    for back in sources_of(vector, [1, 1]):
        np.testing.assert_allclose(list(vars(back.components[0]).values()), [1e3, 0.5, 2.0, 0.7, -89.0])
