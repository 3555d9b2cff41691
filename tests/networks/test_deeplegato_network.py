"""DeepLeGATo's networks: the rows of their paper."""

import keras
import numpy as np
import pytest
from network_cases import NetworkCase
from network_rows import rows

from gampen_tf import networks


class TestDeepLegato1(NetworkCase):
    name = "deeplegato1"
    image_shape = (32, 32, 1)


class TestDeepLegato2(NetworkCase):
    name = "deeplegato2"
    image_shape = (24, 24, 1)
    n_parameters = 1


def test_deeplegato_is_the_papers_text():
    """§ 4.1 and 4.2: eight and six convolutions, four and three poolings, two and one dropouts."""
    first = networks.build("deeplegato1", (128, 128, 1), 1, head="point", filters=(3, 5, 7, 9))
    assert rows(first) == "N 3@4 3@4 P D 5@4 5@4 P D 7@3 7@3 P 9@2 9@2 P 128 64 1"
    second = networks.build("deeplegato2", (128, 128, 1), 1, head="point", filters=(3, 5, 7))
    assert rows(second) == "3@4 3@4 P D N 5@4 5@4 P 7@3 7@3 P 128 64 1"


def test_networks_refuse_what_they_cannot_take():
    with pytest.raises(ValueError, match="architecture"):
        networks.deeplegato(architecture=3)
    with pytest.raises(ValueError, match="16 px"):
        networks.build("deeplegato1", (15, 40, 1), 1)
    with pytest.raises(ValueError, match="filters for 2"):
        networks.build("deeplegato2", (32, 32, 1), 1, filters=(8, 16))


def test_noise_is_added_in_training_alone():
    network = networks.build("deeplegato1", (16, 16, 1), 1, head="point", noise=0.5, dropout_rate=0.0)
    image = np.ones((1, 16, 16, 1), np.float32)
    seen = keras.Model(network.input, network.get_layer("noise").output)
    np.testing.assert_array_equal(seen(image), image)
    noise = np.asarray(seen(np.repeat(image, 200, axis=0), training=True)) - 1
    # 51 200 draws: 4 standard errors of the standard deviation
    assert np.std(noise) == pytest.approx(0.5, rel=4 / np.sqrt(2 * noise.size))
