"""GaLNets: the blocks of their paper, and the path of the PSF."""

import keras
import numpy as np

from gampen_tf import networks


def layers_of(network, kind):
    return [layer for layer in network.layers if isinstance(layer, kind)]


def test_image_path_is_four_blocks_of_two_convolutions_and_an_average_and_three_dense_layers():
    network = networks.build("galnet1", (61, 61, 1), 7)
    convolutions = layers_of(network, keras.layers.Conv2D)
    assert [layer.kernel_size for layer in convolutions] == [(3, 3)] * 8
    assert [layer.output.shape[1] for layer in layers_of(network, keras.layers.AveragePooling2D)] == [30, 15, 7, 3]
    assert [layer.name for layer in layers_of(network, keras.layers.Dense)] == ["dense1", "dense2", "dense3", "head"]
    assert network.output_shape == (None, 35)


def test_psf_path_is_one_block_joined_before_the_dense_layers():
    network = networks.build("galnet2", (61, 61, 1), 7, head="point")
    names = {layer.name for layer in network.layers}
    image_only = {layer.name for layer in networks.build("galnet1", (61, 61, 1), 7).layers}
    assert names - image_only == {
        "psf",
        "stretched_psf",
        "psf_conv1",
        "psf_conv2",
        "psf_pool",
        "psf_flatten",
        "together",
    }
    assert network.output_shape == (None, 7)
    assert networks.inputs_beside(network) == ("psf",)


def test_a_wider_psf_changes_what_galnet2_says(rng):
    network = networks.build("galnet2", (61, 61, 1), 7, head="point")
    images = np.repeat(rng.normal(0, 8.2, (1, 61, 61, 1)), 2, axis=0)
    y, x = np.mgrid[-12:13, -12:13]
    psfs = np.stack([np.exp(-0.5 * (x**2 + y**2) / width**2) for width in (1.2, 1.8)])
    psfs /= psfs.sum(axis=(1, 2), keepdims=True)
    outputs = np.asarray(network({"images": images, "psf": psfs[..., None]}))
    assert np.all(np.abs(outputs[1] - outputs[0]) > 1e-4)
