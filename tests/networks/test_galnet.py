"""GaLNets, shapes through the conformal shear, and the models of the Kilo-Degree Survey that ship."""

import galsim
import keras
import numpy as np
import pytest
from toy_recipes import toy_recipe

from gampen_tf import Posterior, load_model, networks, predict, predict_catalogue, read_catalogue, simulate
from gampen_tf.core import (
    Flag,
    LabelScaler,
    Parameter,
    ParameterSet,
    axis_ratio_and_angle,
    conformal_shear,
    is_unmeasurable,
)
from gampen_tf.posterior.shapes import shape_columns, shape_samples
from gampen_tf.simulation import redraw

# --- networks -----------------------------------------------------------------------------------------------


def layers_of(network, kind):
    return [layer for layer in network.layers if isinstance(layer, kind)]


def test_image_path_is_four_blocks_of_two_convolutions_and_an_average_and_three_dense_layers():
    network = networks.build("galnet1", (61, 61, 1), 7)
    convolutions = layers_of(network, keras.layers.Conv2D)
    assert [layer.kernel_size for layer in convolutions] == [(3, 3)] * 8
    assert [layer.output.shape[1] for layer in layers_of(network, keras.layers.AveragePooling2D)] == [30, 15, 7, 3]
    assert [layer.name for layer in layers_of(network, keras.layers.Dense)] == ["dense1", "dense2", "dense3", "head"]
    assert network.output_shape == (None, 35)


def test_psf_path_is_one_block_joined_before_the_dense_layers():
    network = networks.build("galnet2", (61, 61, 1), 7, head="point")
    names = {layer.name for layer in network.layers}
    image_only = {layer.name for layer in networks.build("galnet1", (61, 61, 1), 7).layers}
    assert names - image_only == {
        "psf",
        "stretched_psf",
        "psf_conv1",
        "psf_conv2",
        "psf_pool",
        "psf_flatten",
        "together",
    }
    assert network.output_shape == (None, 7)
    assert networks.takes_psf(network)


def test_a_wider_psf_changes_what_galnet2_says(rng):
    network = networks.build("galnet2", (61, 61, 1), 7, head="point")
    images = np.repeat(rng.normal(0, 8.2, (1, 61, 61, 1)), 2, axis=0)
    y, x = np.mgrid[-12:13, -12:13]
    psfs = np.stack([np.exp(-0.5 * (x**2 + y**2) / width**2) for width in (1.2, 1.8)])
    psfs /= psfs.sum(axis=(1, 2), keepdims=True)
    outputs = np.asarray(network({"images": images, "psf": psfs[..., None]}))
    assert np.all(np.abs(outputs[1] - outputs[0]) > 1e-4)


# --- shapes -------------------------------------------------------------------------------------------------


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


def shape_posterior(axis_ratio, angle, sigma, n_mc=20000):
    eta = np.stack(conformal_shear(np.asarray(axis_ratio), np.asarray(angle)), axis=-1)
    scaler = LabelScaler(ParameterSet([Parameter("eta1"), Parameter("eta2")]), [0.0, 0.0], [1.0, 1.0])
    factors = np.broadcast_to(sigma * np.eye(2), (len(eta), 1, 2, 2))
    return Posterior(eta[:, None], factors, scaler, n_mc=n_mc, seed=4)


def test_widths_of_derived_shapes_are_those_of_error_propagation():
    angles, sigma = np.array([10.0, 89.5, -60.0]), 0.02
    posterior = shape_posterior([0.5] * 3, angles, sigma)
    columns = shape_columns(posterior, {"68": 0.6827})
    np.testing.assert_allclose(columns["axis_ratio"], 0.5, rtol=1e-3)
    # dq = q dη; d(PA) = dη⊥ / (2 η) radians; 20 000 draws know a quantile's width to 1 %
    half = 0.5 * (columns["axis_ratio_upper_68"] - columns["axis_ratio_lower_68"])
    np.testing.assert_allclose(half, 0.5 * sigma, rtol=0.04)
    half = 0.5 * (columns["position_angle_upper_68"] - columns["position_angle_lower_68"])
    np.testing.assert_allclose(half, np.degrees(0.5 * sigma / np.log(2)), rtol=0.04)
    assert columns["position_angle_upper_68"][1] > 90


