"""Losses: the negative log-likelihood of labels under the Gaussian head, and the errors of a point head."""

import math

import keras
import numpy as np
from keras import ops

from ..layers.heads import n_from_outputs, split_outputs

__all__ = [
    "GaussianNegativeLogLikelihood",
    "checked_size",
    "gaussian_nll",
    "huber",
    "marginal_factors",
    "mean_absolute_error",
    "mean_squared_error",
]

# Gradients of single residuals are exact up to these and saturate there, so that sums and products of a few of them
# stay finite in float32. In training the squares that optimisers and clipping by norm take must stay finite too;
# 10¹⁵ is reached where an error of one standard deviation of the labels meets a predicted σ of 3·10⁻⁸ of it.
_LARGEST_GRADIENT = 1e30
_LARGEST_TRAINING_GRADIENT = 1e15


def gaussian_nll(labels, outputs):
    """Negative log-likelihood of each label vector, constants included.

    −ln p = ½ Σ_i (u_i / σ_i)² + ½ Σ_i s_i + ½ n ln 2π with u = L⁻¹ (Y − μ) by forward substitution (Ghosh et al. 2022,
    eq. 8 and 12–14): no inverse, determinant or factorisation, and σ_i enters as exp(−s_i / 2) alone.

    Labels that are NaN are not known: the likelihood is that of the known ones, marginalised over the others. The rows
    of L D^½ that belong to known labels are brought to triangular form by Givens rotations (in the square-root-free
    form of Gentleman 1973, on L and s); a vector with no known label has likelihood 1.

    Values are exact to rounding where float32 holds them and saturate near its largest number; gradients are finite
    throughout (those of a single residual saturate at 10³⁰).

    Parameters
    ----------
    labels : (..., n) array or tensor
    outputs : (..., (n² + 3n)/2) array or tensor
        Of the Gaussian head.

    Returns
    -------
    (...) tensor

    Raises
    ------
    ValueError
        If the shapes do not match; nothing is broadcast.
    """
    return _gaussian_nll(labels, outputs, 1, _LARGEST_GRADIENT)


def huber(labels, outputs, delta=1e-3):
    """Huber's loss of each label vector, in units of δ, averaged over its labels.

    Of one label it is a² / (2 δ) for |a| ≤ δ and |a| − δ/2 beyond, with a = label − output.

    Li et al. (2022), eq. 6, divided by δ, which leaves the minimum where it is and keeps gradients of order one. Labels
    that are NaN are not known and count as met.

    Parameters
    ----------
    labels, outputs : (..., n) array or tensor
    delta : float

    Returns
    -------
    (...) tensor

    Raises
    ------
    ValueError
        If the shapes do not match; nothing is broadcast.
    """
    error = _absolute_errors(labels, outputs)
    return ops.mean(ops.where(error <= delta, 0.5 * error * error / delta, error - 0.5 * delta), axis=-1)


def mean_absolute_error(labels, outputs):
    """Mean over its labels of |label − output|, for each label vector; as :func:`huber` with δ → 0."""
    return ops.mean(_absolute_errors(labels, outputs), axis=-1)


def mean_squared_error(labels, outputs):
    """Mean over its labels of (label − output)², for each label vector; labels that are NaN count as met."""
    return ops.mean(ops.square(_absolute_errors(labels, outputs)), axis=-1)


@keras.saving.register_keras_serializable("gampen_tf")
class GaussianNegativeLogLikelihood(keras.losses.Loss):
    """`gaussian_nll` as a Keras loss, averaged over the batch.

    Gradients of single residuals saturate at 10¹⁵, so that the squares of gradients, which clipping by norm and Adam
    take, are finite. The paper's λ Σ‖ω‖² belongs to the network: see ``regularization`` in `gampen_tf.networks`.
    """

    def __init__(self, reduction="sum_over_batch_size", name="gaussian_nll", **kwargs):
        super().__init__(reduction=reduction, name=name, **kwargs)

    def call(self, y_true, y_pred):
        n_vectors = ops.size(y_pred) // y_pred.shape[-1]
        return _gaussian_nll(y_true, y_pred, n_vectors, _LARGEST_TRAINING_GRADIENT)


def _gaussian_nll(labels, outputs, n_summed, largest_gradient):
    labels, outputs = ops.convert_to_tensor(labels), ops.convert_to_tensor(outputs)
    n = checked_size(labels, outputs)
    if keras.backend.standardize_dtype(outputs.dtype) != "float64":
        outputs = ops.cast(outputs, "float32")
    labels = ops.cast(labels, outputs.dtype)
    # the sum over the batch must be finite too
    largest = float(np.finfo(keras.backend.standardize_dtype(outputs.dtype)).max) / (4 * n)
    largest = ops.convert_to_tensor(largest, outputs.dtype) / ops.cast(n_summed, outputs.dtype)
    chi_square = _half_chi_square(largest, largest_gradient)

    known = ops.logical_not(ops.isnan(labels))
    mu, log_variance, lower = split_outputs(outputs)
    residual = ops.where(known, labels, mu) - mu
    known = [known[..., i] for i in range(n)]
    log_variance, lower = marginal_factors(known, log_variance, lower)
    result, solved = 0.0, []
    for i in range(n):
        u = residual[..., i]
        for j in range(i):
            u = u - lower[i][j] * solved[j]
        # a label that is not known has no part in those after it
        solved.append(ops.where(known[i], u, ops.zeros_like(u)))
        normalisation = 0.5 * (log_variance[i] + math.log(2 * math.pi))
        result = result + chi_square(solved[i], log_variance[i])
        result = result + ops.where(known[i], normalisation, ops.zeros_like(u))
    return result


