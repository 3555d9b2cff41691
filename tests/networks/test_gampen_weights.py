"""GaMPEN's published weights against PyTorch."""

from pathlib import Path

import gampen_reference
import keras
import numpy as np
import pytest
from astropy.io import fits

from gampen_tf.core import LabelScaler, Parameter, ParameterSet, Stretch
from gampen_tf.inference import predict
from gampen_tf.layers import SpatialTransformer, dropout_layers
from gampen_tf.models import Model
from gampen_tf.networks import load_gampen_weights

REFERENCE = Path(gampen_reference.__file__).parent / "data" / "gampen_reference.npz"


@pytest.mark.parametrize(
    "kind",
    [pytest.param("scale", marks=pytest.mark.slow), pytest.param("scale_shift", marks=pytest.mark.slow), "affine"],
)
def test_published_weights_give_the_outputs_of_pytorch(kind):
    """Values of torch 2.13 on the same seeded weights, at 239, 143 and 96 px."""
    case = gampen_reference.CASES[kind]
    network = load_gampen_weights(gampen_reference.random_state(*case))
    assert network.input_shape == (None, case[0], case[0], case[1])
    images = gampen_reference.images(*case[:2])
    transform = next(layer for layer in network.layers if isinstance(layer, SpatialTransformer))
    both = keras.Model(network.input, [transform.input[1], network.output])
    parameters, outputs = (np.asarray(tensor) for tensor in both(images))
    with np.load(REFERENCE) as reference:
        np.testing.assert_allclose(parameters, reference[f"{kind}_parameters"], rtol=1e-5, atol=1e-5)
        expected = reference[f"{kind}_outputs"]
    np.testing.assert_allclose(outputs, expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.slow
def test_published_networks_measure_single_band_images_in_counts(tmp_path):
    """One kernel for three identical channels, and images in nJy come to the counts that the network knows."""
    side = 96
    state = gampen_reference.random_state(side, 3, 9, 1)
    image = 50 * gampen_reference.images(side, 1)[0, ..., 0]
    header = fits.Header({"BUNIT": "nJy", "PIXSCALE": 0.168})
    fits.writeto(tmp_path / "galaxy.fits", image * 10 ** (0.4 * (31.4 - 27.0)), header)
    three = load_gampen_weights(state, dropout_rate=0.0)
    expected = np.asarray(three(np.repeat(np.arcsinh(image)[None, ..., None], 3, axis=-1)))[0]
    del three
    parameters = ParameterSet([Parameter(name, "", (0, np.inf), "log") for name in ("ratio", "radius", "flux")])
    model = Model(
        load_gampen_weights(state, image_shape=(side, side, 1), dropout_rate=0.0),
        LabelScaler(parameters, np.zeros(3), np.ones(3)),
        Stretch("arcsinh"),
        (side, side, 1),
        pixel_scale=0.168,
        pixel_unit="adu",
        zero_point=27.0,
    )
    posterior = predict(tmp_path / "galaxy.fits", model=model, precision="float32", progress_bar=False)
    np.testing.assert_allclose(posterior.means[0, 0], expected[:3], rtol=1e-3, atol=1e-3 * np.abs(expected).max())


@pytest.mark.slow
def test_state_dicts_without_inserted_dropout_and_prefix_are_read_alike(tmp_path):
    case = gampen_reference.CASES["affine"]
    state = {name.removeprefix("module."): value for name, value in gampen_reference.random_state(*case).items()}
    numbers = sorted({int(name.split(".")[2]) for name in state if name.startswith("vgg.features")})
    plain = dict(zip((0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28), numbers, strict=True))
    renamed = {name: value for name, value in state.items() if "features" not in name}
    for new, old in plain.items():
        for part in ("weight", "bias"):
            renamed[f"vgg.features.{new}.{part}"] = state[f"vgg.features.{old}.{part}"]
    network = load_gampen_weights(renamed, image_shape=(94, 94, 1), dropout_rate=0.01)
    assert network.input_shape == (None, 94, 94, 1)
    np.testing.assert_array_equal(
        network.get_layer("block5_conv3").kernel[1, 2], state["vgg.features.40.weight"][:, :, 1, 2].T
    )
    assert float(dropout_layers(network)[3].rate) == pytest.approx(0.01)
    with pytest.raises(ValueError, match="image_shape"):
        load_gampen_weights(renamed, image_shape=(143, 143, 1))


def test_other_state_dicts_are_refused():
    with pytest.raises(ValueError, match="13 were expected"):
        load_gampen_weights({"conv1.weight": np.zeros((4, 3, 3, 3)), "conv1.bias": np.zeros(4)})