def test_a_round_galaxy_may_point_anywhere():
    _, angle = shape_samples(shape_posterior([1.0], [0.0], 0.1))
    # uniform in (-90, 90): Kolmogorov's 0.1 % point for 20 000 draws, which are stratified
    levels = np.sort(angle[0] / 180 + 0.5)
    assert np.max(np.abs(levels - np.linspace(0, 1, len(levels)))) < 1.95 / np.sqrt(len(levels))


def test_tables_have_shapes_with_units():
    table = shape_posterior([0.5], [30.0], 0.01, n_mc=500).to_table()
    assert table["position_angle"].unit == "deg"
    assert table["position_angle"][0].value == pytest.approx(30.0, abs=1e-6)
    assert table["axis_ratio_lower_95"][0] < 0.5 < table["axis_ratio_upper_95"][0]


def test_the_value_of_a_round_galaxy_lies_in_its_interval():
    columns = shape_columns(shape_posterior([0.97, 1.0], [0.0, 0.0], 0.1), {"68": 0.6827})
    assert np.all(columns["axis_ratio_lower_68"] < columns["axis_ratio"])
    assert np.all(columns["axis_ratio"] < columns["axis_ratio_upper_68"])
    # |η| of a round galaxy is a Rayleigh variable; its shortest interval begins below the mode, σ
    assert columns["axis_ratio_upper_68"][1] > np.exp(-0.1 * 0.5)
    assert columns["axis_ratio"][1] == pytest.approx(np.exp(-0.1 * np.sqrt(2 * np.log(2))), abs=2e-3)


def test_shapes_of_other_models_are_refused():
    scaler = LabelScaler(ParameterSet([Parameter("flux", "nJy", (0, np.inf), "log")]), [0.0], [1.0])
    with pytest.raises(ValueError, match="made of eta1 and eta2; this posterior is of flux"):
        shape_samples(Posterior(np.zeros((1, 1, 1)), np.ones((1, 1, 1, 1)), scaler))


# --- data ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    recipe = toy_recipe(parameters=["magnitude", "semi_major_axis", "axis_ratio", "position_angle", "sersic_index"])
    return simulate(recipe, tmp_path_factory.mktemp("shapes") / "data", n_images=12, workers=1, progress_bar=False)


def test_data_sets_know_the_shear_of_their_galaxies(data):
    shear = data.labels(["magnitude", "eta2", "eta1"])
    expected = conformal_shear(data.labels(["axis_ratio"])[:, 0], data.labels(["position_angle"])[:, 0])
    np.testing.assert_allclose(shear[:, [2, 1]].T, expected)
    assert data.knows("eta1")
    assert not data.knows("eta3")
    with pytest.raises(KeyError, match="no column 'eta3'"):
        data.labels(["eta3"])


@pytest.mark.parametrize("shape", [("axis_ratio", "position_angle"), ("eta1", "eta2")])
def test_galaxies_redrawn_with_true_values_are_the_galaxies(data, shape):
    names = ["magnitude", "semi_major_axis", "sersic_index", *shape]
    models = redraw(data, np.arange(12), data.labels(names), names)
    noise = (data.images()[..., 0] - models) / 2.0
    # 12 × 32² standard normal pixels
    assert abs(np.mean(noise**2) - 1) < 4 * np.sqrt(2 / noise.size)


# --- the models that ship -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kids(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kids") / "data"
    return simulate("kids_r", folder, n_images=96, seed=7001, workers=1, progress_bar=False)


def test_psf_conditioned_posteriors_hold_the_truth(kids):
    posterior = predict(kids.images(), psf=kids.psfs(), model="kids_r_galnet2", passes=8, progress_bar=False)
    truth = kids.labels(list(posterior.names))
    assert not is_unmeasurable(posterior.flags).any()
    inside = posterior.contains(truth, 0.6827, kind="central")
    # 96 galaxies: four standard errors of the share, 0.19, about what the model card states
    np.testing.assert_allclose(inside.mean(axis=0), 0.68, atol=0.2)
    error = posterior.median() - truth
    assert np.median(np.abs(error[:, list(posterior.names).index("magnitude")])) < 0.08
    assert np.median(np.abs(error[:, list(posterior.names).index("x")])) < 0.04
    angle = kids.labels(["axis_ratio", "position_angle"])
    flat = angle[:, 0] < 0.6
    offset = posterior.to_table()["position_angle"].value - angle[:, 1]
    assert np.median(np.abs((offset[flat] + 90) % 180 - 90)) < 5


