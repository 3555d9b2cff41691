"""The workshop network: the rows of its paper."""

import keras
import numpy as np
import pytest
from network_cases import NetworkCase
from network_rows import rows

from gampen_tf import networks
from gampen_tf.layers import SpatialTransformer, dropout_layers


class TestWorkshop(NetworkCase):
    name = "workshop"
    image_shape = (96, 96, 1)
    options = {"filters": (12, 16, 16, 16, 12), "units": 32}


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


def test_small_images_are_refused():
    with pytest.raises(ValueError, match="64 px"):
        networks.build("workshop", (60, 96, 1), 3)
