"""Training of models, and all that changes them: weights, dropout rate, recalibration, domain limits."""

from .augmentation import Augmentation
from .censored import CensoredGaussianNegativeLogLikelihood, censored_gaussian_nll
from .dropout_tuning import DropoutTuning, tune_dropout
from .finetuning import finetune
from .limit_fitting import fit_limits, limits_of
from .loop import Trainer, TrainingDiverged
from .losses import (
    GaussianNegativeLogLikelihood,
    gaussian_nll,
    huber,
    mean_absolute_error,
    mean_squared_error,
)
from .objectives import find_loss
from .preset import Preset, WarmupCosine
from .presets import PRESETS, find_preset
from .recalibrating import calibrate
from .targets import find_parameters, fit_scaler
from .training import train

__all__ = [
    "CensoredGaussianNegativeLogLikelihood",
    "censored_gaussian_nll",
    "Augmentation",
    "DropoutTuning",
    "GaussianNegativeLogLikelihood",
    "PRESETS",
    "Preset",
    "Trainer",
    "TrainingDiverged",
    "WarmupCosine",
    "calibrate",
    "find_loss",
    "find_parameters",
    "find_preset",
    "finetune",
    "fit_limits",
    "fit_scaler",
    "gaussian_nll",
    "huber",
    "limits_of",
    "mean_absolute_error",
    "mean_squared_error",
    "train",
    "tune_dropout",
]
