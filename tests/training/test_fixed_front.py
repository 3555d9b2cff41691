"""The part of a network before its first weight: kept, on disk where it is large, turned with the images."""

import keras
import numpy as np
from keras import ops
from toy_data import small_network

from gampen_tf.training import compressed_tensors
from gampen_tf.training.fixed_front import (
    compute_front,
    fit_normalisation,
    fit_normalisation_on_kept,
    split_front,
    turns_with_image,
)
from gampen_tf.training.pipelines import TensorPipeline


def test_kept_front_gives_the_outputs_of_the_whole_network(dataset):
    network = small_network()
    front, back = split_front(network)
    images = dataset.images(np.arange(20))
    kept = compute_front(front, TensorPipeline((images,), np.zeros((20, 1)), 8))
    (batch,) = [x for x, _ in TensorPipeline(kept.values, np.zeros((20, 1)), 20, scales=kept.scales).epoch()]
    np.testing.assert_allclose(back(batch), network(images), rtol=2e-3, atol=2e-3)


def test_a_front_too_large_for_the_memory_is_kept_on_disk(dataset, tmp_path, monkeypatch):
    front, _ = split_front(small_network())
    source = TensorPipeline((dataset.images(np.arange(20)),), np.zeros((20, 1)), 8)
    in_memory = compute_front(front, source)
    monkeypatch.setattr(compressed_tensors, "_memory_bytes", lambda: 1000)
    on_disk = compute_front(front, source, directory=tmp_path)
    assert isinstance(on_disk.values[0], np.memmap)
    batches = [TensorPipeline(x.values, np.zeros((20, 1)), 20, scales=x.scales).epoch() for x in (in_memory, on_disk)]
    (first, _), (second, _) = (next(iter(batch)) for batch in batches)
    np.testing.assert_array_equal(first, second)
    assert not list(tmp_path.iterdir())


def test_a_normalisation_is_fitted_on_what_is_kept_of_its_input(dataset):
    def network():
        images = keras.Input(dataset.image_shape)
        x = keras.layers.Flatten()(keras.layers.AveragePooling2D(5)(images))
        return keras.Model(images, keras.layers.Dense(2)(keras.layers.Normalization(name="standardised")(x)))

    images, (one, other) = dataset.images(np.arange(20)), (network(), network())
    front, _ = split_front(one)
    kept = compute_front(front, TensorPipeline((images,), np.zeros((20, 1)), 8))
    assert fit_normalisation_on_kept(one, front, kept, np.arange(5, 20))
    fit_normalisation(other, lambda: [images[5:]])
    for found, expected in zip(
        one.get_layer("standardised").variables, other.get_layer("standardised").variables, strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_normalisation_elsewhere_is_left_alone(dataset):
    images = keras.Input(dataset.image_shape)
    x = keras.layers.AveragePooling2D(5)(images)
    x = keras.layers.Concatenate()([x, keras.layers.Normalization()(ops.log(1.0 + ops.square(x)))])
    network = keras.Model(images, keras.layers.Conv2D(2, 1)(x))
    front = keras.Model(images, x)
    assert not fit_normalisation_on_kept(network, front, None, np.arange(3))


def test_a_front_that_does_not_turn_with_the_image_is_found_out():
    images = keras.Input((12, 12, 1))
    pooled = keras.layers.AveragePooling2D(2)(images)
    assert turns_with_image(keras.Model(images, [pooled, keras.layers.GlobalMaxPooling2D()(images)]))
    assert not turns_with_image(keras.Model(images, keras.layers.Cropping2D(((1, 2), (1, 2)))(images)))
    assert not turns_with_image(keras.Model(images, keras.layers.Flatten()(pooled)))
    assert not turns_with_image(keras.Model(images, keras.layers.AveragePooling2D((2, 1), padding="same")(images)))


def test_networks_that_begin_with_weights_have_no_front():
    images = keras.Input((12, 12, 1))
    assert split_front(keras.Model(images, keras.layers.Conv2D(2, 3)(images))) is None
