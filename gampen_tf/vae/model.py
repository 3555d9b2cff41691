"""Likelihoods, reconstructions and new images from a trained generative model of galaxies.

>>> vae = GalaxyVAE.load("galaxy_vae")                    # one that ships, or the path of yours
>>> crops, prepared = vae.prepare(frames)                 # cut around the source, downscaled, scaled
>>> mean, variance = vae.reconstruct(prepared)
>>> vae.log_likelihood_bound(prepared)                    # nats
>>> vae.sample(16, seed=1)

Regier, McAuliffe & Prabhat (2015).  Random numbers of image i depend on (seed, i) alone.

It is kept in a directory as a `gampen_tf.Model` is: see :mod:`gampen_tf.models.directory`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike

from ..io.files import PathLike, damage_named
from ..models.card import as_lines, facts, one_line, short_card
from ..models.directory import GENERATIVE, read_directory, write_directory
from ..models.safe_loading import load_network
from .network import kl_from_standard_normal, log_density, split
from .source_crops import SourceCrops, crop_sources, normalise
from .weights_file import write_compressed

__all__ = ["GalaxyVAE"]

_PLAIN_FIELDS = ("variant", "softening", "provenance")
_BATCH = 256
_STREAM_ENCODE, _STREAM_SAMPLE, _STREAM_PIXELS = 11, 12, 13


@dataclass(repr=False)
class GalaxyVAE:
    """A trained generative model of galaxy images.

    Parameters
    ----------
    network : keras.Model
        What `gampen_tf.vae.autoencoder` makes.
    variant : str
        Which of `gampen_tf.vae.GALAXY_VAES`, or a name of your own.
    softening : float or None
        Of `gampen_tf.vae.normalise`, by which its training images were scaled.
    provenance, metrics : dict
    card : str, optional
        Goes to ``README.md``.
    name : str
        For messages.
    """

    network: keras.Model
    variant: str = "dense"
    softening: float | None = 0.1
    provenance: dict = field(default_factory=dict)
    metrics: dict = field(default_factory=dict)
    card: str | None = None
    name: str = "unnamed"

    def __post_init__(self) -> None:
        self.encoder, self.decoder = self.network.get_layer("encoder"), self.network.get_layer("decoder")

    def __repr__(self) -> str:
        return f"<GalaxyVAE {self.name!r}: {one_line(self.describe())}>"

    def __str__(self) -> str:
        more = {"weights": f"{self.network.count_params():,}"}
        return as_lines(f"GalaxyVAE {self.name!r}", facts(self.describe()) | more)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return tuple(self.encoder.input_shape[1:])

    @property
    def n_latents(self) -> int:
        return self.decoder.input_shape[-1]

    def prepare(self, frames: ArrayLike, **options: Any) -> tuple[SourceCrops, np.ndarray]:
        """Prepare frames for the model: crop around the brightest source, downscale, and scale the brightness.

        Parameters
        ----------
        frames : (N, H, W) or (N, H, W, 1) array
        **options
            Of `gampen_tf.vae.crop_sources`.

        Returns
        -------
        crops : SourceCrops
            Which were refused, and why.
        images : (K, size, size, 1) float32 array
            Of those that were accepted.
        """
        crops = crop_sources(frames, size=self.image_shape[0], **options)
        return crops, normalise(crops.images, self.softening)

    def encode(self, images: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Means g_μ and variances g_Σ of the latents given images, q(z | x): (N, L) each.

        Parameters
        ----------
        images : (N, H, W, C) array
            Prepared.
        """
        mean, log_variance = self._encode(images)
        return mean, np.exp(log_variance)

    def decode(self, latents: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Means f_μ and variances f_Σ of the pixels given latents, p(x | z): (N, H, W, C) each.

        Parameters
        ----------
        latents : (N, L) array
        """
        mean, log_variance = self._decode(self._latents(latents))
        return mean, np.exp(log_variance)

    def sample(self, n_images: int, *, seed: int = 0, pixel_noise: bool = False) -> np.ndarray:
        """Draw new galaxies, f_μ(z) of z from the prior: (n_images, H, W, C).

        Parameters
        ----------
        n_images : int
        seed : int
        pixel_noise : bool
            Draw x from N(f_μ(z), f_Σ(z)) in place of its mean.
        """
        latents = _normals(seed, n_images, _STREAM_SAMPLE, self.n_latents)
        mean, variance = self.decode(latents)
        if not pixel_noise:
            return mean
        noise = np.stack([_normal(seed, i, _STREAM_PIXELS, mean.shape[1:]) for i in range(n_images)])
        return mean + np.sqrt(variance) * noise

    def reconstruct(self, images: ArrayLike, *, seed: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Reconstruct images from their latents: means and variances of the pixels, (N, H, W, C) each.

        Parameters
        ----------
        images : (N, H, W, C) array
        seed : int, optional
            At a draw of z from q(z | x), as in the paper's figure 3; at its mean if not given, as in its comparison.
        """
        mean, log_variance = self._encode(images)
        if seed is not None:
            mean = mean + np.exp(0.5 * log_variance) * _normals(seed, len(mean), _STREAM_ENCODE, self.n_latents)
        return self.decode(mean)

    def log_likelihood_given(self, images: ArrayLike, latents: ArrayLike) -> np.ndarray:
        """Log-likelihood of each image given its latents, ln p(x | z): (N,)."""
        images, latents = self._images(images), self._latents(latents)
        if len(images) != len(latents):
            raise ValueError(f"{len(images)} images and {len(latents)} latents; expected as many of either")
        return np.asarray(log_density(images, *self._decode(latents), n_axes=3))

    def log_likelihood_bound(
        self, images: ArrayLike, *, n_mc: int = 16, importance_weighted: bool = False, seed: int = 0
    ) -> np.ndarray:
        """A lower bound of the log-likelihood ln p(x), estimated from draws of q(z | x).

        Parameters
        ----------
        images : (N, H, W, C) array
        n_mc : int
            Draws an image.
        importance_weighted : bool
            ln of the mean of p(x, z) / q(z | x) (Burda et al. 2016), a bound whose expectation rises with `n_mc`
            to ln p(x); in place of the evidence bound, E_q[ln p(x | z)] − D_KL[q ‖ p] (eq. 4), whose expectation does
            not depend on it.
        seed : int

        Returns
        -------
        (N,) float64 array
            In nats.
        """
        images = self._images(images)
        mean, log_variance = self._encode(images)
        if n_mc < 1:
            raise ValueError(f"n_mc: expected 1 or more, found {n_mc}")
        draws = [_normal(seed, i, _STREAM_ENCODE, (n_mc, self.n_latents)) for i in range(len(images))]
        noise = np.reshape(draws, (len(images), n_mc, self.n_latents))
        terms = np.empty((n_mc, len(images)))
        for s in range(n_mc):
            latents = mean + np.exp(0.5 * log_variance) * noise[:, s]
            terms[s] = self.log_likelihood_given(images, latents)
            if importance_weighted:
                terms[s] += np.asarray(log_density(latents, 0 * mean, 0 * mean))
                terms[s] -= np.asarray(log_density(latents, mean, log_variance))
        if importance_weighted:
            largest = np.max(terms, axis=0)
            return largest + np.log(np.mean(np.exp(terms - largest), axis=0))
        return np.mean(terms, axis=0) - np.asarray(kl_from_standard_normal(mean, log_variance))

    def traversal(
        self, steps: Sequence[float] = (-3, -2, -1, 0, 1, 2, 3), *, centre: ArrayLike | None = None
    ) -> np.ndarray:
        """Images f_μ(z) along each latent, the others at `centre`: the paper's figure 5.

        Parameters
        ----------
        steps : sequence of S float
            In standard deviations of the prior.
        centre : (L,) array, optional
            Zero if not given.

        Returns
        -------
        (L, S, H, W, C) array
        """
        centre = np.zeros(self.n_latents) if centre is None else np.asarray(centre, float)
        if centre.shape != (self.n_latents,):
            raise ValueError(f"centre: expected {self.n_latents} latents, found shape {centre.shape}")
        latents = np.tile(centre, (self.n_latents, len(steps), 1))
        for i in range(self.n_latents):
            latents[i, :, i] = steps
        mean, _ = self.decode(latents.reshape(-1, self.n_latents))
        return mean.reshape(self.n_latents, len(steps), *self.image_shape)

    def save(self, directory: PathLike) -> Path:
        """Write the model directory; files that were there are replaced, each in one step."""
        return write_directory(
            directory,
            GENERATIVE,
            self.describe(),
            lambda path: write_compressed(self.network, path),
            metrics=self.metrics,
            card=self.card or short_card(self.describe(), Path(directory).name),
        )

    def describe(self) -> dict:
        """Everything but the weights as plain data, as in ``model.json``."""
        plain = {name: getattr(self, name) for name in _PLAIN_FIELDS}
        return {"kind": GENERATIVE, "image_shape": list(self.image_shape), "n_latents": self.n_latents} | plain

    @classmethod
    def load(cls, name_or_path: PathLike) -> GalaxyVAE:
        """Load a model by the name of one that ships, or by the path of its directory.

        Raises
        ------
        FileNotFoundError
            If there is no such model.
        ValueError
            If it is a model of another kind, of a newer format, changed or truncated, or names foreign code.
        """
        there = read_directory(name_or_path, GENERATIVE)
        network = load_network(there.weights)
        with damage_named(there.path / "model.json"):
            return cls(
                network=network,
                metrics=there.metrics,
                card=there.card,
                name=str(name_or_path),
                **{name: there.description[name] for name in _PLAIN_FIELDS},
            )

    def _images(self, images: ArrayLike) -> np.ndarray:
        images = np.asarray(images, np.float32)
        found = images.shape
        if images.ndim == 3 and self.image_shape[-1] == 1:
            images = images[..., None]
        if images.shape[1:] != self.image_shape:
            raise ValueError(f"model {self.name!r} takes images of shape {('N', *self.image_shape)}, found {found}")
        return images

    def _latents(self, latents: ArrayLike) -> np.ndarray:
        latents = np.asarray(latents, np.float32)
        if latents.ndim != 2 or latents.shape[1] != self.n_latents:
            raise ValueError(f"latents of shape {latents.shape}; expected (N, {self.n_latents})")
        return latents

    def _encode(self, images: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        return split(_in_batches(self.encoder, self._images(images)))

    def _decode(self, latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return split(_in_batches(self.decoder, latents))


def _in_batches(network, inputs):
    parts = [np.zeros((0, *network.output_shape[1:]))]
    for start in range(0, len(inputs), _BATCH):
        parts.append(keras.ops.convert_to_numpy(network(inputs[start : start + _BATCH], training=False)))
    return np.concatenate(parts).astype(np.float64)


def _normals(seed, n, stream, shape):
    """A draw of each of n images, the same whatever n is."""
    return np.array([_normal(seed, i, stream, shape) for i in range(n)]).reshape(n, shape)


def _normal(seed, index, stream, shape):
    key = np.array([seed % 2**64, index], np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, stream])).standard_normal(shape)
