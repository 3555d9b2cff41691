"""Parameters of galaxies, their transforms, and sets of parameters.

Networks are trained on *labels*, not on physical values: the value is clipped, sent through the parameter's transform
(B/T through the logit, sizes and fluxes through the logarithm) and standardised with the mean and the standard
deviation of the training split (Ghosh et al. 2022, § 5.2). Everything inside a network, a loss or a mixture of
Gaussians is in label space; :class:`LabelScaler` converts between the two.

The logit is infinite at the bounds, where one-component galaxies sit (B/T of exactly 0 or 1); and a galaxy with no
bulge is not one with a small bulge. Values closer to a bound
than ``clip`` (a fraction of the range) are moved to that distance on the way in; on the way back everything at or
beyond the clip becomes *exactly* the bound. A posterior in physical units therefore has atoms of probability at its
bounds, and the coverage of galaxies that sit there is defined.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["Parameter", "ParameterSet"]

_TRANSFORMS = ("identity", "log", "logit")
# Labels within this distance of the clip, in transformed units, count as at the clip: the standardisation and its
# inverse cost a few float32 roundings, which must not turn a B/T of exactly 0 into 0.01.
_CLIP_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Parameter:
    """A measured quantity: name, unit, bounds and transform.

    Parameters
    ----------
    name : str
        The field's own name, such as ``"effective_radius"``.
    unit : str
        An astropy unit string; empty for a pure number.
    bounds : (float, float)
        Values outside are refused by :meth:`forward`.
    transform : {"identity", "log", "logit"}
    clip : float, optional
        The fraction of the range nearest to each bound that is treated as the bound itself. The logit needs one; the
        identity may have one, where values pile up at finite bounds and a censored likelihood is to count them.

    Raises
    ------
    ValueError
        For a transform that is not known, or bounds that the transform cannot take.
    """

    name: str
    unit: str = ""
    bounds: tuple[float, float] = (-np.inf, np.inf)
    transform: Literal["identity", "log", "logit"] = "identity"
    clip: float | None = None

    def __post_init__(self) -> None:
        low, high = (float(bound) for bound in self.bounds)
        object.__setattr__(self, "bounds", (low, high))
        if self.transform not in _TRANSFORMS:
            raise ValueError(f"parameter {self.name!r}: transform {self.transform!r}; expected one of {_TRANSFORMS}")
        if not low < high:
            raise ValueError(f"parameter {self.name!r}: bounds {self.bounds}; expected lower < upper")
        if self.transform == "log" and low < 0:
            raise ValueError(f"parameter {self.name!r}: the log transform needs a lower bound >= 0, found {low}")
        if self.transform == "logit":
            if not (np.isfinite(low) and np.isfinite(high)):
                raise ValueError(f"parameter {self.name!r}: a logit needs finite bounds, found {self.bounds}")
            if self.clip is None or not 0 < self.clip < 0.5:
                raise ValueError(f"parameter {self.name!r}: a logit needs 0 < clip < 0.5, found {self.clip}")
        elif self.clip is not None:
            if self.transform == "log":
                raise ValueError(f"parameter {self.name!r}: clip goes with the logit or the identity, not the log")
            if not (np.isfinite(low) and np.isfinite(high) and 0 < self.clip < 0.5):
                raise ValueError(
                    f"parameter {self.name!r}: a clip needs finite bounds and 0 < clip < 0.5, found {self.bounds} and "
                    f"{self.clip}"
                )

    @property
    def transformed_clip(self) -> tuple[float, float]:
        """Transformed values at and beyond which the inverse gives the bound itself; infinite where there are none."""
        if self.clip is None:
            return -np.inf, np.inf
        if self.transform == "identity":
            low, high = self.bounds
            cell = self.clip * (high - low)
            return low + cell, high - cell
        edge = float(np.log1p(-self.clip) - np.log(self.clip))
        return -edge, edge

    def outside(self, values: ArrayLike) -> np.ndarray:
        """True where a value cannot be a value of this parameter; NaN ("not known") is never outside.

        The log transform takes no zero, whatever its bounds.
        """
        low, high = self.bounds
        values = np.asarray(values, float)
        outside = (values < low) | (values > high)
        return outside | (values <= 0) | np.isinf(values) if self.transform == "log" else outside | np.isinf(values)

    def forward(self, values: ArrayLike) -> np.ndarray:
        """Transformed values; NaN stays NaN.

        Raises
        ------
        ValueError
            Naming the first row whose value lies outside the bounds.
        """
        values = np.asarray(values, float)
        outside = self.outside(values)
        if np.any(outside):
            row = tuple(int(i) for i in np.argwhere(outside)[0])
            raise ValueError(
                f"{self.name}: value {values[row]} in row {row[0] if row else 0} ({int(np.sum(outside))} such values "
                f"in all); expected {self.bounds[0]} to {self.bounds[1]}"
                + (" and greater than 0" if self.transform == "log" else "")
            )
        if self.transform == "log":
            return np.log(values)
        if self.transform == "identity":
            return values if self.clip is None else np.clip(values, *self.transformed_clip)
        if self.clip is not None:  # the logit has one
            low, high = self.bounds
            fraction = np.clip((values - low) / (high - low), self.clip, 1 - self.clip)
            return np.log(fraction) - np.log1p(-fraction)
        return values

    def inverse(self, transformed: ArrayLike) -> np.ndarray:
        """Physical values; those at or beyond the clip are exactly the bound."""
        transformed = np.asarray(transformed, float)
        if self.transform == "log":
            with np.errstate(over="ignore"):
                return np.exp(transformed)
        if self.clip is not None:
            low, high = self.bounds
            first, last = self.transformed_clip
            values = transformed
            if self.transform == "logit":
                values = low + (high - low) * 0.5 * (1.0 + np.tanh(0.5 * transformed))
            values = np.where(transformed <= first + _CLIP_TOLERANCE, low, values)
            return np.where(transformed >= last - _CLIP_TOLERANCE, high, values)
        return transformed

    def log_jacobian(self, values: ArrayLike) -> np.ndarray:
        """Logarithm of |d transformed / d value|, the factor that turns a transformed density into a physical one.

        It holds inside the bounds; where the clip has made an atom there is no density.
        """
        values = np.asarray(values, float)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.transform == "log":
                return -np.log(values)
            if self.transform == "logit":
                low, high = self.bounds
                return np.log(high - low) - np.log(values - low) - np.log(high - values)
        return np.where(np.isnan(values), np.nan, 0.0)


class ParameterSet(Sequence[Parameter]):
    """The parameters that a model measures, in the order of its outputs.

    Parameters
    ----------
    parameters : iterable of Parameter

    Notes
    -----
    Arrays of values have the parameters on their last axis.
    """

    def __init__(self, parameters: Iterable[Parameter]):
        self._parameters = tuple(parameters)
        repeated = {name for name in self.names if self.names.count(name) > 1}
        if repeated or not self._parameters:
            raise ValueError(f"a parameter set needs one or more different names, found {list(self.names)}")

    def __len__(self) -> int:
        return len(self._parameters)

    @overload
    def __getitem__(self, key: int | str) -> Parameter: ...

    @overload
    def __getitem__(self, key: slice) -> tuple[Parameter, ...]: ...

    def __getitem__(self, key: int | str | slice) -> Parameter | tuple[Parameter, ...]:
        if isinstance(key, str):
            if key not in self.names:
                raise KeyError(f"no parameter {key!r}; there are {', '.join(self.names)}")
            return self._parameters[self.names.index(key)]
        return self._parameters[key]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParameterSet) and self._parameters == other._parameters

    def __hash__(self) -> int:
        return hash(self._parameters)

    def __repr__(self) -> str:
        return f"ParameterSet({list(self._parameters)})"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(parameter.name for parameter in self._parameters)

    @property
    def units(self) -> tuple[str, ...]:
        return tuple(parameter.unit for parameter in self._parameters)

    @property
    def bounds(self) -> tuple[tuple[float, float], ...]:
        return tuple(parameter.bounds for parameter in self._parameters)

    def forward(self, values: ArrayLike) -> np.ndarray:
        return self._each("forward", values)

    def inverse(self, transformed: ArrayLike) -> np.ndarray:
        return self._each("inverse", transformed)

    def log_jacobian(self, values: ArrayLike) -> np.ndarray:
        return self._each("log_jacobian", values)

    def to_list(self) -> list[dict]:
        """Plain data for JSON; infinite bounds become ``None``."""
        entries = []
        for parameter in self._parameters:
            entry = asdict(parameter)
            entry["bounds"] = [bound if np.isfinite(bound) else None for bound in parameter.bounds]
            entries.append(entry)
        return entries

    @classmethod
    def from_list(cls, entries: Iterable[dict]) -> ParameterSet:
        parameters = []
        for entry in entries:
            low, high = entry.get("bounds", (None, None))
            bounds = (-np.inf if low is None else low, np.inf if high is None else high)
            parameters.append(Parameter(**{**entry, "bounds": bounds}))
        return cls(parameters)

    def _each(self, method: str, values: ArrayLike) -> np.ndarray:
        values = np.asarray(values, float)
        if values.shape[-1:] != (len(self),):
            raise ValueError(
                f"expected {len(self)} parameters ({', '.join(self.names)}) on the last axis, found {values.shape}"
            )
        columns = [getattr(parameter, method)(values[..., i]) for i, parameter in enumerate(self._parameters)]
        return np.stack(columns, axis=-1)
