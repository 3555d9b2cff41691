"""Pixels that are lost, for networks that fill them in: how many may be."""

import numpy as np

from ..core.flags import Flag
from .refusal import Refusal

__all__ = ["check_lost", "leaves_enough", "words_of_loss"]

# What may be lost at most, beside the centre: of the circle about it, in parts of the frame's side, and of the frame.
_CIRCLE, _LARGEST_IN_CIRCLE = 0.15, 0.3
_LARGEST_IN_FRAME = 0.5


def check_lost(lost):
    """Refuse an image of which too much is lost to measure the galaxy in its centre.

    Parameters
    ----------
    lost : (H, W) bool array
        Of the model's frame.

    Raises
    ------
    Refusal
        ``NOT_MEASURED``, where the central 3 × 3 pixels are all lost, more than 30 % of the circle of 0.15 of the
        frame's shorter side about the centre, or more than half of the frame.
    """
    why = _too_much(lost)
    if why:
        raise Refusal(Flag.NOT_MEASURED, f"{words_of_loss(lost)}: {why}")


def leaves_enough(lost):
    """Whether enough of a frame (H, W) is left to measure the galaxy in its centre, as `check_lost` asks for."""
    return not _too_much(lost)


def words_of_loss(lost):
    """Say which share of a frame's pixels (H, W) is lost."""
    return f"{_percent(lost)} of the pixels are masked, saturated or NaN"


def _too_much(lost):
    """Why too much is lost; empty if not."""
    y, x = (np.arange(side) - side // 2 for side in lost.shape)
    centre = (np.abs(y[:, None]) <= 1) & (np.abs(x) <= 1)
    circle = np.hypot(y[:, None], x) <= _CIRCLE * min(lost.shape)
    if lost[centre].all():
        return "the central 3 × 3 pixels are among them"
    if np.mean(lost[circle]) > _LARGEST_IN_CIRCLE:
        return f"{_percent(lost[circle])} of those near the centre, where at most {_LARGEST_IN_CIRCLE:.0%} may be"
    return f"at most {_LARGEST_IN_FRAME:.0%} may be" if np.mean(lost) > _LARGEST_IN_FRAME else ""


def _percent(lost):
    return f"{100 * np.mean(lost):.2g} %"
