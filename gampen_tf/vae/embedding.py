"""Two-dimensional embeddings of latents: principal components, or t-SNE.

>>> from gampen_tf.vae.embedding import embed
>>> plot_latents(embed(vae.encode(images)[0], method="tsne"), images=images)
"""

from __future__ import annotations

import numpy as np

__all__ = ["embed"]


def embed(latents, method="pca", *, seed=0):
    """Embed latents in a plane in which similar galaxies lie together.

    Parameters
    ----------
    latents : (N, L) array
        Such as the means of `gampen_tf.GalaxyVAE.encode`.
    method : {"pca", "tsne"}
        The two leading principal components, or t-SNE (van der Maaten & Hinton 2008) by scikit-learn, an optional
        dependency: ``pip install 'gampen_tf[vae]'``.
    seed : int
        Of t-SNE.

    Returns
    -------
    (N, 2) array
        Principal components in the latents' units, the larger first, each signed so that its largest loading is
        positive.
    """
    latents = np.asarray(latents, float)
    if latents.ndim != 2 or len(latents) < 3 or latents.shape[1] < 2:
        raise ValueError(f"latents of shape {latents.shape}; expected (N, L) with 3 galaxies and 2 latents or more")
    if method == "pca":
        centred = latents - latents.mean(0)
        directions = np.linalg.svd(centred, full_matrices=False)[2][:2]
        largest = np.take_along_axis(directions, np.argmax(np.abs(directions), axis=1)[:, None], axis=1)
        return centred @ (directions * np.sign(largest)).T
    if method == "tsne":
        try:
            from sklearn.manifold import TSNE
        except ImportError as error:
            raise ImportError("t-SNE needs scikit-learn: pip install 'gampen_tf[vae]', or method='pca'") from error
        perplexity = min(30.0, (len(latents) - 1) / 3)
        return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(latents).astype(float)
    raise ValueError(f"method {method!r}; expected 'pca' or 'tsne'")
