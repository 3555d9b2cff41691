"""Tables, summary and figures of a posterior."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..core.ellipticity import NAMES as ELLIPTICITY
from ..core.flags import describe
from ..core.known_parameters import KNOWN_PARAMETERS
from ..metrics.draws import SIGMA_LEVELS
from ..plots.posteriors import plot_marginal, plot_posterior
from ..plots.style import panels
from .shapes import shape_columns

if TYPE_CHECKING:
    from astropy.table import QTable
    from matplotlib.figure import Figure

__all__ = ["LEVELS", "corner", "plot", "summary", "to_table"]

LEVELS = dict(zip(("68", "95", "99"), SIGMA_LEVELS, strict=True))


def to_table(posterior) -> QTable:
    """Table of posteriors, one row a galaxy.

    Columns: ``identifier``; for each parameter its value (the mode of its marginal, as in the paper) under its own
    name, then ``<name>_median``, ``_mean``, ``_std``, and the ends ``_lower_68``, ``_upper_68``, … ``_99`` of the
    shortest intervals that hold 68.27, 95.45 and 99.73 %; for models of η₁ and η₂ the columns of
    :func:`~gampen_tf.posterior.shapes.shape_columns`; ``flags`` and ``flags_text``. Galaxies
    without a measurement have NaN. Of a model that gives values alone, without an uncertainty, there are the values.

    Returns
    -------
    astropy.table.QTable
        With units; the posterior's metadata in ``meta``.
    """
    import astropy.units as u
    from astropy.table import QTable

    table = QTable(meta={"intervals": "shortest", "levels": dict(LEVELS)} | posterior.metadata)
    table["identifier"] = np.array(posterior.identifiers, dtype=str)
    columns = {"": posterior.median() if _values_alone(posterior) else posterior.mode()}
    if not _values_alone(posterior):
        columns |= {"_median": posterior.median(), "_mean": posterior.mean(), "_std": posterior.std()}
        intervals = posterior.interval(list(LEVELS.values()))
        for k, label in enumerate(LEVELS):
            columns[f"_lower_{label}"], columns[f"_upper_{label}"] = intervals[:, :, k, 0], intervals[:, :, k, 1]
    for index, (name, unit) in enumerate(zip(posterior.names, posterior.units, strict=True)):
        for suffix, values in columns.items():
            table[name + suffix] = values[:, index] * u.Unit(unit) if unit else values[:, index]
    if set(ELLIPTICITY) <= set(posterior.names):
        for (name, suffix), values in shape_columns(posterior, {} if _values_alone(posterior) else LEVELS).items():
            unit = KNOWN_PARAMETERS[name].unit
            table[name + suffix] = values * u.Unit(unit) if unit else values
    table["flags"] = posterior.flags
    table["flags_text"] = np.array([describe(flag) for flag in posterior.flags], dtype=str)
    return table


def summary(posterior) -> str:
    """Summary of the sample in a few lines of text.

    Returns
    -------
    str
        Numbers of galaxies, measured and not; for each parameter the range of the modes, the typical half-width of the
        68.27 % interval, and how much of the variance in labels is epistemic.
    """
    measured = posterior[posterior.measured]
    kind = "values alone" if _values_alone(posterior) else f"{posterior.means.shape[1]} Gaussians each"
    lines = [f"{len(posterior)} galaxies, {len(measured)} measured, {kind}"]
    if len(measured):
        modes, intervals = measured.mode(), measured.interval()
        epistemic = measured.covariance("epistemic", space="label")
        share = np.einsum("nii->ni", epistemic) / np.einsum("nii->ni", measured.covariance(space="label"))
        width = max(len(name) for name in posterior.names)
        lines.append(f"{'':{width}}  {'5 %':>10} {'median':>10} {'95 %':>10}  {'± 68.27 %':>10}  epistemic")
        for i, (name, unit) in enumerate(zip(posterior.names, posterior.units, strict=True)):
            values = " ".join(f"{value:10.4g}" for value in np.percentile(modes[:, i], [5, 50, 95]))
            half, epistemic = 0.5 * np.median(intervals[:, i, 1] - intervals[:, i, 0]), np.median(share[:, i])
            spread = f"{'–':>10}  {'–':>8}" if _values_alone(posterior) else f"{half:10.3g}  {epistemic:8.0%}"
            lines.append(f"{name:{width}}  {values}  {spread}  {unit}")
    counts: dict[str, int] = {}
    for flag in posterior.flags:
        for word in describe(flag).split(" | ") if flag else ():
            counts[word] = counts.get(word, 0) + 1
    lines += [f"{count} flagged {word}" for word, count in sorted(counts.items())]
    return "\n".join(lines)


def plot(posterior, i: int, truth: Sequence[float] | np.ndarray | None = None) -> Figure:
    """Marginal posteriors of galaxy ``i``: density, mode, 68.27, 95.45 and 99.73 % intervals, and the truth if given.

    Returns
    -------
    matplotlib Figure
    """
    one = _measured_one(posterior, i)
    figure, axes = panels(None, 1, len(one.names), width=3.4, height=2.6)
    intervals, modes = one.interval(list(LEVELS.values()))[0], one.mode()[0]
    ends = one.quantile([0.0005, 0.9995])[0]
    grid = np.linspace(ends[:, 0], ends[:, 1], 512)
    density = one.pdf(grid[None])[0]
    for k, name in enumerate(one.names):
        plot_marginal(
            one.samples[0, :, k],
            density=(grid[:, k], density[:, k]),
            intervals=intervals[k],
            mode=modes[k],
            truth=None if truth is None else truth[k],
            name=name,
            unit=one.units[k],
            ax=axes[0, k],
        )
    return figure


def corner(posterior, i: int, truth: Sequence[float] | np.ndarray | None = None) -> Figure:
    """Joint posterior of galaxy ``i``, every pair of parameters; the truth if given.

    Returns
    -------
    matplotlib Figure
    """
    one = _measured_one(posterior, i)
    return plot_posterior(one.samples[0], names=one.names, units=one.units, truth=truth)


def _values_alone(posterior):
    return posterior.metadata.get("values_alone", False)


def _measured_one(posterior, i):
    one = posterior[int(i)]
    if not len(one.measured):
        raise ValueError(
            f"galaxy {i} ({one.identifiers[0]}) has no measurement to plot: {describe(one.flags[0]) or 'NaN outputs'}"
        )
    return one
