"""Proper scores: one number for accuracy and calibration together, least on average for the true posterior.

All are negatively oriented (smaller is better) and given per galaxy, so that their mean has an error
(:func:`~gampen_tf.metrics.mean`) and any bin can be taken.
"""

from __future__ import annotations

import numpy as np

from .draws import checked_draws, row_chunks

__all__ = ["crps", "energy_score", "sharpness"]


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
    samples, truth = checked_draws(samples, truth)
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
    samples, truth = checked_draws(samples, truth)
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


def sharpness(lower, upper):
    """Widths of intervals, (N, P) or with levels before: small is good, given calibration."""
    lower, upper = np.asarray(lower, float), np.asarray(upper, float)
    if lower.shape != upper.shape:
        raise ValueError(f"lower bounds of shape {lower.shape}, upper bounds of shape {upper.shape}; expected the same")
    return upper - lower


def _norm(vectors):
    """Euclidean norm over the first axis."""
    return np.sqrt(sum(component**2 for component in vectors))
