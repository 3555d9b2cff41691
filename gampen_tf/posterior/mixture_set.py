"""Mixtures of Gaussians for many galaxies in label space, with their label scaler and probability map."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from ..core.label_scaler import LabelScaler
from . import mixtures
from .marginal import Marginal
from .quantile_map import QuantileMap
from .recalibrated_marginal import RecalibratedMarginal

__all__ = ["MixtureSet"]

_SMALLEST_GROUP = 5  # log2 of the number of components up to which galaxies are one group


class MixtureSet:
    """T Gaussians in label space for each of N galaxies: the data of a `Posterior`.

    Parameters
    ----------
    means, scale_trils, scaler, weights, probability_map
        See :class:`~gampen_tf.posterior.Posterior`.
    unmeasurable : (N,) bool array, optional
        Galaxies that get NaN whatever their numbers.

    Attributes
    ----------
    measured : (M,) int array
        Rows of the galaxies with a measurement.
    """

    def __init__(
        self,
        means,
        scale_trils,
        scaler: LabelScaler,
        *,
        weights=None,
        probability_map: QuantileMap | None = None,
        unmeasurable=None,
    ):
        means, scale_trils = np.array(means, float), np.array(scale_trils, float)
        n_parameters = len(scaler.parameters)
        if means.ndim != 3 or means.shape[2] != n_parameters or scale_trils.shape != (*means.shape, n_parameters):
            raise ValueError(
                f"expected means (N, T, {n_parameters}) and scale_trils (N, T, {n_parameters}, {n_parameters}) for "
                f"{', '.join(scaler.parameters.names)}; found {means.shape} and {scale_trils.shape}"
            )
        self.scaler, self.probability_map = scaler, probability_map
        self.means, self.scale_trils, self.weights = _cleaned(means, scale_trils, weights, unmeasurable)
        self.measured = np.flatnonzero(np.isfinite(self.means).all(axis=(1, 2)))

    def __len__(self):
        return len(self.means)

    def rows(self, rows, n_components: int | None = None) -> MixtureSet:
        """The mixtures of some galaxies; of their first so many components, where the others are padding."""
        kept = slice(n_components)
        return MixtureSet(
            self.means[rows][:, kept],
            self.scale_trils[rows][:, kept],
            self.scaler,
            weights=self.weights[rows][:, kept],
            probability_map=self.probability_map,
        )

    def rescaled(self, factors, shifts) -> tuple[np.ndarray, np.ndarray]:
        """Means and Cholesky factors of labels y → m + a (y − m) + b about the mean m of each mixture."""
        factors = np.broadcast_to(np.asarray(factors, float), self.means[:, 0].shape)
        shifts = np.broadcast_to(np.asarray(shifts, float), factors.shape)
        centre = np.einsum("nt,ntp->np", self.weights, self.means)
        means = (centre + shifts)[:, None] + factors[:, None] * (self.means - centre[:, None])
        return means, factors[:, None, :, None] * self.scale_trils

    # -- evaluation ------------------------------------------------------------------------------------------------

    @cached_property
    def marginals(self) -> list[Marginal]:
        """The marginal of each parameter, over the measured galaxies alone."""
        result, rows = [], self.measured
        for index, parameter in enumerate(self.scaler.parameters):
            mean, sd = mixtures.marginal(self.means[rows], self.scale_trils[rows], index)
            marginal = Marginal(
                parameter, self.scaler.mean[index], self.scaler.scale[index], mean, sd, self.weights[rows]
            )
            if self.probability_map is not None:
                marginal = RecalibratedMarginal(marginal, self.probability_map.of_parameter(index))
            result.append(marginal)
        return result

    def measured_arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Means, Cholesky factors and weights of the measured galaxies."""
        return self.means[self.measured], self.scale_trils[self.measured], self.weights[self.measured]

    def all_rows(self, measured) -> np.ndarray:
        """Results for the measured galaxies, with rows of NaN for the others."""
        result = np.full((len(self), *measured.shape[1:]), np.nan)
        result[self.measured] = measured
        return result

    def of_each_marginal(self, function: Callable, axis: int = 1) -> np.ndarray:
        """``function(marginal)`` of each parameter, stacked on an axis."""

        def of(part):
            return part.all_rows(np.stack([function(marginal) for marginal in part.marginals], axis=axis))

        return self.by_group(of)

    def at_values(self, method: str, values, **options) -> np.ndarray:
        """A marginal's method at values (N, P) or (N, K, P)."""

        def of(part, values):
            values = values[part.measured]
            columns = [getattr(one, method)(values[..., i], **options) for i, one in enumerate(part.marginals)]
            return part.all_rows(np.stack(columns, axis=-1))

        return self.by_group(of, values)

    def by_group(self, function: Callable, *arrays) -> np.ndarray:
        """``function(mixtures, *arrays)``, rows of a result for each galaxy, worked out group by group."""
        if self._groups[0][1] is self:
            return function(self, *arrays)
        parts = [(rows, function(part, *(array[rows] for array in arrays))) for rows, part in self._groups]
        result = np.empty((len(self), *parts[0][1].shape[1:]))
        for rows, part in parts:
            result[rows] = part
        return result

    @cached_property
    def _groups(self):
        """(rows, their mixtures) of galaxies with about as many components, each without the padding of the others.

        With ``passes="auto"`` most galaxies have a few components and some have a thousand. Limits are powers of two,
        so that a galaxy's group does not depend on its company.
        """
        n_components = self.means.shape[1]
        count = n_components - np.argmax(self.weights[:, ::-1] > 0, axis=1)
        power = np.where(np.isfinite(self.means).all(axis=(1, 2)), np.ceil(np.log2(count)), 0).astype(int)
        power = np.maximum(power, _SMALLEST_GROUP)
        powers = np.unique(power)
        one_group = len(powers) < 2
        if one_group and (len(self) == 0 or 2 ** powers[0] >= n_components):
            return [(slice(None), self)]
        return [(np.flatnonzero(power == one), self.rows(power == one, 2**one)) for one in powers]


def _cleaned(means, scale_trils, weights, unmeasurable):
    """Normalised weights, padding that is harmless, widths that are not zero, NaN throughout where unmeasurable."""
    n, n_components, n_parameters = means.shape
    if n_components == 0:
        raise ValueError("expected one or more components; found none")
    weights = np.full((n, n_components), 1.0) if weights is None else np.array(weights, float)
    if weights.shape != (n, n_components) or np.any(weights < 0):
        raise ValueError(f"expected weights >= 0 of shape {(n, n_components)}, found {weights.shape}")
    total = weights.sum(axis=1)
    measured = np.isfinite(total) & (total > 0)
    if unmeasurable is not None:
        measured &= ~unmeasurable
    # weights that have been divided once stay the same to the bit
    total = np.where(measured & (np.abs(total - 1) > 1e-12), total, 1.0)
    weights = np.where(measured[:, None], weights / total[:, None], 1 / n_components)
    # padding takes the values of a component that counts
    source = np.where(weights > 0, np.arange(n_components), np.argmax(weights, axis=1)[:, None])
    rows = np.arange(n)[:, None]
    means, scale_trils = means[rows, source], np.tril(scale_trils[rows, source])
    diagonal = np.einsum("...ii->...i", scale_trils)
    diagonal[...] = np.maximum(diagonal, mixtures.NARROWEST)
    measured &= np.isfinite(means).all(axis=(1, 2)) & np.isfinite(scale_trils).all(axis=(1, 2, 3))
    means[~measured], scale_trils[~measured] = np.nan, np.nan
    return means, scale_trils, weights
