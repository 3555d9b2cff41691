"""Axis ratio and position angle of a posterior of the two shear components."""

from __future__ import annotations

import numpy as np

from ..core.ellipticity import NAMES, axis_ratio_and_angle, wrapped_angle
from ..metrics.draws import highest_density_intervals

__all__ = ["shape_columns", "shape_samples"]

_FEWEST_DRAWS = 1000


def shape_samples(posterior, n_mc=None, seed=None):
    """Draws of axis ratio and position angle from the posterior of a model that measures η₁ and η₂.

    Parameters
    ----------
    posterior : Posterior
    n_mc, seed : int, optional
        As for :meth:`gampen_tf.Posterior.sample`; the posterior's own if not given.

    Returns
    -------
    axis_ratio, position_angle : (N, n_mc) arrays
        The latter in degrees, from −90 to 90.

    Raises
    ------
    ValueError
        If the model measures something else.
    """
    names = list(posterior.names)
    if not set(NAMES) <= set(names):
        raise ValueError(f"shapes are made of {' and '.join(NAMES)}; this posterior is of {', '.join(names)}")
    draws = posterior.samples if n_mc is None and seed is None else posterior.sample(n_mc or posterior.n_mc, seed)
    return axis_ratio_and_angle(*(draws[..., names.index(name)] for name in NAMES))


def shape_columns(posterior, levels):
    """Columns of axis ratio and position angle for a table, from the draws of (η₁, η₂).

    Parameters
    ----------
    posterior : Posterior
    levels : dict of str: float
        Suffix of the columns of an interval, and its level.

    Returns
    -------
    dict of (str, str): (N,) array
        By parameter and suffix of the column. Suffix ``""``: the median of the draws of ``axis_ratio``, and the
        ``position_angle`` (degrees) of the medians of η₁ and η₂. ``_median``, and ``_lower_…`` and ``_upper_…``, the
        shortest intervals: of the draws, of the angle those of its difference from its value the short way round, so
        that its ends may lie beyond ±90.
    """
    names, medians = list(posterior.names), posterior.median()
    _, zero = axis_ratio_and_angle(*(medians[:, names.index(name)] for name in NAMES))
    # a catalogue that keeps few draws or none has the same columns
    axis_ratio, angle = shape_samples(posterior, None if posterior.n_mc >= _FEWEST_DRAWS else _FEWEST_DRAWS)
    offset = wrapped_angle(angle - zero[:, None])
    columns = {("axis_ratio", ""): np.median(axis_ratio, axis=1), ("position_angle", ""): zero}
    for name, origin, draws in (("axis_ratio", np.zeros_like(zero), axis_ratio), ("position_angle", zero, offset)):
        if levels:
            columns[name, "_median"] = origin + np.median(draws, axis=1)
            lower, upper = highest_density_intervals(draws[..., None], list(levels.values()))
            for k, suffix in enumerate(levels):
                columns[name, f"_lower_{suffix}"] = origin + lower[:, k, 0]
                columns[name, f"_upper_{suffix}"] = origin + upper[:, k, 0]
    return columns
