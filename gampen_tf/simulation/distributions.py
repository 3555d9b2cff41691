"""The distributions that a data recipe can name, and how a number is drawn from each."""

from __future__ import annotations

import dataclasses

import numpy as np

__all__ = ["Distribution", "SHAPES"]

# Name -> (number of arguments, draw). ``choice`` takes a list of any length.
SHAPES = {
    "uniform": (2, lambda rng, low, high: rng.uniform(low, high)),
    "log_uniform": (2, lambda rng, low, high: np.exp(rng.uniform(np.log(low), np.log(high)))),
    "normal": (2, lambda rng, mean, sigma: rng.normal(mean, sigma)),
    "log10_normal": (2, lambda rng, mean, sigma: 10 ** rng.normal(mean, sigma)),
    "exponential": (1, lambda rng, scale: rng.exponential(scale)),
    "exponential_below": (2, lambda rng, end, scale: end - rng.exponential(scale)),  # grows by e a scale, to its end
    "f": (2, lambda rng, first, second: rng.f(first, second)),
    "poisson": (1, lambda rng, mean: rng.poisson(mean)),
    "annulus": (2, lambda rng, inner, outer: np.sqrt(rng.uniform(inner**2, outer**2))),
    "choice": (None, lambda rng, *values: values[rng.integers(len(values))]),
    "constant": (1, lambda rng, value: value),
}
_MAX_TRIES = 10_000


@dataclasses.dataclass(frozen=True)
class Distribution:
    """Distribution of one number of a recipe.

    Parameters
    ----------
    shape : str
        A key of `SHAPES`.
    arguments : tuple of float
    within : (low, high), optional
        Draws outside are drawn again.
    step : float, optional
        Draws are rounded to multiples of it.
    relative_to : str, optional
        Name of the component whose value of the same key is added to the draw.
    key : str
        Where in the recipe, for errors.
    """

    shape: str
    arguments: tuple
    within: tuple | None = None
    step: float | None = None
    relative_to: str | None = None
    key: str = ""

    def draw(self, rng):
        """Draw one number with a `numpy.random.Generator`."""
        draw = SHAPES[self.shape][1]
        for _ in range(_MAX_TRIES):
            value = draw(rng, *self.arguments)
            if self.step is not None:
                value = round(round(value / self.step) * self.step, 10)
            if self.within is None or self.within[0] <= value <= self.within[1]:
                return value
        raise ValueError(
            f"{self.key}: none of {_MAX_TRIES} draws of {self.shape} {list(self.arguments)} fell within "
            f"{list(self.within)}; widen 'within' or move the distribution"
        )

    @property
    def support(self):
        """(lowest, highest) value that a draw can have, without ``relative_to``."""
        if self.shape in ("uniform", "log_uniform", "annulus"):
            low, high = self.arguments
        elif self.shape in ("choice", "constant"):
            low, high = min(self.arguments), max(self.arguments)
        elif self.shape == "normal":
            low, high = (-np.inf, np.inf) if self.arguments[1] else self.arguments[:1] * 2
        elif self.shape == "exponential_below":
            low, high = -np.inf, self.arguments[0]
        else:
            low, high = 0.0, np.inf
        if self.within is not None:
            low, high = max(low, self.within[0]), min(high, self.within[1])
        return low, high
