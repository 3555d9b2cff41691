"""The part of a network before its first weight: kept, on disk where it is large, turned with the images."""

import keras
import numpy as np
from toy_data import small_network

from gampen_tf.training import fixed_front as fronts
from gampen_tf.training.fixed_front import CompressedTensors, compute_front, split_front, turns_with_image
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
    monkeypatch.setattr(fronts, "_memory_bytes", lambda: 1000)
    on_disk = compute_front(front, source, directory=tmp_path)
    assert isinstance(on_disk.values[0], np.memmap)
    batches = [TensorPipeline(x.values, np.zeros((20, 1)), 20, scales=x.scales).epoch() for x in (in_memory, on_disk)]
    (first, _), (second, _) = (next(iter(batch)) for batch in batches)
    np.testing.assert_array_equal(first, second)
    assert not list(tmp_path.iterdir())


def test_half_precision_keeps_eleven_bits_of_any_brightness():
    rng = np.random.default_rng(4)
    images = rng.normal(size=(6, 5, 5, 1)) * np.logspace(-3, 8, 6)[:, None, None, None]
    features = rng.normal(size=(6, 3)) * 1e9
    kept = CompressedTensors(6, [(5, 5, 1), (3,)])
    kept.write(slice(0, 6), [images, features])
    restored = kept.values[0].astype(float) * kept.scales[0][:, None, None, None]
    assert np.max(np.abs(restored / images - 1)) <= 2.0**-11
    np.testing.assert_allclose(kept.values[1], features, rtol=1e-7)


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
