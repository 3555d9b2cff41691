"""The network that is told the noise and the PSF."""

import keras
import numpy as np
import pytest

from gampen_tf import networks
from gampen_tf.rendering import MoffatPsf, draw_psf

SIDE, STAMP = 95, 21


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(2)
    return networks.build("informed", (SIDE, SIDE, 1), 3, psf_shape=(STAMP, STAMP), filters=(4, 6), units=8)


@pytest.fixture(scope="module")
def inputs():
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    light = 300 * np.exp(-np.hypot(x, 1.4 * y) / np.array([4.0, 8.0])[:, None, None])
    psf = np.stack([draw_psf(MoffatPsf(fwhm, 3.0), STAMP, 0.168) for fwhm in (0.6, 0.9)])
    images = (light + rng.normal(0, 1.5, light.shape))[..., None].astype(np.float32)
    return {"images": images, "psf": psf[..., None], "noise": np.full((2, 1), 1.5, np.float32)}


def test_the_contract_is_kept():
    options = {"psf_shape": (STAMP, STAMP), "filters": (4,), "units": 8}
    assert networks.check("informed", (SIDE, SIDE, 1), 3, **options) == []


def test_an_image_turned_by_quarters_has_rings_and_head_features_alike(network, inputs):
    front = keras.Model(network.inputs, network.get_layer("standardised_rings").output)
    turned = {name: np.rot90(x, axes=(1, 2)) if x.ndim == 4 else x for name, x in inputs.items()}
    np.testing.assert_allclose(front(turned), front(inputs), atol=1e-4)


def test_what_is_told_counts_and_what_is_not_told_does_not(network, inputs):
    told = np.asarray(network(inputs))
    other = np.asarray(network({**inputs, "psf": inputs["psf"][::-1]}))
    assert np.abs(other - told).max() > 1e-4
    scaled = np.asarray(network({**inputs, "psf": 3.0 * inputs["psf"]}))
    np.testing.assert_allclose(scaled, told, atol=1e-4)
    unknown = {**inputs, "psf": np.zeros_like(inputs["psf"])}
    alone = network({name: x[:1] for name, x in unknown.items()})
    np.testing.assert_allclose(alone, np.asarray(network(unknown))[:1], rtol=2e-4, atol=2e-5)


def test_light_counts_in_units_of_the_noise(network, inputs):
    """The same picture at three times the scale differs by what the network is told of the noise alone."""
    views = keras.Model(network.inputs, network.get_layer("views").output)
    scaled = {**inputs, "images": 3 * inputs["images"], "noise": 3 * inputs["noise"]}
    np.testing.assert_allclose(views(scaled), views(inputs), atol=1e-4)


def test_masked_pixels_do_not_reach_the_outputs(network, inputs):
    masked = inputs["images"].copy()
    masked[0, 10:20, 30:40] = np.nan
    assert np.isfinite(network({**inputs, "images": masked})).all()


def test_frames_that_have_no_centre_in_each_view_are_refused():
    with pytest.raises(ValueError, match=r"sides 8 k \+ 7"):
        networks.build("informed", (96, 96, 1), 3)
