"""Likelihood of labels of which some are known only to lie at or beyond a clip.

A galaxy of one component has a B/T of exactly 0 or 1. A Gaussian of the label cannot say so; a censored one can: all
its probability beyond the clip belongs to the bound (the two-limit Tobit model; Tobin 1958, Rosett & Nelson 1975), as
a `gampen_tf.Posterior` counts it.
"""

import math

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from ..layers.heads import split_outputs
from .losses import checked_size, marginal_factors

__all__ = ["CensoredGaussianNegativeLogLikelihood", "censored_gaussian_nll"]

# Labels this near to a clip count as at it: a few roundings of float32.
_AT_CLIP = 1e-4
# χ² beyond this pulls no harder: its square must stay finite in float32.
_LARGEST_RATIO = 1e7


def censored_gaussian_nll(labels, outputs, clip_labels):
    """Negative log-likelihood of each label vector, where a label at its clip says that it lies there or beyond.

    With y_K the labels that lie inside their clips and z the one at a clip c,

        −ln ∫_{z beyond c} N((y_K, z); μ, Σ) dz = −ln N(y_K; μ_K, Σ_K) − ln Φ(±(c − m) / s),

    m and s² the mean and the variance of z given y_K. Both come from two forward substitutions with L: u = L⁻¹ (y − μ)
    is a + b z, so that 1 / s² = Σ b_k² / D_k and m = −s² Σ a_k b_k / D_k. Labels that are NaN are not known. Where
    several labels of a vector are at a clip, the first counts and the others are taken as not known.

    Parameters
    ----------
    labels : (..., n) array or tensor
    outputs : (..., (n² + 3n)/2) array or tensor
        Of the Gaussian head.
    clip_labels : (n, 2) array
        Labels at and beyond which a value is a bound, infinite where there is none: `LabelScaler.clip_labels`.

    Returns
    -------
    (...) tensor
        Without a label at a clip, :func:`gampen_tf.training.losses.gaussian_nll`.
    """
    labels, outputs = ops.convert_to_tensor(labels), ops.convert_to_tensor(outputs)
    n = checked_size(labels, outputs)
    if keras.backend.standardize_dtype(outputs.dtype) != "float64":
        outputs = ops.cast(outputs, "float32")
    labels = ops.cast(labels, outputs.dtype)
    clips = ops.convert_to_tensor(np.asarray(clip_labels, np.float64).reshape(n, 2), outputs.dtype)
    is_low = labels <= clips[:, 0] + _AT_CLIP
    at_clip = ops.logical_or(is_low, labels >= clips[:, 1] - _AT_CLIP)
    rank = ops.cumsum(ops.cast(at_clip, "int32"), axis=-1)
    chosen = ops.logical_and(at_clip, rank == 1)
    known = ops.logical_not(ops.logical_or(ops.isnan(labels), at_clip))

    mu, log_variance, lower = split_outputs(outputs)
    counted = ops.logical_or(known, chosen)
    residual = ops.where(known, labels, mu) - mu
    direction = ops.cast(chosen, outputs.dtype)
    s, lower = marginal_factors([counted[..., i] for i in range(n)], log_variance, lower)
    a, b = (_solved(vector, s, lower, counted) for vector in (residual, direction))
    precision = sum(one * one for one in b)
    any_clipped = ops.any(chosen, axis=-1)
    safe = ops.where(any_clipped, precision, ops.ones_like(precision))
    # the most likely place of the censored label, from its mean
    place = -sum(x * y for x, y in zip(a, b, strict=True)) / safe
    result = 0.0
    for i in range(n):
        ratio = ops.clip(a[i] + b[i] * place, -_LARGEST_RATIO, _LARGEST_RATIO)
        normalisation = 0.5 * (s[i] + math.log(2 * math.pi))
        result = result + 0.5 * ratio * ratio + ops.where(counted[..., i], normalisation, ops.zeros_like(place))
    side = ops.sum(direction * (2.0 * ops.cast(is_low, outputs.dtype) - 1.0), axis=-1)
    finite = ops.where(ops.isfinite(clips), clips, ops.zeros_like(clips))
    edge = ops.sum(ops.where(chosen, ops.where(is_low, finite[:, 0], finite[:, 1]) - mu, ops.zeros_like(mu)), axis=-1)
    tail = _log_ndtr(side * (edge - place) * ops.sqrt(safe))
    censored = 0.5 * ops.log(safe) - 0.5 * math.log(2 * math.pi) - tail
    return result + ops.where(any_clipped, censored, ops.zeros_like(censored))


@keras.saving.register_keras_serializable("gampen_tf")
class CensoredGaussianNegativeLogLikelihood(keras.losses.Loss):
    """`censored_gaussian_nll` as a Keras loss, averaged over the batch.

    Parameters
    ----------
    clip_labels : (n, 2) array
    """

    def __init__(self, clip_labels, reduction="sum_over_batch_size", name="censored_gaussian_nll", **kwargs):
        super().__init__(reduction=reduction, name=name, **kwargs)
        self.clip_labels = np.asarray(clip_labels, float).tolist()

    def call(self, y_true, y_pred):
        return censored_gaussian_nll(y_true, y_pred, self.clip_labels)

    def get_config(self):
        return {**super().get_config(), "clip_labels": self.clip_labels}


def _solved(vector, s, lower, counted):
    """D^−½ L⁻¹ v by forward substitution, component by component; 0 where a label is not counted."""
    solved, scaled = [], []
    for i in range(vector.shape[-1]):
        u = vector[..., i]
        for j in range(i):
            u = u - lower[i][j] * solved[j]
        u = ops.where(counted[..., i], u, ops.zeros_like(u))
        solved.append(u)
        scaled.append(u * ops.exp(-0.5 * ops.clip(s[i], -60.0, 60.0)))
    return scaled


def _log_ndtr(x):
    """ln Φ(x): from its asymptotic series below −10, where Φ leaves the range of float32."""
    far = x < -10.0
    near, below = ops.where(far, ops.zeros_like(x), x), ops.where(far, x, -20.0 * ops.ones_like(x))
    inverse = 1.0 / ops.square(below)
    series = 1 - inverse * (1 - 3 * inverse * (1 - 5 * inverse))
    tail = -0.5 * ops.square(below) - ops.log(-below) - 0.5 * math.log(2 * math.pi) + ops.log(series)
    return ops.where(far, tail, ops.log(0.5 * tf.math.erfc(-near / math.sqrt(2.0))))
