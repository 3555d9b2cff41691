"""Draws from mixtures of Gaussians."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

__all__ = ["base_noise", "draw"]


def base_noise(n_mc, n_parameters, seed):
    """Random numbers of the draws of every galaxy: a function of the seed and the draw alone.

    All galaxies share them (common random numbers), so that a galaxy's draws are the same alone and in any batch. They
    are a Sobol sequence in P + 1 dimensions with a random digital shift, spread over equal strata in each dimension:
    every draw is uniform over seeds, and the set of draws fills space evenly. With plain random numbers the same
    sampling error would sit in every galaxy and would not average out over a sample.

    Returns
    -------
    uniform : (n_mc,) array
        Picks the component; one number in each of n_mc equal strata, in mixed order.
    normal : (n_mc, P) array
        Standard normal.
    """
    rng = np.random.Generator(np.random.Philox(key=np.array([seed % 2**64, 0x706F7374], np.uint64)))
    dimensions = n_parameters + 1
    shift = rng.integers(0, 1 << 32, dimensions, dtype=np.uint64)
    jitter = rng.random((n_mc, dimensions))
    sequence = qmc.Sobol(dimensions, scramble=False, bits=32).random_base2(max(0, (n_mc - 1).bit_length()))[:n_mc]
    points = np.floor(sequence * 2.0**32).astype(np.uint64) ^ shift
    strata = np.argsort(np.argsort(points, axis=0, kind="stable"), axis=0)
    # in random order, or every fourth draw, say, would see a part of space alone
    uniform = rng.permutation(strata + jitter) / n_mc
    return uniform[:, 0], ndtri(np.clip(uniform[:, 1:], 1e-16, 1 - 1e-16))


def draw(means, scale_trils, weights, n_mc, seed):
    """Draws (N, n_mc, P) of the labels, stratified over the components.

    With T equal weights and T dividing ``n_mc``, each component gives exactly n_mc / T of them; with
    n_mc = T each gives one, as in the paper.
    """
    n, _, n_parameters = means.shape
    uniform, normal = base_noise(n_mc, n_parameters, seed)
    result = np.empty((n, n_mc, n_parameters))
    for i in range(n):
        edges = np.cumsum(weights[i])
        pick = np.searchsorted(edges / edges[-1], uniform, side="right")
        pick = np.minimum(pick, len(edges) - 1)
        result[i] = means[i, pick] + np.einsum("dij,dj->di", scale_trils[i, pick], normal)
    return result
