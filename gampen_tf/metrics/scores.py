"""Proper scores: one number for accuracy and calibration together, least on average for the true posterior.

All are negatively oriented (smaller is better) and given per galaxy, so that their mean has an error
(:func:`~gampen_tf.metrics.mean`) and any bin can be taken.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from .draws import _draws, row_chunks

__all__ = ["crps", "crps_gaussian", "crps_mixture", "crps_quantiles", "energy_score", "log_score", "sharpness"]

_CHUNK_PAIRS = 1 << 22


def crps(samples, truth):
    """Continuous ranked probability score from draws.

    mean|x − y| − ½ mean|x − x'|, the second mean over different draws (the "fair" form, unbiased for any number of
    draws: Ferro 2014). With sorted draws Σ_{i<j} (x₍ⱼ₎ − x₍ᵢ₎) = Σ_i (2i − D − 1) x₍ᵢ₎, so the cost is D log D.

    Parameters
    ----------
    samples : (N, D, P) array
    truth : (N, P) array

    Returns
    -------
    (N, P) array
        In the unit of the parameter; NaN where the truth is not known.
    """
    samples, truth = _draws(samples, truth)
    n_draws = samples.shape[1]
    if n_draws < 2:
        raise ValueError(f"the CRPS needs two or more draws, found {n_draws}")
    weights = (2 * np.arange(1, n_draws + 1) - n_draws - 1) / (n_draws * (n_draws - 1))
    scores = np.empty(truth.shape)
    for rows in row_chunks(samples):
        # differences from the truth first: fluxes of 10⁶ with errors of 10² keep their digits in float32 draws
        difference = np.moveaxis(np.asarray(samples[rows], float) - truth[rows, None], 1, -1)
        distance = np.mean(np.abs(difference), axis=-1)
        difference.sort(axis=-1)
        scores[rows] = distance - difference @ weights
    return scores


def crps_gaussian(mean, standard_deviation, truth):
    """CRPS of N(mean, standard_deviation²) in closed form (Gneiting & Raftery 2007, § 4.2)."""
    standard_deviation = np.asarray(standard_deviation, float)
    z = (np.asarray(truth, float) - mean) / standard_deviation
    return standard_deviation * (z * (2 * ndtr(z) - 1) + 2 * _normal_density(z) - 1 / np.sqrt(np.pi))


def crps_mixture(means, standard_deviations, truth, weights=None):
    """CRPS of a mixture of T Gaussians in closed form (Grimit et al. 2006, eq. 5).

    Σ_t w_t A(y − μ_t, σ_t²) − ½ Σ_t Σ_u w_t w_u A(μ_t − μ_u, σ_t² + σ_u²), with A(m, s²) = E|N(m, s²)|.

    Parameters
    ----------
    means, standard_deviations : (N, T, P) array
        Of one parameter at a time: marginals of the joint components.
    truth : (N, P) array
    weights : (N, T) array, optional
        Equal if not given; components of weight 0 may hold anything.

    Returns
    -------
    (N, P) array
    """
    means, standard_deviations = np.asarray(means, float), np.asarray(standard_deviations, float)
    truth = np.asarray(truth, float)
    n, n_components, n_parameters = means.shape
    weights = np.full((n, n_components), 1 / n_components) if weights is None else np.asarray(weights, float)
    padding = (weights == 0)[..., None]
    means, standard_deviations = np.where(padding, 0.0, means), np.where(padding, 1.0, standard_deviations)
    scores = np.empty(truth.shape)
    step = max(1, _CHUNK_PAIRS // (n_components**2 * n_parameters))
    for start in range(0, n, step):
        rows = slice(start, start + step)
        mu, variance, w = means[rows], standard_deviations[rows] ** 2, weights[rows]
        to_truth = np.einsum("nt,ntp->np", w, _mean_absolute(truth[rows, None] - mu, variance))
        pairs = _mean_absolute(mu[:, :, None] - mu[:, None], variance[:, :, None] + variance[:, None])
        scores[rows] = to_truth - 0.5 * np.einsum("nt,nu,ntup->np", w, w, pairs)
    return scores


def crps_quantiles(quantiles, levels, truth):
    """CRPS from quantiles, as twice the integral of the pinball loss over levels (Laio & Tamea 2007).

    The trapezium rule over the levels, closed at 0 and 1 by the outermost quantiles' losses: for posteriors known by
    their quantiles in physical units, with 100 or more levels.

    Parameters
    ----------
    quantiles : (N, Q, P) array
    levels : (Q,) array
        Increasing, within (0, 1).
    truth : (N, P) array
    """
    levels = np.asarray(levels, float)
    quantiles, truth = np.asarray(quantiles, float), np.asarray(truth, float)
    below = truth[:, None] < quantiles
    losses = (below - levels[:, None]) * (quantiles - truth[:, None])
    widths = np.gradient(levels) if len(levels) > 2 else np.full(len(levels), 1 / len(levels))
    widths[0] = 0.5 * (levels[1] + levels[0])
    widths[-1] = 1 - 0.5 * (levels[-1] + levels[-2])
    return 2 * np.einsum("q,nqp->np", widths, losses)


def energy_score(samples, truth, *, scale=None, n_shuffles=4, seed=0):
    """Energy score of the joint posterior: E‖X − y‖ − ½ E‖X − X'‖ (Gneiting & Raftery 2007, § 4.3).

    The second mean runs over D · n_shuffles random pairs of different draws in place of all D²: unbiased, and its
    noise is small against the first's.

    Parameters
    ----------
    samples : (N, D, P) array
    truth : (N, P) array
    scale : (P,) array, optional
        Unit of each parameter in the norm; the standard deviations of the truth if not given. Scores of different
        models are comparable only with the same scale.
    seed : int, optional
        Of the pairs.

    Returns
    -------
    (N,) array
        NaN where a true parameter is not known.
    """
    samples, truth = _draws(samples, truth)
    n_draws = samples.shape[1]
    scale = np.nanstd(truth, axis=0) if scale is None else np.asarray(scale, float)
    scale = np.where(scale > 0, scale, 1.0)
    generator = np.random.Generator(np.random.Philox(key=[seed, 2]))
    # a shifted permutation pairs each draw with another one, never with itself
    orders = [generator.permutation(n_draws) for _ in range(n_shuffles)]
    scores = np.empty(len(truth))
    for rows in row_chunks(samples):
        draws = (np.asarray(samples[rows], float) - truth[rows, None]) / scale
        # parameters first and draws last: sums over three numbers at the end of an axis are slow
        draws = np.ascontiguousarray(np.moveaxis(draws, 2, 0))
        spread = 0.0
        for order in orders:
            # stratified draws come in an order: shuffled first, or the pairs would be draws of one component
            shuffled = draws[..., order]
            spread = spread + np.mean(_norm(shuffled - np.roll(shuffled, 1, axis=-1)), axis=-1)
        scores[rows] = np.mean(_norm(draws), axis=-1) - 0.5 * spread / n_shuffles
    return scores


def log_score(log_density):
    """−log p(truth) of each galaxy, in nats; NaN and impossible truths (−∞) as they are.

    Parameters
    ----------
    log_density : (N,) array
        Log posterior density of the truth. In label space it does not depend on units; where the posterior has atoms,
        the log of the atom's probability stands for galaxies that sit there.
    """
    return -np.asarray(log_density, float)


def sharpness(lower, upper):
    """Widths of intervals, (N, P) or with levels before: small is good, given calibration."""
    lower, upper = np.asarray(lower, float), np.asarray(upper, float)
    if lower.shape != upper.shape:
        raise ValueError(f"lower bounds of shape {lower.shape}, upper bounds of shape {upper.shape}; expected the same")
    return upper - lower


def _norm(vectors):
    """Euclidean norm over the first axis."""
    return np.sqrt(sum(component**2 for component in vectors))


def _mean_absolute(mean, variance):
    """E|X| of X ~ N(mean, variance)."""
    s = np.sqrt(variance)
    z = mean / s
    return mean * (2 * ndtr(z) - 1) + 2 * s * _normal_density(z)


def _normal_density(z):
    return np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
