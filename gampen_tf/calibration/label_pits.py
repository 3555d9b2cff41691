"""Probability integral transforms of true labels under mixtures of Gaussians, atoms included."""

from __future__ import annotations

import numpy as np

from ..metrics.ranks import pit_from_cdf
from ..posterior.mixtures import marginal, mixture_cdf, mixture_moments

__all__ = ["label_moments", "label_pit", "mixture_of", "true_labels"]

# A clip is exact to 1e-5 in transformed units, as in `core.parameters`; labels are those over a scale of order one.
_TOLERANCE = 1e-5


def true_labels(posterior, truth):
    """(N, P) labels of physical true values: those nearer to a bound than the clip are exactly at the clip."""
    truth = np.asarray(truth, float)
    if truth.shape != (posterior.means.shape[0], posterior.means.shape[2]):
        raise ValueError(
            f"true values of shape {truth.shape} for posteriors of "
            f"{posterior.means.shape[0]} galaxies and {posterior.means.shape[2]} parameters"
        )
    return posterior.scaler.transform(truth)


def mixture_of(posterior, index):
    """Means, standard deviations and weights (N, T) of the mixture of one parameter's labels."""
    mean, sd = marginal(posterior.means, posterior.scale_trils, index)
    return mean, sd, posterior.weights


def label_moments(posterior):
    """Means and standard deviations (N, P) of the mixtures in label space."""
    columns = [mixture_moments(*mixture_of(posterior, p)) for p in range(posterior.means.shape[2])]
    return np.stack([c[0] for c in columns], axis=1), np.stack([c[1] for c in columns], axis=1)


def label_pit(posterior, labels, index, *, seed=0, factor=1.0, shift=0.0):
    """PIT of one parameter's true labels, randomised within the atoms.

    Parameters
    ----------
    posterior : object with means, scale_trils, weights, scaler
    labels : (N,) array
    index : int
        Which parameter.
    seed : int, optional
        Of the place within an atom.
    factor, shift : float or (N,) array, optional
        The posterior is first rescaled about its mean by ``factor`` and moved by ``shift`` (in labels).

    Returns
    -------
    (N,) array
    """
    mean, sd, weights = mixture_of(posterior, index)
    centre, _ = mixture_moments(mean, sd, weights)
    # F(y) of x → m + a (x − m) + b is the old F at m + (y − b − m) / a
    low, high = posterior.scaler.clip_labels[index]
    at_low, at_high = labels <= low + _TOLERANCE, labels >= high - _TOLERANCE
    up_to = mixture_cdf(centre + (labels - shift - centre) / factor, mean, sd, weights)
    below = np.where(at_low, 0.0, up_to)
    up_to = np.where(at_high, 1.0, up_to)
    # one stream per parameter, or all would get the same random numbers
    return pit_from_cdf(below[:, None], up_to[:, None], seed=seed + index)[:, 0]
