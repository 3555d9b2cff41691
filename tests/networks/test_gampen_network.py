"""GaMPEN's network: the paper's table and its number of weights."""

import keras
import numpy as np
import pytest
from network_cases import NetworkCase

from gampen_tf import networks
from gampen_tf.layers import MonteCarloDropout


class TestGampen(NetworkCase):
    name = "gampen"
    image_shape = (48, 48, 1)
    n_parameters = 2

    @pytest.mark.slow
    def test_the_contract_is_kept(self):
        super().test_the_contract_is_kept()

    @pytest.mark.slow
    def test_half_precision_has_a_float32_head(self, network, images):
        super().test_half_precision_has_a_float32_head(network, images)


def test_gampen_refuses_what_it_cannot_take():
    with pytest.raises(ValueError, match="33 px"):
        networks.build("gampen", (32, 40, 1), 3)
    with pytest.raises(ValueError, match="scale_shift"):
        networks.build("gampen", (64, 64, 1), 3, transform="rotation")


@pytest.fixture(scope="module")
def gampen_239():
    return networks.build("gampen", (239, 239, 3), 3, regularization=1e-4)


def test_gampen_has_the_weights_of_the_original(gampen_239):
    assert sum(int(np.prod(weight.shape)) for weight in gampen_239.trainable_weights) == 143_125_226


def test_gampen_is_the_papers_table(gampen_239):
    """Downstream rows of Table 3: D dropout, P pooling, numbers the filters or units."""
    table = "64 D 64 P D 128 D 128 P D 256 D 256 D 256 P D 512 D 512 D 512 P D 512 D 512 D 512 P 4096 D 4096 D 9"
    rows = []
    for layer in gampen_239.layers:
        if layer.name.startswith("localisation"):
            continue
        if isinstance(layer, MonteCarloDropout):
            rows.append("D")
        elif isinstance(layer, keras.layers.MaxPooling2D):
            rows.append("P")
        elif isinstance(layer, keras.layers.Conv2D):
            rows.append(str(layer.filters))
        elif isinstance(layer, keras.layers.Dense):
            rows.append(str(layer.units))
    assert " ".join(rows) == table


def test_regularization_is_lambda_times_the_sum_of_squares(gampen_239):
    kernel = gampen_239.get_layer("block1_conv1").kernel
    penalty = gampen_239.get_layer("block1_conv1").kernel_regularizer(kernel)
    np.testing.assert_allclose(penalty, 1e-4 * np.sum(np.asarray(kernel, np.float64) ** 2), rtol=1e-5)
    kernels = [weight for weight in gampen_239.trainable_weights if weight.name == "kernel"]
    assert len(gampen_239.losses) == len(kernels) == 20
