"""Small files of weights."""

import keras
import numpy as np
import pytest

from gampen_tf.vae import GALAXY_VAES, GalaxyVAE, round_weights
from gampen_tf.vae.weights_file import write_compressed


def test_rounded_weights_are_near_and_their_file_is_half_as_large(tmp_path):
    vae = GalaxyVAE(GALAXY_VAES["dense"]((20, 20, 1)))
    before = vae.network.get_weights()
    large = (vae.save(tmp_path / "model") / "model.keras").stat().st_size
    round_weights(vae.network, 10)
    for a, b in zip(before, vae.network.get_weights(), strict=True):
        assert (np.abs(a - b) <= 2.0**-11 * np.abs(a)).all()
        assert (b.view(np.uint32) & 0x1FFF == 0).all()  # 23 − 10 bits of the mantissa
    assert (vae.save(tmp_path / "model") / "model.keras").stat().st_size < 0.65 * large


def test_a_compressed_file_is_a_function_of_the_network_and_loads_as_it_is(tmp_path):
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(50, name="dense")])
    for name in ("first", "second"):
        write_compressed(network, tmp_path / f"{name}.keras")
    assert (tmp_path / "first.keras").read_bytes() == (tmp_path / "second.keras").read_bytes()
    loaded = keras.saving.load_model(tmp_path / "first.keras")
    for a, b in zip(loaded.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    network.set_weights([np.ones_like(weight) for weight in network.get_weights()])
    write_compressed(network, tmp_path / "second.keras")
    assert (tmp_path / "first.keras").read_bytes() != (tmp_path / "second.keras").read_bytes()


@pytest.mark.parametrize("n_bits", [4, 10])
def test_rounding_is_to_the_nearest(n_bits):
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, name="dense")])
    step = 2.0**-n_bits
    for value, expected in [(1 + 0.4 * step, 1.0), (1 + 0.6 * step, 1 + step), (-3.0, -3.0), (0.0, 0.0)]:
        network.set_weights([np.array([[value]], np.float32)])
        round_weights(network, n_bits)
        assert network.get_weights()[0][0, 0] == np.float32(expected)