def _absolute_errors(labels, outputs):
    """|label − output| in float32, 0 with no gradient where the label is not known."""
    labels, outputs = ops.convert_to_tensor(labels), ops.cast(ops.convert_to_tensor(outputs), "float32")
    if len(labels.shape) != len(outputs.shape) or labels.shape[-1] != outputs.shape[-1]:
        raise ValueError(f"labels and outputs need one shape, found {tuple(labels.shape)} and {tuple(outputs.shape)}")
    labels = ops.cast(labels, "float32")
    return ops.abs(ops.where(ops.isnan(labels), ops.zeros_like(outputs), labels - outputs))


def checked_size(labels, outputs):
    """Number of parameters, after a check that shapes fit."""
    shapes = f"labels {tuple(labels.shape)} and outputs {tuple(outputs.shape)}"
    if len(outputs.shape) < 1 or len(labels.shape) != len(outputs.shape):
        raise ValueError(f"labels (…, n) and outputs (…, (n² + 3n)/2) need the same number of axes, found {shapes}")
    n = n_from_outputs(outputs.shape[-1])
    if labels.shape[-1] != n:
        raise ValueError(f"a head of {outputs.shape[-1]} outputs is for {n} parameters, found {shapes}")
    for a, b in zip(labels.shape[:-1], outputs.shape[:-1], strict=True):
        if a is not None and b is not None and a != b:
            raise ValueError(f"labels and outputs need the same leading axes, found {shapes}")
    return n


def _half_chi_square(largest, largest_gradient):
    """½ u² exp(−s) as a function of (u, s), and its gradient, both finite for any finite u and s."""

    @ops.custom_gradient
    def half_chi_square(u, s):
        log_u = ops.log(ops.maximum(ops.abs(u), 1e-37))
        ratio = u * ops.exp(-0.5 * s)
        # the logarithm where the square would overflow, the plain product, exact to rounding, elsewhere
        overflows = 2.0 * log_u - s - math.log(2.0) >= ops.log(largest)
        ratio = ops.where(overflows, ops.zeros_like(ratio), ratio)
        value = ops.where(overflows, ops.zeros_like(u) + largest, 0.5 * ratio * ratio)

        def gradient(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            steep = log_u - s >= math.log(largest_gradient)
            factor = ops.exp(-0.5 * ops.where(steep, ops.zeros_like(s), s))
            slope = ops.where(steep, largest_gradient * ops.sign(u), u * factor * factor)
            return upstream * slope, -upstream * ops.minimum(value, largest_gradient)

        return value, gradient

    return half_chi_square


def marginal_factors(known, log_variance, lower):
    """Factors of the covariance of the known components, in their places; those of the others are of no meaning.

    Row j of L D^½ is (l_ji exp(s_i / 2))_i. Leaving row i out, because its label is not known, leaves its noise ε_i in
    later rows. The rotation of the columns (i, j) that moves what row j holds of ε_i into its own column is, in terms
    of L and s,

        v = l_ji² exp(s_i) + exp(s_j)                            new exp(s_j)
        l_kj ← (l_ji l_ki exp(s_i) + l_kj exp(s_j)) / v,  l_ki ← l_ki − l_ji l_kj,  s_i ← s_i + s_j − ln v   for k > j.
    """
    n = len(known)
    s = [log_variance[..., i] for i in range(n)]
    lower = [[lower[..., k, i] for i in range(k)] for k in range(n)]
    for j in range(1, n):
        for i in range(j):
            moves = ops.logical_and(known[j], ops.logical_not(known[i]))
            a = ops.where(moves, lower[j][i], ops.zeros_like(s[j]))
            # ln(a² exp(s_i) / exp(s_j)), far below zero for a = 0
            log_ratio = s[i] - s[j] + ops.where(a == 0, -1e4, 2.0 * ops.log(ops.where(a == 0, 1.0, ops.abs(a))))
            log_v = s[j] + ops.softplus(log_ratio)
            # the limit is met only where σ_i > exp(40) σ_j and a is next to nothing
            gain = a * ops.exp(ops.minimum(s[i] - log_v, 80.0))
            own = ops.sigmoid(-log_ratio)
            for k in range(j + 1, n):
                of_i, of_j = lower[k][i], lower[k][j]
                lower[k][j] = gain * of_i + own * of_j
                lower[k][i] = of_i - a * of_j
            s[i], s[j] = s[i] + s[j] - log_v, log_v
    return s, lower
