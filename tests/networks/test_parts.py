"""Splitting a functional model: the halves composed are the whole, and the front holds all that it may."""

import keras
import numpy as np
import pytest

from gampen_tf.networks.parts import split_model


def is_dropout(layer):
    return isinstance(layer, keras.layers.Dropout)


def has_weights(layer):
    return bool(layer.weights)


@pytest.fixture
def images():
    return np.random.default_rng(1).normal(size=(5, 8, 8, 2)).astype("float32")


@pytest.fixture
def branched():
    """Two branches, one of which meets dropout early; a convolution used on both sides of the cut."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 2), name="images")
    shared = keras.layers.Conv2D(2, 3, padding="same", name="shared")
    x = shared(inputs)
    early = keras.layers.Conv2D(3, 3, name="after_dropout")(keras.layers.Dropout(0.5, name="drop")(shared(x)))
    late = keras.ops.log1p(keras.ops.abs(keras.layers.Conv2D(3, 3, name="no_dropout")(x)))
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(early * late)
    flux = keras.ops.sum(inputs, axis=(1, 2))
    outputs = keras.layers.Dense(4, name="head")(keras.ops.concatenate([pooled, flux], axis=-1))
    return keras.Model(inputs, outputs)


def run(front, back, images):
    return np.asarray(back(front(images)))


@pytest.mark.parametrize("starts_back", [is_dropout, has_weights, lambda layer: False, lambda layer: True])
def test_halves_composed_are_the_whole(branched, images, starts_back):
    front, back = split_model(branched, starts_back)
    np.testing.assert_allclose(run(front, back, images), branched(images), rtol=1e-6, atol=1e-6)


def test_front_holds_all_that_depends_on_no_dropout(branched):
    front, back = split_model(branched, is_dropout)
    front_layers = {layer.name for layer in front.layers}
    assert {"shared", "no_dropout"} <= front_layers
    assert not {"drop", "after_dropout", "pool", "head"} & front_layers
    assert "no_dropout" not in {layer.name for layer in back.layers}
    # crossing: the input of the dropout, the second branch, and the summed pixels
    assert sorted(tuple(t.shape[1:]) for t in front.outputs) == [(2,), (6, 6, 3), (8, 8, 2)]


def test_front_without_weights_holds_the_sum_of_pixels(branched, images):
    front, _ = split_model(branched, has_weights)
    assert not front.weights
    crossing = [np.asarray(t) for t in front(images)]
    assert any(t.shape == (5, 2) and np.allclose(t, images.sum((1, 2)), rtol=1e-5) for t in crossing)


def test_weights_are_shared(branched, images):
    front, back = split_model(branched, is_dropout)
    branched.get_layer("head").bias.assign_add([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(run(front, back, images), branched(images), rtol=1e-6, atol=1e-6)


def test_two_inputs_by_name_and_two_outputs():
    images, psf = keras.Input((8, 8, 1), name="images"), keras.Input((5, 5, 1), name="psf")
    x = keras.layers.Flatten()(images)
    y = keras.layers.Flatten()(psf)
    z = keras.layers.Dense(3)(keras.layers.Dropout(0.5)(keras.ops.concatenate([x, y], axis=-1)))
    model = keras.Model({"images": images, "psf": psf}, {"head": z, "pixels": x})
    front, back = split_model(model, is_dropout)
    rng = np.random.default_rng(2)
    values = {"images": rng.normal(size=(3, 8, 8, 1)), "psf": rng.normal(size=(3, 5, 5, 1))}
    outputs, expected = back(front(values)), model(values)
    assert set(outputs) == {"head", "pixels"}
    for name in expected:
        np.testing.assert_allclose(outputs[name], expected[name], rtol=1e-6, atol=1e-6)


def test_nested_model_with_dropout_goes_to_the_back_as_a_whole(images):
    block = keras.Sequential([keras.layers.Conv2D(2, 3), keras.layers.Dropout(0.5)], name="block")
    inputs = keras.Input((8, 8, 2))
    x = keras.layers.Conv2D(2, 3, name="first")(inputs)
    model = keras.Model(inputs, keras.layers.Flatten()(block(x)))
    front, back = split_model(model, is_dropout)
    assert "block" in {layer.name for layer in back.layers}
    assert "first" in {layer.name for layer in front.layers}
    np.testing.assert_allclose(run(front, back, images), model(images), rtol=1e-6, atol=1e-6)


def test_saved_and_loaded_after_a_split(branched, images, tmp_path):
    split_model(branched, is_dropout)
    branched.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    front, back = split_model(loaded, is_dropout)
    np.testing.assert_allclose(run(front, back, images), branched(images), rtol=1e-6, atol=1e-6)


def test_model_without_a_graph_is_refused():
    class Subclassed(keras.Model):
        pass

    with pytest.raises(TypeError, match="functional"):
        split_model(Subclassed(), is_dropout)
