"""Settings of a training run, and the schedule of its learning rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import keras

from ..layers.heads import GaussianHead, PointHead

__all__ = ["Preset", "WarmupCosine"]


@dataclass(frozen=True)
class Preset:
    """Optimiser, schedule and length of a training run.

    Parameters
    ----------
    objective : {"gaussian_nll", "censored_gaussian_nll", "huber", "mae", "mse"}
        The likelihood under a Gaussian head, which makes posteriors, plain or with values at a bound counted as
        censored (`gampen_tf.training.censored`); or Huber's loss, the mean absolute or the mean squared error of a
        point head, one number a parameter.
    optimizer : {"adamw", "sgd"}
        Stochastic gradient descent is with Nesterov's momentum.
    learning_rate : float
        At the top of the schedule.
    batch_size, epochs : int
    momentum : float
        For "sgd".
    reduction : {"mean", "sum"}
        Of the loss over the images of a batch. A rate that suits the sum is too small for the mean by the size of the
        batch.
    weight_decay : float
        Decoupled from the gradient (Loshchilov & Hutter 2019), on kernels; "adamw" only.
    l2 : float
        λ of the penalty λ Σ ω² added to the loss, on all weights as in Ghosh et al. (2022).
    schedule : {"constant", "cosine"}
    warmup : float
        Fraction of the steps in which the rate rises from zero.
    clip_norm : float, optional
        Largest norm of the gradient of all weights together.
    averaging : float, optional
        Decay of a running mean of the weights; the mean is what is validated, kept and returned.
    patience : int, optional
        Stop after so many epochs without a better validation loss.
    huber_delta : float
        For "huber": errors of labels below it count by their square, larger ones by their size.
    label_scaling : {"standard", "range"}
        How true values become labels, see :func:`gampen_tf.training.fit_scaler`.
    max_shift : float
        Largest shift of an image on either axis, as a fraction of its width; see :class:`gampen_tf.Augmentation`.
    zoom : (float, float), optional
        Limits of a random zoom of the images, for parameters of which it is known what it does to them.
    validate_with_dropout : bool
        For networks whose dropout is on when they measure, too: without it they may be off by more than they err.
    """

    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = 1e-3
    batch_size: int = 128
    epochs: int = 30
    momentum: float = 0.9
    reduction: Literal["mean", "sum"] = "mean"
    weight_decay: float = 0.0
    l2: float = 0.0
    schedule: Literal["constant", "cosine"] = "cosine"
    warmup: float = 0.03
    clip_norm: float | None = None
    averaging: float | None = None
    patience: int | None = None
    objective: Literal["gaussian_nll", "censored_gaussian_nll", "huber", "mae", "mse"] = "gaussian_nll"
    huber_delta: float = 1e-3
    label_scaling: Literal["standard", "range"] = "standard"
    max_shift: float = 0.0
    zoom: tuple[float, float] | None = None
    validate_with_dropout: bool = False

    def __post_init__(self) -> None:
        for name, expected in (
            ("optimizer", ("adamw", "sgd")),
            ("reduction", ("mean", "sum")),
            ("schedule", ("constant", "cosine")),
            ("objective", ("gaussian_nll", "censored_gaussian_nll", "huber", "mae", "mse")),
            ("label_scaling", ("standard", "range")),
        ):
            if getattr(self, name) not in expected:
                raise ValueError(f"{name} {getattr(self, name)!r}; expected one of {expected}")
        for name in ("batch_size", "epochs", "learning_rate", "huber_delta"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} {getattr(self, name)}; expected a positive number")
        if self.optimizer == "sgd" and self.weight_decay:
            raise ValueError("weight_decay goes with 'adamw'; for 'sgd' give l2")
        if not 0 <= self.warmup < 1:
            raise ValueError(f"warmup is a fraction of the steps, at least 0 and less than 1; found {self.warmup}")

    @property
    def head(self) -> GaussianHead | PointHead:
        """The head that the objective is for."""
        return GaussianHead() if self.objective.endswith("gaussian_nll") else PointHead()

    def build_optimizer(self, n_steps: int) -> keras.optimizers.Optimizer:
        """A Keras optimiser for a run of `n_steps` batches.

        Clipping is not among its settings: it is done on the gradient of all devices together, see
        :mod:`gampen_tf.training.loop`.
        """
        rate = WarmupCosine(self.learning_rate, n_steps, self.warmup, decay=self.schedule == "cosine")
        if self.optimizer == "sgd":
            return keras.optimizers.SGD(rate, momentum=self.momentum, nesterov=True)
        return keras.optimizers.AdamW(rate, weight_decay=self.weight_decay)


@keras.saving.register_keras_serializable("gampen_tf")
class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that rises linearly in the first steps, then stays or falls to zero as half a cosine.

    Parameters
    ----------
    peak : float
    n_steps : int
    warmup : float
        Fraction of the steps.
    decay : bool
    """

    def __init__(self, peak: float, n_steps: int, warmup: float = 0.0, decay: bool = True):
        self.peak, self.n_steps, self.warmup, self.decay = float(peak), int(n_steps), float(warmup), bool(decay)

    def __call__(self, step: Any) -> Any:
        # the first step has a rate above zero, and so has the last
        step = keras.ops.cast(step, "float32") + 0.5
        rising = max(1.0, self.warmup * self.n_steps)
        rate = keras.ops.minimum(step / rising, 1.0) if self.warmup else keras.ops.ones_like(step)
        if self.decay:
            done = keras.ops.clip((step - rising) / max(1.0, self.n_steps - rising), 0.0, 1.0)
            rate = rate * 0.5 * (1.0 + keras.ops.cos(3.141592653589793 * done))
        return self.peak * rate

    def get_config(self) -> dict:
        return {"peak": self.peak, "n_steps": self.n_steps, "warmup": self.warmup, "decay": self.decay}
