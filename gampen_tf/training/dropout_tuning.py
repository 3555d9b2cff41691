"""The dropout rate for which coverage equals confidence (Ghosh et al. 2022, § 5.3 and figure 8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from ..calibration.coverage import shares_inside
from ..inference.labelled import labelled_posterior
from ..inference.predictor import Predictor
from ..layers.monte_carlo_dropout import dropout_layers, set_dropout_rate
from ..metrics.draws import SIGMA_LEVELS
from ..metrics.estimates import Estimate, proportion
from ..models.combination import as_model
from ..simulation.opening import as_dataset
from .saving import directory_to_save

if TYPE_CHECKING:
    from ..data.joined import DataLike
    from ..data.labelled_images import Split
    from ..io.files import PathLike
    from ..models.model import Model
    from ..networks.precision import Precision

__all__ = ["DropoutTuning", "RATES", "tune_dropout"]

#: Rates that are tried: no dropout, and those of the paper's range.
RATES = (0.0, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2)


@dataclass(frozen=True)
class DropoutTuning:
    """Coverage against the dropout rate, and the rate that was chosen.

    Attributes
    ----------
    rates : (R,) array
    levels : (L,) array
    coverage : Estimate of (R, L, P) arrays
        On galaxies that the network was not trained on, of shortest intervals; of central ones where the posterior is
        that of dropout alone.
    names : tuple of P str
    chosen : float
        The rate with the smallest mean |coverage − level| over levels and parameters; of rates that differ by less
        than the error of that mean, the one nearest to the rate that the weights were made for.
    trained_with : float
        The rate that the model had.
    n_images, passes : int
    """

    rates: np.ndarray
    levels: np.ndarray
    coverage: Estimate
    names: tuple[str, ...]
    chosen: float
    trained_with: float
    n_images: int
    passes: int

    @property
    def deviation(self) -> np.ndarray:
        """(R,) mean |coverage − level|."""
        return np.mean(np.abs(self.coverage.value - self.levels[:, None]), axis=(1, 2))

    def to_dict(self) -> dict:
        """Plain data, for `Model.dropout_tuning` and figure 8."""
        return {
            "rates": self.rates.tolist(),
            "levels": self.levels.tolist(),
            "coverage": self.coverage.value.tolist(),
            "coverage_error": self.coverage.error.tolist(),
            "parameters": list(self.names),
            "chosen": self.chosen,
            "trained_with": self.trained_with,
            "n_images": self.n_images,
            "passes": self.passes,
        }

    def __str__(self) -> str:
        head = [f"{'rate':>8}", *(f"{name[:14]:>20}" for name in self.names), f"{'mean |difference|':>20}"]
        lines = ["coverage (%) at " + " / ".join(f"{100 * level:.2f} %" for level in self.levels), "".join(head)]
        for rate, rows, deviation in zip(self.rates, np.asarray(self.coverage.value), self.deviation, strict=True):
            cells = [" / ".join(f"{100 * value:.1f}" for value in column) for column in rows.T]
            mark = "  <- chosen" if rate == self.chosen else ""
            lines.append(f"{rate:8g}" + "".join(f"{c:>20}" for c in cells) + f"{100 * deviation:20.2f}" + mark)
        if self.chosen != self.trained_with:
            lines.append(f"The network was trained with {self.trained_with:g}: train it with {self.chosen:g} now.")
        return "\n".join(lines)


def tune_dropout(
    model: Model | PathLike,
    data: DataLike,
    *,
    rates: Sequence[float] = RATES,
    split: Split = "validation",
    n_images: int | None = 2000,
    passes: int = 16,
    seed: int = 0,
    batch_size: int | None = None,
    precision: Precision = "float32",
    save: bool = True,
    progress_bar: bool = True,
) -> DropoutTuning:
    """Measure coverage at several dropout rates and write the best one into the model.

    A rate is changed at inference, which takes minutes; the paper trains a network for each. Weights are made for the
    rate that they were trained with, so far from that one the scan is a guide: train with the chosen rate, and tune
    again.

    Parameters
    ----------
    model : str, path or Model
        Its network gets the chosen rate and its `dropout_tuning` the account. A recalibration that it has is dropped if
        the rate changes: it was fitted to other posteriors.
    data : path, DataSet or list of them
    rates : sequence of float, optional
    split : str, optional
        Not one that the model is tested on afterwards.
    n_images : int, optional
        So many, evenly spread over the split. 2000 give coverage to 1 %.
    passes : int, optional
        For each rate, and the same for all, so that rates are compared alike: 16 by default. The epistemic part of
        16 passes is short by 1/16. A point head's posterior is nothing but its passes, and needs more of them: 64.
    seed, batch_size : optional
        As for `gampen_tf.predict`.
    precision : {"float32", "bfloat16", "auto"}, optional
        As for `gampen_tf.predict`, but float32 if not given: that a model bears bfloat16 was measured at its own
        dropout rate alone.
    save : bool, optional
        Write a model that was given by its directory back there. A loaded one is changed in memory alone; one that
        ships is refused.

    Returns
    -------
    DropoutTuning
    """
    if not isinstance(passes, int | np.integer):
        raise ValueError(f"passes {passes!r}; expected a number: rates are compared at the same number of passes")
    directory, model = directory_to_save(model, save), as_model(model)
    layers = dropout_layers(model.network)
    if not layers or not (model.head.has_width or model.dropout_posterior):
        raise ValueError(f"model {model.name!r} has no dropout, or measures without it: there is nothing to tune")
    data, before = as_dataset(data), [float(layer.rate) for layer in layers]
    # flags of its domain do not matter here, and what is compiled is forgotten with the rates that were tried
    predictor = Predictor(
        replace(model, limits=None), seed=seed, passes=passes, batch_size=batch_size, precision=precision
    )
    indices, found = data.split(split, n_images), []
    try:
        for rate in tqdm(rates, unit="rate", disable=not progress_bar):
            predictor.engine.set_dropout_rate(rate)
            found.append(_coverage(predictor, data, split, n_images))
    finally:
        for layer, rate in zip(layers, before, strict=True):
            layer.rate.assign(rate)

    coverage = Estimate(*(np.stack(arrays) for arrays in zip(*found, strict=True)))
    levels = np.array(SIGMA_LEVELS)
    tuning = DropoutTuning(
        np.asarray(rates, float),
        levels,
        coverage,
        tuple(model.parameters.names),
        _best(np.asarray(rates, float), coverage, levels, max(before)),
        max(before),
        len(indices),
        int(passes),
    )
    if any(rate != tuning.chosen for rate in before):
        model.calibration = None
    set_dropout_rate(model.network, tuning.chosen)
    model.dropout_tuning = tuning.to_dict()
    if directory is not None:
        model.save(directory)
    return tuning


def _coverage(predictor, data, split, n_images):
    """Coverage (L, P) with its errors."""
    # between draws alone no interval is the shortest
    kind = "hdi" if predictor.model.head.has_width else "central"
    found = labelled_posterior(predictor, data, split, n_images, recalibrate=False, n_mc=1, progress_bar=False)
    ends = np.moveaxis(found.posterior.interval(SIGMA_LEVELS, kind=kind), 2, 0)
    inside = shares_inside(found.posterior, found.truth, ends[..., 0], ends[..., 1], kind=kind)
    return Estimate(*proportion(np.nansum(inside, axis=1), np.sum(~np.isnan(inside), axis=1)))


def _best(rates, coverage, levels, trained_with):
    """The rate nearest to the one trained with, among those whose mean deviation is the least, up to its error."""
    differences = np.abs(coverage.value - levels[:, None])
    deviation = np.mean(differences, axis=(1, 2))
    least = np.argmin(deviation)
    # the same galaxies at every rate: the difference of two rates is known better than either, and half its error is
    # ample
    error = 0.5 * np.sqrt(np.sum(coverage.error[least] ** 2)) / differences[least].size
    equal = rates[deviation <= deviation[least] + error]
    return float(equal[np.argmin(np.abs(equal - trained_with))])
