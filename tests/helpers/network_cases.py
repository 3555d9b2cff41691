"""What every network of `gampen_tf.networks` must do; a test class for each derives from `NetworkCase`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gampen_tf import networks
from gampen_tf.layers import SpatialTransformer, dropout_layers, monte_carlo, n_outputs, set_dropout_rate
from gampen_tf.training import GaussianNegativeLogLikelihood


class NetworkCase:
    """Derived classes name the network and an image shape that is quick to compute."""

    name = None
    image_shape = None
    n_parameters = 3

    #: Options that make it small.
    options = {}

    @classmethod
    def build(cls, **options):
        keras.utils.set_random_seed(3)
        network = networks.build(cls.name, cls.image_shape, cls.n_parameters, **cls.options, **options)
        # what starts at zero is the same for every image, with no gradient behind it: move it off that point
        rng = np.random.default_rng(4)
        for layer in network.layers:
            if isinstance(layer, keras.layers.Dense) and not np.any(layer.kernel):
                layer.kernel.assign(rng.normal(0, 0.03, layer.kernel.shape))
        return network

    @pytest.fixture(scope="class")
    @classmethod
    def network(cls):
        return cls.build(dropout_rate=0.05)

    @pytest.fixture(scope="class")
    @classmethod
    def images(cls):
        rng = np.random.default_rng(5)
        height, width, channels = cls.image_shape
        y, x = np.mgrid[:height, :width]
        radius = np.hypot(x - width / 2, y - height / 2)
        blobs = np.exp(-radius / np.array([3, 6])[:, None, None]) * 20
        return (blobs[..., None] + rng.normal(0, 1, (2, height, width, channels))).astype(np.float32)

    def test_the_contract_is_kept(self):
        assert networks.check(self.name, self.image_shape, self.n_parameters, **self.options) == []

    def test_shapes(self, network, images):
        outputs = network(images)
        assert outputs.shape == (2, n_outputs(self.n_parameters))
        assert outputs.dtype == "float32"
        assert np.abs(np.subtract(*np.asarray(outputs))).max() > 1e-6  # two galaxies, two answers

    def test_an_image_does_not_depend_on_its_batch(self, network, images):
        together, alone = np.asarray(network(images)), np.asarray(network(images[1:]))
        np.testing.assert_allclose(alone[0], together[1], rtol=2e-4, atol=2e-5)

    def test_dropout_is_a_draw_of_the_network(self, network, images):
        with monte_carlo(network, 1, 2):
            folded = np.asarray(network(np.concatenate([images, images])))
        for t in range(2):
            with monte_carlo(network, 1, [t]):
                np.testing.assert_allclose(network(images[:1])[0], folded[2 * t], rtol=2e-4, atol=2e-5)
        assert np.abs(folded[:2] - folded[2:]).max() > 1e-5
        plain = np.asarray(network(images))
        set_dropout_rate(network, 0.0)
        with monte_carlo(network, 1, 1):
            np.testing.assert_array_equal(network(images), plain)
        set_dropout_rate(network, 0.05)

    def test_dropout_layers_are_numbered(self, network):
        layers = dropout_layers(network)
        assert sorted(layer.index for layer in layers) == list(range(len(layers)))

    def test_save_and_load(self, network, images, tmp_path):
        network.save(tmp_path / "network.keras")
        loaded = keras.saving.load_model(tmp_path / "network.keras", compile=False, safe_mode=True)
        np.testing.assert_array_equal(loaded(images), network(images))
        with monte_carlo(network, 9, 1):
            expected = np.asarray(network(images))
        with monte_carlo(loaded, 9, 1):
            np.testing.assert_array_equal(loaded(images), expected)

    def test_gradients_reach_every_weight(self, network, images):
        labels = np.zeros((2, self.n_parameters), np.float32)
        with tf.GradientTape() as tape:
            loss = GaussianNegativeLogLikelihood()(labels, network(images, training=True))
        gradients = tape.gradient(loss, network.trainable_weights)
        for weight, gradient in zip(network.trainable_weights, gradients, strict=True):
            assert gradient is not None, weight.path
            gradient = np.asarray(gradient)
            assert np.isfinite(gradient).all(), weight.path
            assert np.any(gradient), weight.path

    def test_the_transform_differs_between_images(self, network, images):
        for layer in network.layers:
            if isinstance(layer, SpatialTransformer):
                scale = np.asarray(keras.Model(network.input, layer.input[1])(images))
                assert np.abs(scale[0] - scale[1]).max() > 1e-4

    def test_half_precision_has_a_float32_head(self, network, images):
        keras.config.set_dtype_policy("mixed_bfloat16")
        try:
            half = self.build(dropout_rate=0.05)
        finally:
            keras.config.set_dtype_policy("float32")
        half.set_weights(network.get_weights())
        outputs = half(images)
        assert outputs.dtype == "float32"
        exact = np.asarray(network(images))
        assert np.abs(outputs - exact).max() < 0.05 * np.abs(exact).max() + 0.05
        assert all(weight.dtype == "float32" for weight in half.trainable_weights)
