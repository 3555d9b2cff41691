"""Mixtures of Gaussians for many galaxies: what a posterior stores, and what changes or selects it."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ..core.flags import is_unmeasurable
from . import mixtures
from .marginal import Marginal
from .recalibrated_marginal import RecalibratedMarginal

__all__ = ["MixtureSet"]

_SMALLEST_GROUP = 5  # log2 of the number of components up to which galaxies are not told apart


class MixtureSet:
    """T Gaussians in label space for each of N galaxies; see :class:`~gampen_tf.posterior.Posterior`."""

    def __init__(
        self,
        means,
        scale_trils,
        scaler,
        *,
        weights=None,
        n_mc=1000,
        seed=0,
        flags=None,
        identifiers=None,
        metadata=None,
        calibration=None,
    ):
        means, scale_trils = np.array(means, float), np.array(scale_trils, float)
        n_parameters = len(scaler.parameters)
        if means.ndim != 3 or means.shape[2] != n_parameters or scale_trils.shape != (*means.shape, n_parameters):
            raise ValueError(
                f"expected means (N, T, {n_parameters}) and scale_trils (N, T, {n_parameters}, {n_parameters}) for "
                f"{', '.join(scaler.parameters.names)}; found {means.shape} and {scale_trils.shape}"
            )
        if n_mc != int(n_mc) or n_mc < 1:
            raise ValueError(f"n_mc {n_mc}; expected a number of draws, 1 or more")
        n = len(means)
        self.scaler, self.n_mc, self.seed = scaler, int(n_mc), int(seed)
        self.flags = np.zeros(n, np.int64) if flags is None else np.array(flags, np.int64)
        self.identifiers = [str(i) for i in (range(n) if identifiers is None else identifiers)]
        self.metadata = dict(metadata or {})
        self.calibration = calibration
        if len(self.flags) != n or len(self.identifiers) != n:
            raise ValueError(f"{n} galaxies, but {len(self.flags)} flags and {len(self.identifiers)} identifiers")
        self.means, self.scale_trils, self.weights = _cleaned(means, scale_trils, weights, self.flags)
        self._measured = np.flatnonzero(np.isfinite(self.means).all(axis=(1, 2)))

    @property
    def names(self):
        """Names of the parameters."""
        return self.scaler.parameters.names

    @property
    def units(self):
        """Units of the parameters, as strings."""
        return self.scaler.parameters.units

    def __len__(self):
        return len(self.means)

    def __getitem__(self, rows):
        """The posteriors of some galaxies: an index, a slice, a mask or an array of indices."""
        if np.ndim(rows) == 0 and not isinstance(rows, slice):
            index = range(len(self))[int(rows)]  # raises IndexError, and takes negative ones
            rows = slice(index, index + 1)
        chosen = np.arange(len(self))[rows]
        return self._replaced(
            self.means[chosen],
            self.scale_trils[chosen],
            weights=self.weights[chosen],
            flags=self.flags[chosen],
            identifiers=[self.identifiers[i] for i in chosen],
            metadata=_with_reasons(self.metadata, [_reason(self, i) for i in chosen]),
        )

    def __repr__(self):
        names = ", ".join(self.names)
        return f"<{type(self).__name__} of {names} for {len(self)} galaxies, {self.means.shape[1]} components>"

    def _replaced(self, means, scale_trils, **changed):
        settings = {
            "weights": self.weights,
            "n_mc": self.n_mc,
            "seed": self.seed,
            "flags": self.flags,
            "identifiers": self.identifiers,
            "metadata": self.metadata,
            "calibration": self.calibration,
        }
        return type(self)(means, scale_trils, self.scaler, **(settings | changed))

    @classmethod
    def concatenate(cls, posteriors):
        """One posterior of all the galaxies of several, in order; the settings and metadata are those of the first."""
        posteriors = list(posteriors)
        if not posteriors:
            raise ValueError("no posteriors to put together: expected one or more")
        first = posteriors[0]
        for other in posteriors[1:]:
            if other.scaler.to_dict() != first.scaler.to_dict() or not _same_calibration(other, first):
                raise ValueError("posteriors of different models: their label scalers or calibrations differ")
        n_components = max(p.means.shape[1] for p in posteriors)

        def padded(array):
            width = [(0, 0), (0, n_components - array.shape[1])] + [(0, 0)] * (array.ndim - 2)
            return np.pad(array, width)

        return first._replaced(
            np.concatenate([padded(p.means) for p in posteriors]),
            np.concatenate([padded(p.scale_trils) for p in posteriors]),
            weights=np.concatenate([padded(p.weights) for p in posteriors]),
            flags=np.concatenate([p.flags for p in posteriors]),
            identifiers=[name for p in posteriors for name in p.identifiers],
            metadata=_with_reasons(first.metadata, [_reason(p, i) for p in posteriors for i in range(len(p))]),
        )

    def with_calibration(self, calibration):
        """The same mixture behind another map of probabilities; None for the model's own posterior."""
        return self._replaced(self.means, self.scale_trils, calibration=calibration)

    def rescaled(self, factors, shifts=0.0):
        """Wider or narrower posteriors: labels y → m + a (y − m) + b about the mean m of each mixture.

        Parameters
        ----------
        factors : (P,) or (N, P) array
            a, of the standard deviations.
        shifts : float, (P,) or (N, P) array, optional
            b, in labels.
        """
        factors = np.broadcast_to(np.asarray(factors, float), (len(self), len(self.names)))
        shifts = np.broadcast_to(np.asarray(shifts, float), factors.shape)
        centre = np.einsum("nt,ntp->np", self.weights, self.means)
        means = (centre + shifts)[:, None] + factors[:, None] * (self.means - centre[:, None])
        return self._replaced(means, factors[:, None, :, None] * self.scale_trils)

    @cached_property
    def _groups(self):
        """(rows, their posteriors) of galaxies with about as many components, each without the padding of the others.

        With ``passes="auto"`` most galaxies have a few components and some have a thousand. Limits are powers of two,
        so that a galaxy's group does not depend on its company.
        """
        count = self.means.shape[1] - np.argmax(self.weights[:, ::-1] > 0, axis=1)
        size = np.where(np.isfinite(self.means).all(axis=(1, 2)), np.ceil(np.log2(count)), 0).astype(int)
        sizes = np.unique(np.maximum(size, _SMALLEST_GROUP))
        if len(sizes) < 2 and (not len(sizes) or 2 ** sizes[0] >= self.means.shape[1]):
            return [(slice(None), self)]
        groups = []
        for limit in sizes:
            rows = np.flatnonzero(np.maximum(size, _SMALLEST_GROUP) == limit)
            part, kept = self[rows], slice(0, 2**limit)
            groups.append(
                (rows, part._replaced(part.means[:, kept], part.scale_trils[:, kept], weights=part.weights[:, kept]))
            )
        return groups

    def _grouped(self, function, *arrays):
        """``function(posterior, *arrays)``, rows of a result for each galaxy, worked out group by group."""
        if self._groups[0][1] is self:
            return function(self, *arrays)
        parts = [(rows, function(part, *(array[rows] for array in arrays))) for rows, part in self._groups]
        result = np.empty((len(self), *parts[0][1].shape[1:]))
        for rows, part in parts:
            result[rows] = part
        return result

    @cached_property
    def _marginals(self):
        """The marginal of each parameter, over the measured galaxies alone."""
        result, rows = [], self._measured
        for index, parameter in enumerate(self.scaler.parameters):
            mean, sd = mixtures.marginal(self.means[rows], self.scale_trils[rows], index)
            marginal = Marginal(
                parameter, self.scaler.mean[index], self.scaler.scale[index], mean, sd, self.weights[rows]
            )
            if self.calibration is not None:
                marginal = RecalibratedMarginal(marginal, self.calibration, index)
            result.append(marginal)
        return result

    def _all_rows(self, measured):
        """Rows of NaN for the galaxies without a measurement."""
        result = np.full((len(self), *measured.shape[1:]), np.nan)
        result[self._measured] = measured
        return result

    def _checked_values(self, values):
        values = np.asarray(values, float)
        if values.ndim not in (2, 3) or (values.shape[0], values.shape[-1]) != (len(self), len(self.names)):
            raise ValueError(
                f"expected values of shape ({len(self)}, {len(self.names)}), or with K points of each galaxy "
                f"({len(self)}, K, {len(self.names)}); found {values.shape}"
            )
        return values


def _reason(posterior, row):
    return posterior.metadata.get("reasons", {}).get(str(row), "")


def _with_reasons(metadata, reasons):
    """Metadata with what was said of each row, by row number as plain data can hold it."""
    if not any(reasons) and "reasons" not in metadata:
        return metadata
    return metadata | {"reasons": {str(row): reason for row, reason in enumerate(reasons) if reason}}


def _cleaned(means, scale_trils, weights, flags):
    """Normalised weights, padding that is harmless, widths that are not zero, NaN throughout where unmeasurable."""
    n, n_components, n_parameters = means.shape
    if n_components == 0:
        raise ValueError("expected one or more components; found none")
    weights = np.full((n, n_components), 1.0) if weights is None else np.array(weights, float)
    if weights.shape != (n, n_components) or np.any(weights < 0):
        raise ValueError(f"expected weights >= 0 of shape {(n, n_components)}, found {weights.shape}")
    total = weights.sum(axis=1)
    measured = np.isfinite(total) & (total > 0) & ~is_unmeasurable(flags)
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


def _same_calibration(first, second):
    one, other = (p.calibration and p.calibration.to_dict() for p in (first, second))
    return one == other
