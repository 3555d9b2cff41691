"""Named settings of a training run.

>>> gampen_tf.train(data, preset="gampen")                                    # the paper's
>>> gampen_tf.train(data, preset=replace(PRESETS["modern"], epochs=60))       # your own
"""

from __future__ import annotations

from dataclasses import dataclass

import keras

__all__ = ["PRESETS", "Preset", "WarmupCosine", "find_preset"]


@dataclass(frozen=True)
class Preset:
    """Optimiser, schedule and length of a training run.

    Parameters
    ----------
    objective : {"gaussian_nll", "huber", "mae", "mse"}
        The likelihood under a Gaussian head, which makes posteriors; or Huber's loss, the mean absolute or the mean
        squared error of a point head, one number a parameter.
    optimizer : {"adamw", "sgd"}
        Stochastic gradient descent is with Nesterov's momentum.
    learning_rate : float
        At the top of the schedule.
    batch_size, epochs : int
    momentum : float
        For "sgd".
    loss : {"mean", "sum"}
        What the rate refers to: the mean of the loss over the images of a batch, or its sum.  A rate that suits the sum
        is too small for the mean by the size of the batch.
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
    labels : {"standard", "range"}
        How labels are scaled, see :func:`gampen_tf.labels.fit_scaler`.
    max_shift : float
        Largest shift of an image on either axis, as a fraction of its width; see :class:`gampen_tf.Augmentation`.
    zoom : (float, float), optional
        Limits of a random zoom of the images, for parameters of which it is known what it does to them.
    validate_with_dropout : bool
        For networks whose dropout is on when they measure, too: without it they may be off by more than they err.
    """

    optimizer: str = "adamw"
    learning_rate: float = 1e-3
    batch_size: int = 128
    epochs: int = 30
    momentum: float = 0.9
    loss: str = "mean"
    weight_decay: float = 0.0
    l2: float = 0.0
    schedule: str = "cosine"
    warmup: float = 0.03
    clip_norm: float | None = None
    averaging: float | None = None
    patience: int | None = None
    objective: str = "gaussian_nll"
    huber_delta: float = 1e-3
    labels: str = "standard"
    max_shift: float = 0.0
    zoom: tuple[float, float] | None = None
    validate_with_dropout: bool = False

    def __post_init__(self):
        for name, expected in (
            ("optimizer", ("adamw", "sgd")),
            ("loss", ("mean", "sum")),
            ("schedule", ("constant", "cosine")),
            ("objective", ("gaussian_nll", "huber", "mae", "mse")),
            ("labels", ("standard", "range")),
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
    def head(self) -> str:
        """The head that the objective is for: "gaussian" or "point"."""
        return "gaussian" if self.objective == "gaussian_nll" else "point"

    def build_optimizer(self, n_steps):
        """A Keras optimiser for a run of `n_steps` batches.

        Clipping is not among its settings: it is done on the gradient of all devices together, see
        :mod:`gampen_tf.loop`.
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

    def __init__(self, peak, n_steps, warmup=0.0, decay=True):
        self.peak, self.n_steps, self.warmup, self.decay = float(peak), int(n_steps), float(warmup), bool(decay)

    def __call__(self, step):
        # the first step has a rate above zero, and so has the last
        step = keras.ops.cast(step, "float32") + 0.5
        rising = max(1.0, self.warmup * self.n_steps)
        rate = keras.ops.minimum(step / rising, 1.0) if self.warmup else keras.ops.ones_like(step)
        if self.decay:
            done = keras.ops.clip((step - rising) / max(1.0, self.n_steps - rising), 0.0, 1.0)
            rate = rate * 0.5 * (1.0 + keras.ops.cos(3.141592653589793 * done))
        return self.peak * rate

    def get_config(self):
        return {"peak": self.peak, "n_steps": self.n_steps, "warmup": self.warmup, "decay": self.decay}


PRESETS = {
    # Ghosh et al. (2022), § 5.3: λ on all weights, loss summed over the batch
    "gampen": Preset(
        optimizer="sgd",
        learning_rate=5e-7,
        momentum=0.99,
        batch_size=16,
        epochs=40,
        loss="sum",
        l2=1e-4,
        schedule="constant",
        warmup=0.0,
    ),
    "modern": Preset(
        optimizer="adamw",
        learning_rate=2e-3,
        batch_size=128,
        epochs=30,
        weight_decay=1e-4,
        clip_norm=5.0,
        averaging=0.998,
    ),
    # Ghosh et al. (2021), appendix A. Squared errors, as the likelihood behind Monte Carlo dropout of one value a
    # parameter has them, and λ, that of Ghosh et al. (2022), are ours
    "workshop": Preset(
        objective="mse",
        optimizer="sgd",
        learning_rate=5e-6,
        momentum=0.99,
        batch_size=32,
        epochs=40,
        loss="sum",
        l2=1e-4,
        schedule="constant",
        warmup=0.0,
        validate_with_dropout=True,
    ),
    # the same objective with a rate that falls and a running mean of the weights, for runs of a few epochs
    "workshop_short": Preset(
        objective="mse",
        learning_rate=5e-4,
        batch_size=64,
        epochs=10,
        warmup=0.1,
        weight_decay=1e-4,
        clip_norm=5.0,
        averaging=0.99,
        validate_with_dropout=True,
    ),
    # Li et al. (2022), § 2.3: Huber's loss and Adam; the paper says no more, the rest is ours
    "galnet": Preset(
        objective="huber",
        huber_delta=1e-3,
        learning_rate=1.5e-3,
        batch_size=64,
        epochs=30,
        clip_norm=5.0,
        averaging=0.998,
    ),
    # the same networks with a Gaussian head: posteriors
    "galnet_posterior": Preset(
        learning_rate=1.5e-3,
        batch_size=64,
        epochs=30,
        weight_decay=1e-4,
        clip_norm=5.0,
        averaging=0.998,
    ),
    # Tuccillo et al. (2018), § 4.3: ten epochs to warm up at the same rate, then 300 at most. The batch is ours.
    "deeplegato": Preset(
        objective="mae",
        labels="range",
        learning_rate=1e-3,
        batch_size=64,
        epochs=310,
        schedule="constant",
        warmup=0.0,
        patience=20,
        max_shift=0.05,
        zoom=(0.7, 1.3),
    ),
    # the same in a thirtieth of the epochs: a rate that falls, a running mean of the weights, no zoom
    "deeplegato_short": Preset(
        objective="mae",
        labels="range",
        learning_rate=2e-3,
        batch_size=64,
        epochs=10,
        weight_decay=1e-4,
        clip_norm=5.0,
        averaging=0.99,
        max_shift=0.05,
    ),
}
_OF_NETWORK = {
    "gampen": "gampen",
    "deeplegato1": "deeplegato",
    "deeplegato2": "deeplegato",
    "workshop": "workshop",
    "galnet1": "galnet",
    "galnet2": "galnet",
}


def find_preset(preset, network_name, **changes) -> Preset:
    """A preset by name, or the one that goes with a network, with some settings changed.

    Parameters
    ----------
    preset : str, Preset or None
    network_name : str
        Published networks go with their papers' settings, all others with the modern ones.
    **changes
        Those that are not None replace the preset's.
    """
    if preset is None:
        preset = _OF_NETWORK.get(network_name, "modern")
    if isinstance(preset, str):
        if preset not in PRESETS:
            raise ValueError(f"no preset {preset!r}; there are {', '.join(PRESETS)}, or give a Preset")
        preset = PRESETS[preset]
    changed = {key: value for key, value in changes.items() if value is not None}
    return Preset(**{**preset.__dict__, **changed})
