"""Recalibration of a model's posteriors, as it is kept in the model directory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..posterior.posterior import Posterior
from ..posterior.quantile_map import QuantileMap
from .conditional import ConditionalTemperature
from .conformal import ConformalEllipsoid, ConformalIntervals
from .label_pits import label_pit, true_labels
from .temperature import Temperature

__all__ = ["KINDS", "Recalibration", "fit_quantile_map"]


def fit_quantile_map(posterior: Posterior, truth: ArrayLike, *, seed: int = 0) -> QuantileMap:
    """Fit a map of probabilities to a calibration split; arguments as those of ``Temperature.fit``."""
    labels = true_labels(posterior, truth)
    pits = [label_pit(posterior, labels[:, p], p, seed=seed) for p in range(labels.shape[1])]
    return QuantileMap.of_pits(np.stack(pits, axis=1))


# The fit of each step, by its name.
KINDS: dict[str, Callable[..., Any]] = {
    "temperature": lambda *split, seed: Temperature.fit(*split, shared=True, seed=seed),
    "temperature_each": Temperature.fit,
    "conditional": ConditionalTemperature.fit,
    "quantile": fit_quantile_map,
}
_STEPS: dict[str, Any] = {"temperature": Temperature, "conditional": ConditionalTemperature, "quantile": QuantileMap}
_REGIONS: dict[str, Any] = {"intervals": ConformalIntervals, "ellipsoid": ConformalEllipsoid}


@dataclass(frozen=True)
class Recalibration:
    """Steps that make a model's posteriors calibrated, and conformal regions beside them.

    Parameters
    ----------
    kind : str
        The steps by name, joined by "+", in the order in which they are applied: ``"temperature"`` (one factor),
        ``"temperature_each"`` (one for each parameter), ``"conditional"`` (factors and shifts that depend on what is
        predicted), ``"quantile"`` (a map of probabilities; the last one, if it is there).
    steps : tuple
    regions : dict of str
        ``"normalised"``, ``"cqr"`` and ``"ellipsoid"``: see :mod:`~gampen_tf.calibration.conformal`. They belong to
        the model's own posterior, before any step.
    names : tuple of str
        The parameters.
    n_galaxies : int
        Size of the calibration split.
    """

    kind: str
    steps: tuple
    regions: dict = field(default_factory=dict)
    names: tuple = ()
    n_galaxies: int = 0

    @classmethod
    def fit(
        cls, posterior: Posterior, truth: ArrayLike, kind: str = "temperature_each+quantile", *, seed: int = 0
    ) -> Recalibration:
        """Fit to a calibration split: galaxies that neither trained nor tuned the model, and that will not test it.

        Parameters
        ----------
        posterior : Posterior
            The model's own: ``predict(…, recalibrate=False)``.
        truth : (N, P) array
            In physical units; NaN where not known.
        kind : str, optional
            As above. Each step is fitted to what the steps before it leave.
        seed : int, optional
            Of the place of PITs within atoms.
        """
        step_names = kind.split("+")
        unknown = [name for name in step_names if name not in KINDS]
        if unknown or "quantile" in step_names[:-1]:
            raise ValueError(
                f"recalibration {kind!r}; expected one or more of {', '.join(KINDS)}, joined by '+', 'quantile' last"
            )
        steps, current = [], posterior
        for name in step_names:
            steps.append(KINDS[name](current, truth, seed=seed))
            current = _apply(steps[-1], current)
        intervals = {score: ConformalIntervals.fit(posterior, truth, score=score) for score in ("normalised", "cqr")}
        regions = {**intervals, "ellipsoid": ConformalEllipsoid.fit(posterior, truth)}
        names = tuple(posterior.scaler.parameters.names)
        return cls(kind, tuple(steps), regions, names, len(posterior.means))

    def apply(self, posterior: Posterior) -> Posterior:
        """The recalibrated posterior.

        Raises
        ------
        ValueError
            If the parameters are others than those it was fitted to.
        """
        names = tuple(posterior.scaler.parameters.names)
        if names != self.names:
            raise ValueError(f"a recalibration of {', '.join(self.names)} for posteriors of {', '.join(names)}")
        for step in self.steps:
            posterior = _apply(step, posterior)
        return posterior

    def to_dict(self) -> dict:
        """Plain data for ``model.json``."""
        return {
            "kind": self.kind,
            "parameters": list(self.names),
            "n_galaxies": self.n_galaxies,
            "steps": [step.to_dict() for step in self.steps],
            "regions": {name: region.to_dict() for name, region in self.regions.items()},
        }

    @classmethod
    def from_dict(cls, entry: dict) -> Recalibration:
        """The same again, from what :meth:`to_dict` gave."""
        return cls(
            entry["kind"],
            tuple(_STEPS[step["kind"]].from_dict(step) for step in entry["steps"]),
            {name: _REGIONS[region["kind"]].from_dict(region) for name, region in entry["regions"].items()},
            tuple(entry["parameters"]),
            entry["n_galaxies"],
        )


def _apply(step: Any, posterior: Posterior) -> Posterior:
    # a map of probabilities goes with the posterior, which looks quantiles up through it
    return posterior.with_probability_map(step) if isinstance(step, QuantileMap) else step.apply(posterior)
