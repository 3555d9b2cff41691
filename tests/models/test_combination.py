"""Several networks that measure one parameter each, as one model."""

import keras
import numpy as np
import pytest

import gampen_tf
from gampen_tf import networks
from gampen_tf.core import Flag, LabelScaler, Parameter, ParameterSet, Stretch
from gampen_tf.layers import dropout_layers
from gampen_tf.models import Model, combine

RADIUS = Parameter("semi_major_axis", "arcsec", (0, np.inf))

INDEX = Parameter("sersic_index", "", (0, np.inf))


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
    model = point_model(INDEX, 1, 3.2, 3.0, label_scaling="range")
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
        combine([point_model(INDEX, 2, 3.2, 3.0, dropout_posterior=True)])
