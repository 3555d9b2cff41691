"""Heads: the meaning of the outputs of a network's last layer.

A Gaussian head has n + n (n + 1) / 2 outputs for n parameters: the mean μ, the log-variances s_i = log σ_i², and the
strict lower triangle of L, row by row (l₂₁, l₃₁, l₃₂, …). The covariance is Σ = L D Lᵀ with D = diag(exp s_i) and L
unit lower triangular (Ghosh et al. 2022, eq. 9–11), so that its Cholesky factor is L D^½. A point head has n outputs.

The functions take NumPy arrays or tensors, with any leading axes, and give back the same kind.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from keras import ops

__all__ = [
    "HEADS",
    "GaussianHead",
    "PointHead",
    "distribution",
    "find_head",
    "mixture_parameters",
    "n_from_outputs",
    "n_outputs",
    "scale_tril",
    "split_outputs",
]


def n_outputs(n):
    """Number of outputs for `n` parameters: (n² + 3 n) / 2."""
    if n < 1:
        raise ValueError(f"a head has at least one parameter, found {n}")
    return n * (n + 3) // 2


def n_from_outputs(k):
    """Number of parameters of a head with `k` outputs.

    Raises
    ------
    ValueError
        If no number of parameters gives `k` outputs.
    """
    n = (math.isqrt(9 + 8 * k) - 3) // 2
    if n < 1 or n_outputs(n) != k:
        raise ValueError(f"a Gaussian head has 2, 5, 9, 14, … (n² + 3n)/2 outputs, found {k}")
    return n


def split_outputs(outputs):
    """Mean, log-variances and unit lower triangular factor from outputs of a Gaussian head.

    Parameters
    ----------
    outputs : (..., (n² + 3n)/2) array or tensor

    Returns
    -------
    mu : (..., n)
    log_variance : (..., n)
    lower : (..., n, n)
        L, with ones on its diagonal.
    """
    n = n_from_outputs(outputs.shape[-1])
    xp = _namespace(outputs)
    mu, log_variance = outputs[..., :n], outputs[..., n : 2 * n]
    one, zero = xp.ones_like(outputs[..., 0]), xp.zeros_like(outputs[..., 0])
    rows = []
    for i in range(n):
        first = 2 * n + i * (i - 1) // 2
        below = [outputs[..., first + j] for j in range(i)]
        rows.append(xp.stack([*below, one, *[zero] * (n - i - 1)], axis=-1))
    return mu, log_variance, xp.stack(rows, axis=-2)


def scale_tril(outputs):
    """Cholesky factor L D^½ of the covariance, (..., n, n), from outputs (..., (n² + 3n)/2)."""
    _, log_variance, lower = split_outputs(outputs)
    return lower * _namespace(outputs).exp(0.5 * log_variance)[..., None, :]


def mixture_parameters(outputs):
    """Mean (..., n) and Cholesky factor (..., n, n) of outputs, in NumPy's float64."""
    outputs = np.asarray(ops.convert_to_numpy(outputs), np.float64)
    return split_outputs(outputs)[0], scale_tril(outputs)


def distribution(outputs):
    """The normal distribution of outputs as TensorFlow Probability's ``MultivariateNormalTriL``, of n labels."""
    import tensorflow_probability as tfp

    return tfp.distributions.MultivariateNormalTriL(split_outputs(outputs)[0], scale_tril(outputs))


def _namespace(array):
    return np if isinstance(array, np.ndarray) else ops


@dataclass(frozen=True)
class GaussianHead:
    """A multivariate normal of the labels: means, log-variances and a unit lower triangle."""

    name: ClassVar = "gaussian"
    #: Whether one set of outputs is a distribution with a width.
    has_width: ClassVar = True

    def n_outputs(self, n_parameters):
        """Number of outputs for `n_parameters`."""
        return n_outputs(n_parameters)

    def components(self, outputs):
        """Means (N, T, P) and Cholesky factors (N, T, P, P), in float64, of outputs (N, T, K)."""
        return mixture_parameters(outputs)


@dataclass(frozen=True)
class PointHead:
    """One value for each label."""

    name: ClassVar = "point"
    has_width: ClassVar = False

    def n_outputs(self, n_parameters):
        """Number of outputs for `n_parameters`."""
        return n_parameters

    def components(self, outputs):
        """Means (N, T, P) and Cholesky factors (N, T, P, P) of zero, in float64, of outputs (N, T, P)."""
        means = np.asarray(outputs, float)
        return means, np.zeros((*means.shape, means.shape[-1]))


#: The heads by name, as model descriptions and networks' options spell them.
HEADS: dict[str, GaussianHead | PointHead] = {head.name: head for head in (GaussianHead(), PointHead())}


def find_head(head) -> GaussianHead | PointHead:
    """The head of a name; a head is returned as it is.

    Raises
    ------
    ValueError
        For another name.
    """
    if isinstance(head, GaussianHead | PointHead):
        return head
    if head not in HEADS:
        raise ValueError(f"head {head!r}; expected one of {', '.join(map(repr, HEADS))}")
    return HEADS[head]
