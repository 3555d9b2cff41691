"""Draws of toy posteriors whose diagnostics are known.

The toy: m ~ N(0, 1) in each parameter is what was seen, and the truth is m + s C^{1/2} z. The true posterior is
N(m, s² C). Each fault changes the posterior that is claimed.
"""

import numpy as np
from scipy.special import ndtr

from gampen_tf import metrics

N, D, P = 6000, 400, 3
LEVELS = np.array(metrics.SIGMA_LEVELS)
CORRELATION = np.array([[1.0, 0.8, 0.0], [0.8, 1.0, 0.0], [0.0, 0.0, 1.0]])


def toy(seed, *, width=1.0, bias=0.0, claimed=CORRELATION, n=N, n_draws=D):
    rng = np.random.default_rng(seed)
    observed = rng.normal(size=(n, P))
    truth = observed + 0.1 * rng.normal(size=(n, P)) @ np.linalg.cholesky(CORRELATION).T
    noise = rng.normal(size=(n, n_draws, P)) @ np.linalg.cholesky(claimed).T
    return observed[:, None] + 0.1 * (bias + width * noise), truth


def gaussian_pit(seed, *, width=1.0, bias=0.0, n=20_000):
    """PITs in closed form: N(0, 1) truths under N(bias, width²)."""
    return ndtr((np.random.default_rng(seed).normal(size=(n, P)) - bias) / width)
