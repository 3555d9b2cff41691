"""Training a generative model of galaxy images.

>>> vae = gampen_tf.train_vae(images, "runs/galaxies", seed=1)
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Literal

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from ..io.files import PathLike
from ..io.provenance import versions
from ..models.directory import GENERATIVE
from ..training.augmentation import Augmentation
from ..training.checkpoints import RunFiles
from ..training.devices import find_strategy
from ..training.loop import Trainer
from ..training.network_building import checked_seed, seeded
from ..training.pipelines import TensorPipeline
from ..training.preset import Preset
from ..training.presets import find_preset
from .model import GalaxyVAE
from .network import GALAXY_VAES, GalaxyVaeLoss

__all__ = ["NoisyPipeline", "PRESET", "train_vae"]

# Regier et al. (2015) take Adam, and give no settings; decoupled decay of zero makes AdamW the same.
PRESET = Preset(optimizer="adamw", learning_rate=1e-3, batch_size=64, epochs=100, clip_norm=1.0, averaging=0.998)
_VALIDATION_SHARE = 20


def train_vae(
    images: ArrayLike,
    output: PathLike | None = None,
    *,
    variant: Literal["dense", "convolutional"] = "dense",
    n_latents: int = 8,
    softening: float | None = 0.1,
    preset: str | Preset | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    network_options: dict | None = None,
    augment: Augmentation | Literal["auto"] | None = "auto",
    seed: int = 0,
    strategy: Literal["auto", "none"] | tf.distribute.Strategy = "auto",
    resume: bool = True,
    tensorboard: bool = False,
    progress_bar: bool = True,
) -> GalaxyVAE:
    """Train a generative model by the variational bound, one draw of the latents an image and epoch.

    All arithmetic is in float32, without a choice of precision as in `gampen_tf.train`: the likelihood divides the
    error of each pixel by a predicted σ, which may be smaller than the last digit of the pixel in bfloat16.

    Parameters
    ----------
    images : (N, H, W, C) array
        Prepared, see `gampen_tf.vae.source_crops`. Every twentieth is kept for validation.
    output : path, optional
        The model directory to write, with checkpoints from which the same command goes on after a stop.
    variant : {"dense", "convolutional"}
        The paper's, or the one with convolutions.
    n_latents : int
    softening : float or None
        With which the images were scaled: kept with the model for :meth:`GalaxyVAE.prepare`.
    preset : str or Preset, optional
        Settings of the optimiser; by default those of :data:`gampen_tf.vae.training.PRESET`. The objective is always
        the bound.
    epochs, batch_size, learning_rate : optional
        In place of the preset's.
    network_options : dict, optional
        More arguments of the network.
    augment : Augmentation or "auto" or None
        By default flips and quarter turns: a galaxy is as likely seen any way round.
    seed : int
        Of the initial weights, the order of the images, the augmentation and the noise.
    strategy, resume, tensorboard, progress_bar
        As for :func:`gampen_tf.train`.

    Returns
    -------
    GalaxyVAE
        With the weights of the epoch with the largest bound on the validation images.

    Raises
    ------
    ValueError
        For images that are not finite or too few, an unknown variant, or a checkpoint of another run in `output`.
    TrainingDiverged
        If the loss becomes NaN or infinite.
    """
    seed = checked_seed(seed)
    images = np.asarray(images, np.float32)
    if images.ndim != 4 or len(images) < 2 * _VALIDATION_SHARE or not np.isfinite(images).all():
        raise ValueError(
            f"expected {2 * _VALIDATION_SHARE} or more finite images (N, H, W, C), found shape {images.shape} with "
            f"{np.sum(~np.isfinite(images))} pixels not finite"
        )
    if variant not in GALAXY_VAES:
        raise ValueError(f"no variant {variant!r}; there are {', '.join(GALAXY_VAES)}")
    preset = find_preset(
        preset or PRESET, GENERATIVE, epochs=epochs, batch_size=batch_size, learning_rate=learning_rate
    )
    strategy = find_strategy(strategy)
    options = {"n_latents": n_latents, **(network_options or {})}
    augment = Augmentation() if augment == "auto" else augment
    with strategy.scope(), seeded(seed):
        network = GALAXY_VAES[variant](images.shape[1:], **options)
    held_out = np.arange(len(images)) % _VALIDATION_SHARE == _VALIDATION_SHARE - 1
    n_training = int(np.sum(~held_out))
    settings = {
        "variant": variant,
        "network_options": options,
        "softening": softening,
        **asdict(preset),
        "batch_size": min(preset.batch_size, n_training),
        "augment": augment and asdict(augment),
        "seed": seed,
        "data": hashlib.sha256(np.ascontiguousarray(images).tobytes()).hexdigest()[:16],
    }
    training = NoisyPipeline(
        images[~held_out], settings["batch_size"], n_latents, seed, shuffle=True, augment=augment, drop_remainder=True
    )
    validation = NoisyPipeline(images[held_out], settings["batch_size"], n_latents, seed)
    trainer = Trainer(
        network,
        preset,
        GalaxyVaeLoss(),
        strategy,
        training.n_batches * preset.epochs,
        files=None if output is None else RunFiles(output, settings, tensorboard=tensorboard),
        progress_bar=progress_bar,
    )
    if resume:
        trainer.resume()
    trainer.run(training, validation, preset.epochs)
    best = trainer.best
    vae = GalaxyVAE(
        network=network,
        variant=variant,
        softening=softening,
        provenance={
            "n_training": n_training,
            "settings": settings,
            "history": trainer.history,
            "best_epoch": trainer.best_epoch,
            "versions": versions(),
        },
        metrics={"training_loss": best["loss"], "validation_loss": best["validation_loss"]},
        name=str(output or "unnamed"),
    )
    if output is not None:
        vae.save(output)
    return vae


class NoisyPipeline:
    """Batches of images as input and label both, and of the noise for the draws of their latents.

    Parameters
    ----------
    images : (N, H, W, C) float32 array
    batch_size, n_latents, seed : int
    **options
        `shuffle`, `augment`, `drop_remainder`, as in `gampen_tf.training.pipelines.TensorPipeline`.
    """

    def __init__(self, images, batch_size, n_latents, seed, **options):
        labels = np.zeros((len(images), 1), np.float32)
        self._images = TensorPipeline((images,), labels, batch_size, seed=seed, **options)
        self._n_latents, self._seed = n_latents, seed
        self.n_images, self.n_batches = self._images.n_images, self._images.n_batches

    def epoch(self, epoch=0):
        """Batches of ({"images", "noise"}, images): a function of (seed, epoch) alone."""
        stream = np.random.SeedSequence([self._seed, 3, epoch]).generate_state(1, np.uint64)[0] >> 2

        def with_noise(i, batch):
            shape = (tf.shape(batch[0])[0], self._n_latents)
            noise = tf.random.stateless_normal(shape, tf.stack([tf.constant(int(stream), tf.int64), i]))
            return {"images": batch[0], "noise": noise}, batch[0]

        return self._images.epoch(epoch).enumerate().map(with_noise).prefetch(2)
