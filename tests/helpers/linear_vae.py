"""A generative model that is linear and Gaussian: its likelihood and posterior are known."""

import keras
import numpy as np
from scipy import stats

from gampen_tf.vae import GalaxyVAE, autoencoder

SHAPE = (5, 4, 1)
N_PIXELS = 20


class LinearModel:
    """x | z ~ N(W z + b, D): ln p(x) is known, and p(z | x) is a Gaussian, diagonal where WᵀD⁻¹W is."""

    def __init__(self, rng, n_latents=3):
        self.noise = rng.uniform(0.3, 1.5, N_PIXELS)
        # orthogonal columns in the metric of the noise
        columns = np.linalg.qr(rng.normal(size=(N_PIXELS, n_latents)))[0] * [3.0, 2.0, 0.5]
        self.weights, self.offset = columns * np.sqrt(self.noise)[:, None], rng.normal(size=N_PIXELS)
        precision = np.eye(n_latents) + self.weights.T @ (self.weights / self.noise[:, None])
        self.posterior = np.linalg.inv(precision)
        self.gain = self.posterior @ self.weights.T / self.noise
        z = rng.normal(size=(40, n_latents))
        light = z @ self.weights.T + self.offset + np.sqrt(self.noise) * rng.normal(size=(40, N_PIXELS))
        self.images = light.reshape(-1, *SHAPE)

    def log_marginal(self):
        covariance = self.weights @ self.weights.T + np.diag(self.noise)
        return stats.multivariate_normal(self.offset, covariance).logpdf(self.images.reshape(-1, N_PIXELS))

    def vae(self, shift=0.0, widen=1.0):
        """Its q(z | x): the posterior, or one with a mean off by `shift` and variances `widen` times too large."""
        n = len(self.posterior)
        images, latents = keras.Input(SHAPE), keras.Input((n,))
        encoded = keras.layers.Dense(2 * n)(keras.layers.Flatten()(images))
        pixels = keras.layers.Dense(2 * N_PIXELS)(latents)
        encoder = keras.Model(images, encoded, name="encoder")
        decoder = keras.Model(latents, keras.layers.Reshape((*SHAPE[:2], 2))(pixels), name="decoder")
        variance = np.diag(self.posterior) * widen
        encoder.set_weights(
            [
                np.hstack([self.gain.T, np.zeros((N_PIXELS, n))]),
                np.concatenate([shift - self.gain @ self.offset, np.log(variance)]),
            ]
        )
        kernel, bias = np.zeros((n, N_PIXELS, 2)), np.stack([self.offset, np.log(self.noise)], -1)
        kernel[..., 0] = self.weights.T
        decoder.set_weights([kernel.reshape(n, -1), bias.reshape(-1)])
        return GalaxyVAE(autoencoder(encoder, decoder))
