"""Embedding latents in the plane."""

import numpy as np
import pytest

from gampen_tf.vae import embed


def test_principal_components_are_the_eigenvectors_of_the_covariance(rng):
    latents = rng.normal(size=(300, 5)) @ rng.normal(size=(5, 5)) + 3
    plane = embed(latents)
    values = np.sort(np.linalg.eigvalsh(np.cov(latents.T)))[::-1]
    np.testing.assert_allclose(np.cov(plane.T), np.diag(values[:2]), atol=1e-8)
    np.testing.assert_allclose(plane.mean(0), 0, atol=1e-10)
    np.testing.assert_allclose(embed(latents[::-1])[::-1], plane, atol=1e-8)


def test_tsne_keeps_clusters_apart(rng):
    pytest.importorskip("sklearn")
    groups = np.repeat([0, 1, 2], 15)
    latents = rng.normal(size=(45, 8)) + 8 * np.eye(8)[groups]
    plane = embed(latents, method="tsne", seed=2)
    distance = np.linalg.norm(plane[:, None] - plane[None], axis=-1) + 1e9 * np.eye(45)
    assert (groups[np.argmin(distance, axis=1)] == groups).all()


def test_what_cannot_be_embedded_is_refused(rng):
    with pytest.raises(ValueError, match="umap"):
        embed(rng.normal(size=(9, 8)), method="umap")
    with pytest.raises(ValueError, match="shape"):
        embed(np.zeros((9, 1)))