def test_the_wrong_psf_moves_the_measured_sizes(kids):
    """A PSF said to be narrower than it is leaves more of the blur to the galaxy."""
    chosen = np.argsort(np.asarray(kids.catalogue["psf_fwhm"]))
    narrow, wide = kids.psfs(chosen[:1])[0], chosen[-24:]
    index = list(predict(kids.images([0]), psf=narrow, model="kids_r_galnet2", progress_bar=False).names).index(
        "semi_major_axis"
    )
    right, wrong = (
        predict(kids.images(wide), psf=psf, model="kids_r_galnet2", passes=8, progress_bar=False).median()[:, index]
        for psf in (kids.psfs(wide), narrow)
    )
    assert np.median(wrong / right) > 1.02


def test_catalogues_take_the_psf_of_each_galaxy(kids, tmp_path):
    options = {"model": "kids_r_galnet2", "passes": 2, "progress_bar": False}
    table = predict(kids, **options).to_table()
    for name, images, psf in (("own", kids, None), ("array", kids.images(), kids.psfs())):
        settings = options | ({} if psf is None else {"psf": psf, "pixel_scale": 0.2, "unit": "nJy"})
        path = predict_catalogue(images, tmp_path / name, rows_per_shard=40, **settings)
        catalogue = read_catalogue(path)
        for column in ("semi_major_axis_mean", "axis_ratio", "axis_ratio_lower_68", "position_angle_upper_95"):
            found, expected = (np.asarray(one[column], float) for one in (catalogue, table))
            # other batches round otherwise, and the shortest interval of draws may then be another of nearly its length
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=2e-3 if "angle" not in column else 2.0)
    with pytest.raises(ValueError, match="psf_hash was"):
        predict_catalogue(kids.images(), tmp_path / "array", rows_per_shard=40, **(settings | {"psf": psf[::-1]}))
    with pytest.raises(ValueError, match="expected an array, found the path 'psf.fits'"):
        predict(kids.images(), **(settings | {"psf": "psf.fits"}))
    with pytest.raises(ValueError, match=r"psf: expected shape \(25, 25\) or \(96, 25, 25\), found \(95, 25, 25\)"):
        predict_catalogue(kids.images(), tmp_path / "short", **(settings | {"psf": psf[1:]}))


def test_galaxies_without_a_psf_are_flagged_and_the_others_measured(kids, tmp_path):
    images, psfs = kids.images(np.arange(5)), kids.psfs(np.arange(5)).copy()
    options = {"model": "kids_r_galnet2", "passes": 2, "pixel_scale": 0.2, "unit": "nJy", "progress_bar": False}
    whole = predict(images, psf=psfs, **options)
    psfs[0], psfs[1, 3, 3], psfs[2] = 0.0, np.nan, -psfs[2]
    posterior = predict(images, psf=psfs, **options)
    assert np.all(posterior.flags[:3] & int(Flag.NOT_MEASURED))
    assert np.all(np.isnan(posterior.median()[:3]))
    np.testing.assert_allclose(posterior.median()[3:], whole.median()[3:], rtol=1e-4, atol=1e-5)
    assert "PSF is not finite" in posterior.metadata["reasons"]["1"]
    catalogue = read_catalogue(predict_catalogue(images, tmp_path / "out", psf=psfs, **options))
    np.testing.assert_array_equal(catalogue["flags"], posterior.flags)
    assert all("PSF" in reason for reason in catalogue["reason"][:3])


def test_the_model_with_a_psf_knows_its_limits(kids):
    model = load_model("kids_r_galnet2")
    novel = int(Flag.OUT_OF_DISTRIBUTION)
    usual = predict(kids, model=model, passes=2, progress_bar=False).flags & novel > 0
    flat = predict(kids.images(), psf=np.ones((25, 25)), model=model, passes=2, progress_bar=False)
    assert np.mean(usual) < 0.06  # 96 galaxies at a false-alarm rate of 1 %: five standard errors
    # a PSF that no star has: half of the galaxies are seen to be strange, less four standard errors
    assert np.mean(flat.flags & novel > 0) > 0.3
