"""What networks are trained for, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from numpy.typing import ArrayLike

from .censored import CensoredGaussianNegativeLogLikelihood
from .losses import GaussianNegativeLogLikelihood, huber, mean_absolute_error, mean_squared_error

__all__ = ["find_loss"]


def find_loss(objective: str, huber_delta: float = 1e-3, clip_labels: ArrayLike | None = None) -> Callable:
    """The loss of an objective, ``loss(labels, outputs) -> (B,)``.

    Parameters
    ----------
    objective : {"gaussian_nll", "censored_gaussian_nll", "huber", "mae", "mse"}
    huber_delta : float
        For "huber".
    clip_labels : (P, 2) array, optional
        For "censored_gaussian_nll": `LabelScaler.clip_labels`.

    Raises
    ------
    ValueError
        For another objective, or a censored one without clips.
    """
    if objective == "censored_gaussian_nll":
        if clip_labels is None:
            raise ValueError("objective 'censored_gaussian_nll': expected clip_labels, found none")
        return CensoredGaussianNegativeLogLikelihood(clip_labels, reduction=None)
    losses: dict[str, Callable] = {
        "gaussian_nll": GaussianNegativeLogLikelihood(reduction=None),
        "huber": partial(huber, delta=huber_delta),
        "mae": mean_absolute_error,
        "mse": mean_squared_error,
    }
    if objective not in losses:
        raise ValueError(f"no objective {objective!r}; there are censored_gaussian_nll, {', '.join(losses)}")
    return losses[objective]
