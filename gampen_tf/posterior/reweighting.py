"""Posteriors under another prior, by importance weights on the draws."""

from __future__ import annotations

import warnings

import numpy as np

from ..metrics.draws import SIGMA_LEVELS

__all__ = ["Reweighted", "reweight"]

# Below this number of effective draws a 68 % interval's ends are known to no better than a fifth of its half-width.
_FEW = 50


class Reweighted:
    """Posterior draws with importance weights.

    Parameters
    ----------
    values : (N, D, P) array
        Draws in physical units.
    weights : (N, D) array
        They sum to one for each galaxy; NaN for galaxies without a measurement.
    names, units : tuple of str

    Attributes
    ----------
    effective_sample_size : (N,) array
        1 / Σ w², between 1 and D.
    """

    def __init__(self, values, weights, names, units):
        self.values, self.weights, self.names, self.units = values, weights, names, units
        self.effective_sample_size = 1 / np.sum(weights**2, axis=1)

    def __len__(self):
        return len(self.values)

    def mean(self):
        """(N, P) means."""
        return np.einsum("nd,ndp->np", self.weights, self.values)

    def std(self):
        """(N, P) standard deviations."""
        offset = self.values - self.mean()[:, None]
        return np.sqrt(np.einsum("nd,ndp->np", self.weights, offset**2))

    def quantile(self, p):
        """(N, P) quantiles of one level, or (N, P, Q) of several; by interpolation of the weighted steps."""
        levels = np.atleast_1d(np.asarray(p, float))
        order = np.argsort(self.values, axis=1)
        values = np.take_along_axis(self.values, order, axis=1)
        weights = np.take_along_axis(np.broadcast_to(self.weights[..., None], self.values.shape), order, axis=1)
        middle = np.cumsum(weights, axis=1) - 0.5 * weights
        result = np.full((len(self), self.values.shape[2], len(levels)), np.nan)
        for i, k in zip(*np.nonzero(np.isfinite(middle[:, -1])), strict=True):
            result[i, k] = np.interp(levels, middle[i, :, k], values[i, :, k])
        return result[..., 0] if np.ndim(p) == 0 else result

    def median(self):
        """(N, P) medians."""
        return self.quantile(0.5)

    def interval(self, level=SIGMA_LEVELS[0]):
        """(N, P, 2) ends of the central interval."""
        return self.quantile([0.5 - level / 2, 0.5 + level / 2])

    def resampled(self, n_mc: int, seed: int = 0):
        """(N, n_mc, P) equally weighted draws, by systematic resampling; a draw may be there more than once."""
        rng = np.random.Generator(np.random.Philox(key=np.array([seed % 2**64, 0x72657361], np.uint64)))
        places = (np.arange(n_mc) + rng.random()) / n_mc
        result = np.full((len(self), n_mc, self.values.shape[2]), np.nan)
        for i in np.flatnonzero(np.isfinite(self.effective_sample_size)):
            edges = np.cumsum(self.weights[i])
            pick = np.searchsorted(edges / edges[-1], places, side="right")
            result[i] = self.values[i, np.minimum(pick, len(edges) - 1)]
        return result


def reweight(values, names, units, new_log_prior, training_log_prior):
    """Posterior under ``new_log_prior`` from draws of that under ``training_log_prior``.

    A posterior learned from simulations carries their distribution as its prior. With p(y | x) ∝ p(x | y) π(y), draws
    get the weights π_new(y) / π_training(y).

    Parameters
    ----------
    values : (N, D, P) array
    names, units : tuple of str
    new_log_prior, training_log_prior : callable
        From values (M, P) to their log densities (M,), each up to a constant; -inf where a value is excluded.

    Returns
    -------
    Reweighted

    Warns
    -----
    UserWarning
        With the number of galaxies whose effective sample size is below 50: the new prior puts them where the posterior
        has hardly any draws.
    """
    n, n_mc, n_parameters = values.shape
    known = np.flatnonzero(np.all(np.isfinite(values), axis=(1, 2)))
    flat = values[known].reshape(-1, n_parameters)
    new, old = (np.asarray(prior(flat), float) for prior in (new_log_prior, training_log_prior))
    for name, array in (("new_log_prior", new), ("training_log_prior", old)):
        if array.shape != (len(flat),):
            raise ValueError(f"{name} gave shape {array.shape} for values {flat.shape}; expected ({len(flat)},)")
    if np.any(np.isneginf(old)) or np.any(np.isnan(old)) or np.any(np.isnan(new)):
        at = int(np.flatnonzero(np.isneginf(old) | np.isnan(old) | np.isnan(new))[0])
        raise ValueError(
            f"the draw {flat[at]} has the log prior {old[at]} in training and {new[at]} anew; expected numbers, and a "
            "training prior that excludes no draw: add its tail, or leave the bounds out"
        )
    log = (new - old).reshape(len(known), n_mc)
    weights = np.full((n, n_mc), np.nan)
    largest = log.max(axis=1, keepdims=True, initial=-np.inf)
    with np.errstate(invalid="ignore"):
        ratio = np.exp(log - largest)
        weights[known] = ratio / ratio.sum(axis=1, keepdims=True)
    result = Reweighted(values, weights, names, units)
    size = result.effective_sample_size[known]
    few = ~(size >= min(_FEW, n_mc))
    if np.any(few):
        smallest = np.nanmin(size) if np.any(np.isfinite(size)) else 0.0
        warnings.warn(
            f"{int(few.sum())} of {len(known)} galaxies keep fewer than {_FEW} effective draws of {n_mc} under the "
            f"new prior (the fewest {smallest:.1f}): it lies where these posteriors have hardly any draws. "
            "Use more draws (n_mc), or leave those galaxies out.",
            stacklevel=3,
        )
    return result
