"""The terms of the variational bound (Regier et al. 2015, eqs. 3 and 4), on tensors of any Keras backend and arrays.

Everywhere, a diagonal Gaussian is its means and log-variances.
"""

import math

from keras import ops

__all__ = ["GalaxyVaeLoss", "kl_from_standard_normal", "log_density", "split"]


def split(parameters):
    """Means and log-variances, the two halves of the last axis."""
    half = parameters.shape[-1] // 2
    return parameters[..., :half], parameters[..., half:]


def log_density(x, mean, log_variance, n_axes=1):
    """ln N(x; mean, diag exp(log_variance)), summed over the last `n_axes` axes."""
    terms = (x - mean) ** 2 * ops.exp(-log_variance) + log_variance + math.log(2 * math.pi)
    return -0.5 * ops.sum(terms, axis=tuple(range(-n_axes, 0)))


def kl_from_standard_normal(mean, log_variance):
    """D_KL[N(mean, diag exp(log_variance)) ‖ N(0, I)] = ½ Σ (μ² + σ² − 1 − ln σ²), over the last axis."""
    return 0.5 * ops.sum(mean**2 + ops.exp(log_variance) - 1 - log_variance, axis=-1)


class GalaxyVaeLoss:
    """−bound of each image, in nats a pixel: (B,) from images (B, H, W, C) and the outputs of an `autoencoder`.

    The expectation over q is that of the noise the network was given, one draw an image.
    """

    def __call__(self, images, outputs):
        likelihood = log_density(images, *split(outputs["pixels"]), n_axes=3)
        divergence = kl_from_standard_normal(*split(outputs["latents"]))
        return (divergence - likelihood) / math.prod(images.shape[1:])
