"""Arithmetic of a model's passes: float32 or bfloat16."""

import numpy as np

from ..metrics.draws import SIGMA_LEVELS
from ..networks.precision import bfloat16_is_fast
from ..posterior import mixtures
from .monte_carlo import MonteCarloEngine

__all__ = ["CHANGE_METRIC", "bfloat16_change", "decided_precision"]

#: Name, in a model's metrics, of the 99th percentile over galaxies of `bfloat16_change`.
CHANGE_METRIC = "bfloat16_change_99"
# With a smaller change than this, a tenth of a posterior's own half-width, bfloat16 is used unasked.
_HARMLESS_CHANGE = 0.1


def bfloat16_change(model, images, *, beside=None, seed=0, passes=16):
    """How far bfloat16 moves posteriors: the largest change of mean and interval ends, with the same masks.

    Parameters
    ----------
    model : Model
    images : (N, H, W, C) array
        In the model's unit.
    beside : dict of str: (N, ...) array, optional
        What the network takes beside them, by name.
    seed, passes : int, optional

    Returns
    -------
    (N,) array
        In units of half the width of each galaxy's own 68.27 % interval.
    """
    summaries = []
    for precision in ("float32", "bfloat16"):
        engine = MonteCarloEngine(model.network, precision=precision, head=model.head)
        outputs = engine.run(model.prepare(images), seed=seed, passes=passes, beside=beside).outputs
        summaries.append(_mean_and_ends(*model.head.components(outputs)))
    exact, rounded = summaries
    half_width = 0.5 * (exact[..., 2] - exact[..., 1])
    return np.max(np.abs(rounded - exact) / half_width[..., None], axis=(1, 2))


def decided_precision(model, precision) -> str:
    """The arithmetic of a model's passes: the one asked for, or bfloat16 where it is faster and harmless."""
    if precision not in ("auto", "float32", "bfloat16"):
        raise ValueError(f"precision {precision!r}; expected 'auto', 'float32' or 'bfloat16'")
    if precision != "auto":
        return precision
    is_harmless = model.metrics.get(CHANGE_METRIC, np.inf) < _HARMLESS_CHANGE
    return "bfloat16" if is_harmless and bfloat16_is_fast() else "float32"


def _mean_and_ends(means, scale_trils, level=SIGMA_LEVELS[0]):
    """(N, P, 3): mean and ends of the central interval, in label space."""
    weights = np.full(means.shape[:2], 1 / means.shape[1])
    levels = np.tile([0.5 - level / 2, 0.5 + level / 2], (len(means), 1))
    summaries = []
    for index in range(means.shape[2]):
        mean, sd = mixtures.marginal(means, scale_trils, index)
        ends = mixtures.mixture_quantile(levels, mean, sd, weights)
        summaries.append(np.column_stack([mixtures.mixture_moments(mean, sd, weights)[0], ends]))
    return np.stack(summaries, axis=1)
