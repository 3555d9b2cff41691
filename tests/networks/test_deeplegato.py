"""DeepLeGATo and the workshop network: the shared case, their papers' rows, zooms, several networks as one model."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from network_cases import NetworkCase

import gampen_tf
from gampen_tf import networks
from gampen_tf.core import Flag, LabelScaler, Parameter, ParameterSet, Stretch
from gampen_tf.layers import MonteCarloDropout, SpatialTransformer, dropout_layers
from gampen_tf.models import Model, combine
from gampen_tf.training import Augmentation, find_loss, find_preset, fit_scaler

RADIUS = Parameter("semi_major_axis", "arcsec", (0, np.inf))
LOG_RADIUS = Parameter("effective_radius", "arcsec", (0, np.inf), "log")
INDEX = Parameter("sersic_index", "", (0, np.inf))


class TestDeepLegato1(NetworkCase):
    name = "deeplegato1"
    image_shape = (32, 32, 1)


class TestDeepLegato2(NetworkCase):
    name = "deeplegato2"
    image_shape = (24, 24, 1)
    n_parameters = 1


class TestWorkshop(NetworkCase):
    name = "workshop"
    image_shape = (96, 96, 1)

    @classmethod
    def build(cls, **options):
        return super().build(filters=(12, 16, 16, 16, 12), units=32, **options)


def rows(network):
    """N noise, D dropout, P pooling; of convolutions the number of filters and their side, of dense layers units."""
    found = []
    for layer in network.layers:
        if isinstance(layer, keras.layers.GaussianNoise):
            found.append("N")
        elif isinstance(layer, MonteCarloDropout):
            found.append("D")
        elif isinstance(layer, keras.layers.MaxPooling2D):
            found.append("P")
        elif isinstance(layer, keras.layers.Conv2D):
            found.append(f"{layer.filters}@{layer.kernel_size[0]}")
        elif isinstance(layer, keras.layers.Dense):
            found.append(str(layer.units))
    return " ".join(found)


def test_deeplegato_is_the_papers_text():
    """§ 4.1 and 4.2: eight and six convolutions, four and three poolings, two and one dropouts."""
    first = networks.build("deeplegato1", (128, 128, 1), 1, head="point", filters=(3, 5, 7, 9))
    assert rows(first) == "N 3@4 3@4 P D 5@4 5@4 P D 7@3 7@3 P 9@2 9@2 P 128 64 1"
    second = networks.build("deeplegato2", (128, 128, 1), 1, head="point", filters=(3, 5, 7))
    assert rows(second) == "3@4 3@4 P D N 5@4 5@4 P 7@3 7@3 P 128 64 1"


def test_workshop_is_the_papers_text():
    """§ 2: five convolutions and three dense layers with pooling and dropout between them, six parameters before."""
    network = networks.build("workshop", (239, 239, 1), 3, head="point", filters=(2, 3, 4, 5, 6), units=8)
    downstream = rows(network).split("6 2@11")[1]
    assert downstream == " P D 3@5 P D 4@3 D 5@3 D 6@3 P D 8 D 8 D 3"
    assert all(float(layer.rate) == pytest.approx(0.1) for layer in dropout_layers(network))
    transform = next(layer for layer in network.layers if isinstance(layer, SpatialTransformer))
    image = np.random.default_rng(1).normal(size=(1, 239, 239, 1)).astype(np.float32)
    crop = keras.Model(network.input, [transform.input[1], transform.output])(image)
    np.testing.assert_array_equal(crop[0], [[1, 0, 0, 0, 1, 0]])
    np.testing.assert_allclose(crop[1], image, atol=1e-5)


def test_networks_refuse_what_they_cannot_take():
    with pytest.raises(ValueError, match="architecture"):
        networks.deeplegato(architecture=3)
    with pytest.raises(ValueError, match="16 px"):
        networks.build("deeplegato1", (15, 40, 1), 1)
    with pytest.raises(ValueError, match="filters for 2"):
        networks.build("deeplegato2", (32, 32, 1), 1, filters=(8, 16))
    with pytest.raises(ValueError, match="64 px"):
        networks.build("workshop", (60, 96, 1), 3)


def test_noise_is_added_in_training_alone():
    network = networks.build("deeplegato1", (16, 16, 1), 1, head="point", noise=0.5, dropout_rate=0.0)
    image = np.ones((1, 16, 16, 1), np.float32)
    seen = keras.Model(network.input, network.get_layer("noise").output)
    np.testing.assert_array_equal(seen(image), image)
    noise = np.asarray(seen(np.repeat(image, 200, axis=0), training=True)) - 1
    # 51 200 draws: 4 standard errors of the standard deviation
    assert np.std(noise) == pytest.approx(0.5, rel=4 / np.sqrt(2 * noise.size))


# -- augmentation by zoom ---------------------------------------------------------------------------------------------


def exponential(radius, side=65, flux=1.0):
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return (flux * np.exp(-np.hypot(x, y) / radius)).astype(np.float32)[None, :, :, None]


def test_zoom_is_as_a_larger_galaxy_and_its_label_follows():
    """An exponential disc zoomed by z is the disc of z times the scale length; flat beyond the edge."""
    scaler = LabelScaler(ParameterSet([RADIUS, LOG_RADIUS, INDEX]), [1.0, -0.4, 3.0], [0.8, 0.6, 2.0])
    augment = Augmentation.for_labels(scaler, zoom=(0.7, 1.3))
    physical = np.array([[1.4, 0.9, 4.0], [0.3, 0.2, 1.0]])
    images = np.concatenate([exponential(6.0), exponential(9.0)])
    for number in range(4):
        seed = tf.constant([5, number], tf.int64)
        (zoomed,) = augment((tf.constant(images),), seed)
        labels = augment.labels(tf.constant(scaler.transform(physical), tf.float32), seed)
        found = scaler.inverse(np.asarray(labels)) / physical
        np.testing.assert_allclose(found[:, 0], found[:, 1], rtol=1e-4)
        np.testing.assert_allclose(found[:, 2], 1, rtol=1e-4)
        assert np.all((found[:, 0] > 0.7) & (found[:, 0] < 1.3))
        inner = slice(18, 47)
        for row, (radius, factor) in enumerate(zip((6.0, 9.0), found[:, 0], strict=True)):
            expected = exponential(radius * factor)[0, inner, inner]
            ring = expected < 0.8  # the cusp is not linear
            np.testing.assert_allclose(zoomed[row, inner, inner][ring], expected[ring], rtol=0.02)


def test_no_zoom_for_parameters_that_it_changes_in_other_ways():
    for names in (["magnitude"], ["axis_ratio"], ["semi_major_axis", "flux"]):
        scaler = LabelScaler(ParameterSet(Parameter(name) for name in names), *np.ones((2, len(names))))
        assert Augmentation.for_labels(scaler, 3, (0.7, 1.3)) == Augmentation(True, 3)


def test_preset_of_the_paper():
    preset = find_preset(None, "deeplegato2")
    assert (preset.head, preset.patience, preset.learning_rate, preset.labels) == ("point", 20, 1e-3, "range")
    rate = preset.build_optimizer(1000).learning_rate
    assert float(rate) == pytest.approx(1e-3)
    losses = find_loss("mae")(np.array([[0.5], [-1.0]], np.float32), np.array([[0.0], [1.0]], np.float32))
    np.testing.assert_allclose(losses, [0.5, 2.0])
    labels, outputs = np.array([[1.0, np.nan]], np.float32), np.array([[3.0, 9.0]], np.float32)
    np.testing.assert_allclose(find_loss(find_preset(None, "workshop").objective)(labels, outputs), [2.0])


def test_labels_by_range_are_from_minus_one_to_one():
    class Data:
        def labels(self, names):
            return np.array([[16.0, 0.1], [23.0, np.nan], [20.0, 1.9], [99.0, 9.0]])

        def split(self, name):
            return np.array([0, 1, 2])

    parameters = ParameterSet([Parameter("magnitude", "mag"), LOG_RADIUS])
    scaler = fit_scaler(Data(), parameters, "range")
    np.testing.assert_allclose(scaler.transform([[16.0, 0.1], [23.0, 1.9], [19.5, 1.0]]), [[-1, -1], [1, 1], [0, 0]])
    np.testing.assert_allclose(scaler.inverse([[1.0, 1.0]]), [[23.0, 1.9]])


# -- several as one ---------------------------------------------------------------------------------------------------


def point_model(parameter, architecture, mean, scale, **changes):
    network = networks.build(f"deeplegato{architecture}", (32, 32, 1), 1, head="point", dropout_rate=0.3)
    settings = {"pixel_scale": 0.06, "pixel_unit": "nJy", "zero_point": 31.4, "band": "F160W", "head": "point"}
    return Model(
        network,
        LabelScaler(ParameterSet([parameter]), [mean], [scale]),
        Stretch(),
        (32, 32, 1),
        name=parameter.name,
        **(settings | changes),
    )


def measured(model, images, **options):
    posterior = gampen_tf.predict(
        images, model=model, progress_bar=False, precision="float32", pixel_scale=0.06, unit="nJy", **options
    )
    return posterior


def test_networks_together_measure_what_each_measures(tmp_path):
    keras.utils.set_random_seed(2)
    models = [point_model(RADIUS, 2, 1.0, 0.9), point_model(INDEX, 1, 3.2, 3.0)]
    images = np.random.default_rng(3).normal(5, 2, (3, 32, 32)).astype(np.float32)
    images[2, 4, 4] = np.nan
    together = measured(models, images)
    for column, model in enumerate(models):
        alone = measured(model, images)
        np.testing.assert_allclose(together.median()[:, column], alone.median()[:, 0], rtol=1e-4)
        # a point model's own value is without dropout
        label = model.network(model.prepare(images[:2]), training=False)
        np.testing.assert_allclose(alone.median()[:2], model.scaler.inverse(np.asarray(label)), rtol=1e-4)
        np.testing.assert_array_equal(together.flags, alone.flags)
    table = together.to_table()
    # values alone: nothing that looks like an uncertainty
    assert table.colnames == ["identifier", "semi_major_axis", "sersic_index", "flags", "flags_text"]
    assert "values alone" in together.summary()
    assert "–" in together.summary()
    assert table["semi_major_axis"].unit == "arcsec"
    # with dropout their masks differ
    assert len({layer.index for layer in dropout_layers(combine(models).network)}) == 3
    passes = measured(models, images[:2], passes=8)
    assert np.all(passes.std() > 1e-3)
    combine(models).save(tmp_path / "both")
    assert "semi_major_axis_std" in passes.to_table().colnames
    again = measured(tmp_path / "both", images)
    np.testing.assert_allclose(again.median(), together.median(), rtol=1e-5)


def test_values_far_beyond_the_training_set_are_flagged():
    keras.utils.set_random_seed(2)
    model = point_model(INDEX, 1, 3.2, 3.0, provenance={"settings": {"labels": "range"}})
    images = np.random.default_rng(3).normal(5, 2, (4, 32, 32)).astype(np.float32)
    head = model.network.get_layer("head")
    head.kernel.assign(0 * head.kernel)
    for label, expected in ((0.0, False), (1.05, False), (-1.2, True)):
        head.bias.assign([label])
        found = measured(combine([model]), images).flags & int(Flag.EXTRAPOLATED) > 0
        np.testing.assert_array_equal(found, expected)


def test_models_that_do_not_belong_together_are_refused():
    radius, index = point_model(RADIUS, 2, 1.0, 0.9), point_model(INDEX, 2, 3.2, 3.0, pixel_scale=0.2)
    with pytest.raises(ValueError, match="pixel_scale"):
        combine([radius, index])
    with pytest.raises(ValueError, match="different names"):
        combine([radius, radius])
    network = networks.build("deeplegato2", (32, 32, 1), 1)
    gaussian = Model(
        network, index.scaler, Stretch(), (32, 32, 1), pixel_scale=0.06, pixel_unit="nJy", zero_point=31.4, band="F160W"
    )
    with pytest.raises(ValueError, match="Gaussian head"):
        combine([gaussian])
    with pytest.raises(ValueError, match="measures with dropout on"):
        combine([point_model(INDEX, 2, 3.2, 3.0, provenance={"settings": {"validate_with_dropout": True}})])


def test_the_shipped_networks_measure_new_galaxies(tmp_path):
    """Their cards: 68 % of the errors below 0.061 mag, 0.059 arcsec, 0.15 in n and 0.014 in q; here of 64 galaxies."""
    names = ["magnitude", "semi_major_axis", "sersic_index", "axis_ratio"]
    data = gampen_tf.simulate("candels_f160w", tmp_path / "data", n_images=64, seed=7002, workers=1, progress_bar=False)
    values = gampen_tf.predict(data, model=[f"candels_f160w_deeplegato_{name}" for name in names], progress_bar=False)
    assert list(values.names) == names
    errors = np.quantile(np.abs(values.median() - data.labels(names)), 0.68, axis=0)
    assert np.all(errors < 2 * np.array([0.061, 0.059, 0.15, 0.014]))


def test_the_shipped_workshop_model_has_posteriors_of_its_dropout(tmp_path):
    """Its card: 68 % of the errors below 0.10 in B/T and 0.33 arcsec in the target domain; here of 32 galaxies."""
    data = gampen_tf.simulate(
        "hsc_wide_g_crowded", tmp_path / "data", n_images=32, seed=7003, workers=1, progress_bar=False
    )
    posterior = gampen_tf.predict(data, model="hsc_wide_g_workshop", progress_bar=False)
    assert posterior.means.shape[1] == 128
    errors = np.abs(posterior.mean() - data.labels(list(posterior.names)))
    assert np.all(np.quantile(errors[:, :2], 0.68, axis=0) < [0.2, 0.66])
    assert np.all(posterior.std() > 0)
