"""Draws, joint densities, credible regions and covariances of a set of mixtures."""

from __future__ import annotations

import numpy as np

from .draws import draw
from .joint_density import joint_log_density, region_mass
from .mixtures import blocks, covariances

__all__ = ["covariance", "credible_mass", "log_prob", "sample"]

# Terms of Mehler's expansion of covariances: with a correlation of 0.9 what is left is below 1e-3 of the first.
_ORDER = 24


def sample(mixtures, n_mc, seed):
    """See :meth:`~gampen_tf.posterior.Posterior.sample`."""
    labels = draw(*mixtures.measured_arrays(), n_mc, seed)
    if mixtures.probability_map is not None:
        for index, marginal in enumerate(mixtures.marginals):
            labels[..., index] = marginal.map_labels(labels[..., index])
    return mixtures.all_rows(mixtures.scaler.inverse(labels))


def log_prob(mixtures, values):
    """See :meth:`~gampen_tf.posterior.Posterior.log_prob`."""
    points = (values if values.ndim == 3 else values[:, None])[mixtures.measured]
    labels, gain, inside = _mixture_labels(mixtures, points)
    log = joint_log_density(labels, *mixtures.measured_arrays(), _edges(mixtures), _log_cells(mixtures.scaler))
    log += gain + np.sum(_log_jacobian(mixtures.scaler, points), axis=-1)
    log = np.where(np.isnan(points).any(axis=-1), np.nan, np.where(inside, log, -np.inf))
    result = mixtures.all_rows(log)
    return result if values.ndim == 3 else result[:, 0]


def credible_mass(mixtures, values, n_mc, seed):
    """See :meth:`~gampen_tf.posterior.Posterior.credible_mass`."""
    values = values[mixtures.measured]
    labels, _, inside = _mixture_labels(mixtures, values[:, None])
    mass = np.where(np.isnan(values).any(axis=-1), np.nan, 1.0)
    known = np.flatnonzero(inside[:, 0] & np.isfinite(mass))
    mass[known] = region_mass(
        labels[known, 0],
        *(array[known] for array in mixtures.measured_arrays()),
        _edges(mixtures)[known],
        _log_cells(mixtures.scaler),
        n_mc=n_mc,
        seed=seed,
    )
    return mixtures.all_rows(mass)


def covariance(mixtures, kind, space):
    """See :meth:`~gampen_tf.posterior.Posterior.covariance`."""
    if kind not in ("total", "aleatoric", "epistemic") or space not in ("physical", "label"):
        raise ValueError(
            f"covariance of kind {kind!r} in {space!r} space; expected 'total', 'aleatoric' or 'epistemic', in "
            "'physical' or 'label'"
        )
    if space == "label":
        aleatoric, epistemic = covariances(*mixtures.measured_arrays())
    else:
        aleatoric, epistemic = _physical_covariances(mixtures)
    chosen = {"total": aleatoric + epistemic, "aleatoric": aleatoric, "epistemic": epistemic}[kind]
    return mixtures.all_rows(chosen)


def _physical_covariances(mixtures):
    """The same split as in label space, exact but for the tail of Mehler's expansion off the diagonal."""
    means, scale_trils, weights = mixtures.measured_arrays()
    n_parameters = means.shape[2]
    aleatoric = np.empty((len(means), n_parameters, n_parameters))
    epistemic = np.empty_like(aleatoric)
    sd = np.sqrt(np.einsum("ntij,ntij->nti", scale_trils, scale_trils))
    for rows in blocks(len(means), means.shape[1] * n_parameters * _ORDER):
        # the recalibrated marginals inherit the mixture's own component moments
        parts = [marginal.rows(rows) for marginal in mixtures.marginals]
        centres = np.stack([part.component_means() for part in parts], axis=-1)
        coefficients = [part.hermite(_ORDER) for part in parts]
        weight = weights[rows]
        offset = centres - np.einsum("nt,ntp->np", weight, centres)[:, None]
        epistemic[rows] = np.einsum("nt,nti,ntj->nij", weight, offset, offset)
        for i in range(n_parameters):
            aleatoric[rows, i, i] = np.einsum("nt,nt->n", weight, parts[i].component_variances(centres[..., i]))
            for j in range(i):
                cross = np.einsum("ntk,ntk->nt", scale_trils[rows, :, i], scale_trils[rows, :, j])
                powers = (cross / (sd[rows, :, i] * sd[rows, :, j]))[..., None] ** np.arange(1, _ORDER + 1)
                value = np.einsum("nt,ntk,ntk,ntk->n", weight, powers, coefficients[i], coefficients[j])
                aleatoric[rows, i, j] = aleatoric[rows, j, i] = value
    return aleatoric, epistemic


def _mixture_labels(mixtures, values):
    """Labels (M, K, P) of the mixture at values, the log density that recalibration adds, and what lies in bounds."""
    labels, gain, inside = [], np.zeros(values.shape[:2]), np.ones(values.shape[:2], bool)
    for index, marginal in enumerate(mixtures.marginals):
        value = values[..., index]
        label = marginal.label(value)
        inside &= ~np.isinf(label)
        if marginal.cell:
            low, high = marginal.parameter.bounds
            inside &= ~((value < low) | (value > high))
            # a value in a cell is at the edge of its atom, to rounding
            low_edge, high_edge = marginal.edges
            label = np.where(value <= low + marginal.cell, low_edge, label)
            label = np.where(value >= high - marginal.cell, high_edge, label)
        if mixtures.probability_map is not None:
            at_atom = (label == marginal.edges[0]) | (label == marginal.edges[1])
            label, change = marginal.uncalibrated(label)
            gain += np.where(at_atom, 0.0, change)
        labels.append(label)
    labels = np.stack(labels, axis=-1)
    return np.where(np.isfinite(labels), labels, 0.0), gain, inside


def _edges(mixtures):
    """(M, P, 2) labels of each mixture at which its atoms begin."""
    columns = []
    for marginal in mixtures.marginals:
        edges = np.tile(marginal.edges, (len(marginal), 1))
        recalibrated = mixtures.probability_map is not None and marginal.cell
        columns.append(marginal.uncalibrated(edges)[0] if recalibrated else edges)
    return np.stack(columns, axis=1)


def _log_cells(scaler):
    """(P, 2) log widths in labels that atoms count as: their cells', at the scale that labels have at the clip."""
    result = np.zeros((len(scaler.parameters), 2))
    for index, parameter in enumerate(scaler.parameters):
        if parameter.clip:
            low, high = parameter.bounds
            cell = parameter.clip * (high - low)
            slopes = parameter.log_jacobian([low + cell, high - cell])
            result[index] = slopes + np.log(cell) - np.log(scaler.scale[index])
    return result


def _log_jacobian(scaler, values):
    """log |d label / d value|; within a cell that at the clip."""
    columns = []
    for index, parameter in enumerate(scaler.parameters):
        value = values[..., index]
        if parameter.clip:
            low, high = parameter.bounds
            cell = parameter.clip * (high - low)
            value = np.clip(value, low + cell, high - cell)
        with np.errstate(invalid="ignore"):
            columns.append(parameter.log_jacobian(value) - np.log(scaler.scale[index]))
    return np.stack(columns, axis=-1)
