"""Networks and terms of the bound."""

import keras
import numpy as np
import pytest
from keras import ops
from linear_vae import LinearModel
from scipy import stats

from gampen_tf.vae import GALAXY_VAES, GalaxyVAE
from gampen_tf.vae.network import kl_from_standard_normal, log_density


def test_kl_is_the_closed_form_and_the_integral():
    assert float(kl_from_standard_normal(ops.zeros((1, 8)), ops.zeros((1, 8)))[0]) == 0
    mean, log_variance = np.array([[0.7, -1.2]]), np.log([[0.5, 2.0]])
    z = np.linspace(-12, 12, 40001)
    expected = 0
    for m, v in zip(mean[0], np.exp(log_variance[0]), strict=True):
        q = stats.norm(m, np.sqrt(v))
        expected += np.trapezoid(q.pdf(z) * (q.logpdf(z) - stats.norm.logpdf(z)), z)
    np.testing.assert_allclose(kl_from_standard_normal(mean, log_variance), [expected], rtol=1e-6)


def test_density_of_a_diagonal_gaussian(rng):
    x, mean, log_variance = rng.normal(size=(3, 2, 4, 3, 1))
    expected = stats.norm.logpdf(x, mean, np.exp(log_variance / 2))
    np.testing.assert_allclose(log_density(x, mean, log_variance, n_axes=3), expected.sum((1, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(log_density(x, mean, log_variance), expected.sum(-1), rtol=1e-6)


@pytest.fixture(scope="module")
def linear():
    return LinearModel(np.random.default_rng(4))


@pytest.mark.parametrize("variant", GALAXY_VAES)
@pytest.mark.parametrize("shape", [(69, 69, 1), (32, 21, 2)])
def test_shapes_of_the_networks(variant, shape):
    vae = GalaxyVAE(GALAXY_VAES[variant](shape, n_latents=6), variant)
    images = np.random.default_rng(0).normal(size=(3, *shape))
    assert vae.image_shape == shape
    assert [x.shape for x in vae.encode(images)] == [(3, 6)] * 2
    assert [x.shape for x in vae.reconstruct(images)] == [(3, *shape)] * 2
    alone = vae.log_likelihood_bound(images[:1], n_mc=2)
    np.testing.assert_allclose(vae.log_likelihood_bound(images, n_mc=2)[:1], alone, rtol=1e-5)
    assert vae.encode(np.zeros((0, *shape)))[0].shape == (0, 6)


def test_the_papers_model_has_the_papers_weights():
    network = GALAXY_VAES["dense"]()
    n, h = 69 * 69, 128
    encoder = (n + 1) * h + (h + 1) * h + (h + 1) * 16
    decoder = (8 + 1) * h + (h + 1) * h + (h + 1) * 2 * n
    assert network.count_params() == encoder + decoder
    dense = [
        layer
        for half in ("encoder", "decoder")
        for layer in network.get_layer(half).layers
        if isinstance(layer, keras.layers.Dense)
    ]
    assert [layer.activation.__name__ for layer in dense] == ["relu", "relu", "linear"] * 2
