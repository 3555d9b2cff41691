"""Mixtures of Gaussians in label space: T Monte Carlo dropout passes give T Gaussians for each galaxy.

Averaging the networks' Gaussians N(μ_t, Σ_t) is Monte Carlo integration over the weights of the network (Ghosh et al.
2022, eq. 10), so the posterior *is* their mixture and one draw from each pass is a sample of it. Here it is handled in
closed form: densities, distribution functions, quantiles, covariances, and the error that a finite T leaves.

Shapes: N galaxies, T components, P parameters; ``mean``, ``sd`` and ``weight`` of one parameter's marginal are (N, T).
Weights sum to one over T; a component of weight 0 is padding. All is done in float64, vectorised over galaxies in
blocks of constant memory. Rows that hold NaN (galaxies without a measurement) give NaN.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from ..metrics.draws import SIGMA_LEVELS

__all__ = [
    "NARROWEST",
    "blocks",
    "covariances",
    "marginal",
    "mixture_cdf",
    "mixture_moments",
    "mixture_pdf",
    "mixture_quantile",
    "monte_carlo_error",
]

# Array elements handled at once: a few such float64 arrays stay in a core's cache, larger blocks are slower.
_BLOCK = 1 << 16
#: Labels are of order one; a network that gives values without widths gets this one, so that densities exist.
NARROWEST = 1e-8
_SQRT_2PI = np.sqrt(2 * np.pi)
_MAX_ITERATIONS = 100


def blocks(n, elements_per_row):
    """Slices of ``range(n)`` that keep the arrays of one block at a constant size."""
    step = max(1, _BLOCK // max(1, elements_per_row))
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]


def marginal(means, scale_trils, index):
    """Means and standard deviations (N, T) of one parameter's marginal mixture.

    A variance of Σ = L Lᵀ is the squared norm of a row of L; nothing is factorised again.

    Parameters
    ----------
    means : (N, T, P) array
    scale_trils : (N, T, P, P) array
        Lower Cholesky factors of the components' covariances.
    index : int
        Which parameter.
    """
    row = scale_trils[..., index, : index + 1]
    return means[..., index], np.maximum(np.sqrt(np.einsum("...i,...i->...", row, row)), NARROWEST)


def mixture_moments(mean, sd, weight):
    """Mean and standard deviation (N,) of one-dimensional mixtures."""
    centre = np.einsum("nt,nt->n", weight, mean)
    variance = np.einsum("nt,nt->n", weight, (mean - centre[:, None]) ** 2 + sd**2)
    return centre, np.sqrt(variance)


def mixture_cdf(x, mean, sd, weight):
    """Distribution function of one-dimensional mixtures.

    Parameters
    ----------
    x : (N,) or (N, K) array
        Labels.
    mean, sd, weight : (N, T) array

    Returns
    -------
    array of the shape of ``x``
    """
    return _over_components(x, mean, sd, weight, lambda u, s: ndtr(u))


def mixture_pdf(x, mean, sd, weight):
    """Density of one-dimensional mixtures; arguments as those of :func:`mixture_cdf`."""
    return _over_components(x, mean, sd, weight, lambda u, s: np.exp(-0.5 * u * u) / (_SQRT_2PI * s))


# Not scipy.stats.Mixture: its components have scalar parameters, so that it would be one object a galaxy. TensorFlow
# Probability's MixtureSameFamily has no quantiles.
def mixture_quantile(p, mean, sd, weight):
    """Inverse of :func:`mixture_cdf`.

    Newton's method on probit F(x) = probit p, which is linear for a single Gaussian and so converges in two or three
    steps for most mixtures, held inside a bracket that bisection narrows. The first bracket is exact: a quantile of a
    mixture lies between the smallest and the largest of its components' quantiles. The smaller tail is the one solved
    for, so that quantiles far out keep their relative accuracy.

    Parameters
    ----------
    p : float, (N,) or (N, K) array
        Probabilities; 0 and 1 give -inf and inf.
    mean, sd, weight : (N, T) array

    Returns
    -------
    (N,) or (N, K) array
        Accurate to some 1e-12 of the local width.
    """
    p = np.asarray(p, float)
    shape = (len(mean),) if p.ndim == 0 else np.broadcast_shapes(p.shape, (len(mean),) + (1,) * (p.ndim - 1))
    p = np.broadcast_to(p, shape).reshape(len(mean), int(np.prod(shape[1:])))  # -1 fails without galaxies
    result = np.empty(p.size)
    # each pair of a galaxy and a probability is a problem of its own
    for part in blocks(p.size, mean.shape[1]):
        row = np.arange(part.start, part.stop) // p.shape[1]
        result[part] = _quantile_block(p.ravel()[part], mean[row], sd[row], weight[row])
    return result.reshape(shape)


def _quantile_block(p, mean, sd, weight):
    result = np.full(len(p), np.nan)
    result[p == 0], result[p == 1] = -np.inf, np.inf
    active = np.flatnonzero((p > 0) & (p < 1) & np.isfinite(np.einsum("nt,nt,nt->n", mean, sd, weight)))
    p, mean, sd, weight = p[active], mean[active], sd[active], weight[active]
    side = np.where(p > 0.5, -1.0, 1.0)  # mirror the upper half, so that F is always the smaller tail
    mean = side[:, None] * mean
    target = ndtri(np.where(p > 0.5, 1 - p, p))
    at_components = mean + sd * target[:, None]
    low = np.min(np.where(weight > 0, at_components, np.inf), axis=1)
    high = np.max(np.where(weight > 0, at_components, -np.inf), axis=1)
    narrowest = np.min(np.where(weight > 0, sd, np.inf), axis=1)
    centre, spread = mixture_moments(mean, sd, weight)
    x = np.clip(centre + spread * target, low, high)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for iteration in range(_MAX_ITERATIONS):
            if active.size == 0:
                break
            u = (x[:, None] - mean) / sd
            tail = np.einsum("nt,nt->n", weight, ndtr(u))
            density = np.einsum("nt,nt->n", weight, np.exp(-0.5 * u * u) / sd) / _SQRT_2PI
            probit = ndtri(tail)
            residual = probit - target
            below = residual < 0
            low, high = np.where(below, x, low), np.where(below, high, x)
            step = residual * np.exp(-0.5 * probit * probit) / (_SQRT_2PI * density)
            # every other late step bisects, or Newton may hop between the ends of the bracket
            inside = (x - step > low) & (x - step < high) & ((iteration < 10) | (iteration % 2 == 0))
            # Newton's error is quadratic, over the width of the narrowest component; in a gap between components the
            # density is nearly zero, a step is long however small the residual, and x itself is as good as any
            newton = inside & (np.abs(residual) < 1e-4) & (np.abs(residual * step) < 1e-12 * narrowest)
            exact = np.abs(residual) < 1e-13
            done = newton | exact | (high - low <= 4e-16 * (np.abs(low) + np.abs(high)))
            x = np.where(exact, x, np.where(inside, x - step, 0.5 * (low + high)))
            result[active[done]] = (side * x)[done]
            left = ~done
            active, x, low, high, target, side, narrowest = (
                a[left] for a in (active, x, low, high, target, side, narrowest)
            )
            mean, sd, weight = mean[left], sd[left], weight[left]
    result[active] = side * x
    return result


def _over_components(x, mean, sd, weight, kernel):
    """Σ_t w_t kernel((x − m_t) / s_t, s_t), in blocks."""
    x = np.asarray(x, float)
    columns = x.reshape(len(mean), int(np.prod(x.shape[1:])))
    result = np.empty(columns.shape)
    for rows in blocks(len(mean), mean.shape[1] * columns.shape[1]):
        s = sd[rows, None, :]
        u = (columns[rows, :, None] - mean[rows, None, :]) / s
        result[rows] = np.einsum("nkt,nt->nk", kernel(u, s), weight[rows])
    return result.reshape(x.shape)


def covariances(means, scale_trils, weights):
    """Aleatoric and epistemic covariances of the labels; their sum is the covariance of the mixture.

    By the law of total covariance: the mean of the components' covariances (the noise in the image) and the covariance
    of their means (what the network does not know).

    Parameters
    ----------
    means : (N, T, P) array
    scale_trils : (N, T, P, P) array
    weights : (N, T) array

    Returns
    -------
    aleatoric, epistemic : (N, P, P) array
    """
    aleatoric = np.empty((len(means),) + scale_trils.shape[2:])
    epistemic = np.empty_like(aleatoric)
    for rows in blocks(len(means), scale_trils[0].size if len(means) else 1):
        weighted = weights[rows, :, None, None] * scale_trils[rows]
        aleatoric[rows] = np.einsum("ntik,ntjk->nij", weighted, scale_trils[rows])
        offset = means[rows] - np.einsum("nt,ntp->np", weights[rows], means[rows])[:, None]
        epistemic[rows] = np.einsum("nt,nti,ntj->nij", weights[rows], offset, offset)
    return aleatoric, epistemic


def monte_carlo_error(means, scale_trils, weights=None, level=SIGMA_LEVELS[0]):
    """Standard error that the finite number of passes leaves in each galaxy's mean and interval ends.

    The passes are draws ω_t of the network, so that F(x) is a mean over t of the components' F_t(x). By the delta
    method a quantile q then has the standard error sd_t(F_t(q)) / (√T f(q)), the mean sd_t(μ_t) / √T; weights enter
    through the effective number of passes 1 / Σ w². Sampling noise of draws is not in it: quantiles of the mixture
    have none.

    Parameters
    ----------
    means : (N, T, P) array
        Labels; a constant factor or a monotone transform leaves the ratio the same to first order.
    scale_trils : (N, T, P, P) array
    weights : (N, T) array, optional
        Equal if not given.
    level : float
        The central interval whose ends are looked at.

    Returns
    -------
    (N, P) array
        The largest of the three standard errors, in units of half the width of the galaxy's own interval. Infinite for
        a single pass, which cannot tell its error; NaN for galaxies without a measurement.
    """
    n, passes, n_parameters = means.shape
    weights = np.full((n, passes), 1 / passes) if weights is None else weights
    result = np.full((n, n_parameters), np.nan)
    effective = 1 / np.sum(weights**2, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        # unbiased variance of a weighted mean
        of_mean = np.sqrt(1 / np.where(effective > 1 + 1e-9, effective - 1, 0))
        for index in range(n_parameters):
            mean, sd = marginal(means, scale_trils, index)
            ends = mixture_quantile(np.tile([0.5 - level / 2, 0.5 + level / 2], (n, 1)), mean, sd, weights)
            half_width = 0.5 * (ends[:, 1] - ends[:, 0])
            errors = [_weighted_sd(mean, weights)]
            for end in ends.T:
                below = ndtr((end[:, None] - mean) / sd)
                errors.append(_weighted_sd(below, weights) / mixture_pdf(end, mean, sd, weights))
            worst = np.max(errors, axis=0) * of_mean / half_width
            result[:, index] = np.where(np.isfinite(half_width) & np.isinf(of_mean), np.inf, worst)
    return result


def _weighted_sd(values, weight):
    centre = np.einsum("nt,nt->n", weight, values)
    return np.sqrt(np.einsum("nt,nt->n", weight, (values - centre[:, None]) ** 2))
