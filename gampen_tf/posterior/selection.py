"""Rows of posteriors: selection and concatenation, with the reasons why galaxies were not measured."""

from __future__ import annotations

import numpy as np

__all__ = ["concatenate", "select"]


def select(posterior, rows):
    """See :meth:`~gampen_tf.posterior.Posterior.__getitem__`."""
    if np.ndim(rows) == 0 and not isinstance(rows, slice):
        index = range(len(posterior))[int(rows)]  # raises IndexError, and takes negative ones
        rows = slice(index, index + 1)
    chosen = np.arange(len(posterior))[rows]
    return posterior.replaced(
        posterior.means[chosen],
        posterior.scale_trils[chosen],
        weights=posterior.weights[chosen],
        flags=posterior.flags[chosen],
        identifiers=[posterior.identifiers[i] for i in chosen],
        metadata=_with_reasons(posterior.metadata, [_reason(posterior, i) for i in chosen]),
    )


def concatenate(posteriors):
    """See :meth:`~gampen_tf.posterior.Posterior.concatenate`."""
    if not posteriors:
        raise ValueError("no posteriors to put together: expected one or more")
    first = posteriors[0]
    for other in posteriors[1:]:
        same_map = _as_dict(other.probability_map) == _as_dict(first.probability_map)
        if other.scaler.to_dict() != first.scaler.to_dict() or not same_map:
            raise ValueError("posteriors of different models: their label scalers or calibrations differ")
    n_components = max(one.means.shape[1] for one in posteriors)

    def stacked(name):
        return np.concatenate([_padded(getattr(one, name), n_components) for one in posteriors])

    return first.replaced(
        stacked("means"),
        stacked("scale_trils"),
        weights=stacked("weights"),
        flags=np.concatenate([one.flags for one in posteriors]),
        identifiers=[name for one in posteriors for name in one.identifiers],
        metadata=_with_reasons(first.metadata, [_reason(one, i) for one in posteriors for i in range(len(one))]),
    )


def _padded(array, n_components):
    """The array with components of zeros up to so many: their weight is 0."""
    width = [(0, 0), (0, n_components - array.shape[1])] + [(0, 0)] * (array.ndim - 2)
    return np.pad(array, width)


def _as_dict(probability_map):
    return None if probability_map is None else probability_map.to_dict()


def _reason(posterior, row):
    """Why the galaxy of a row was not measured, by the metadata; empty where they have no reason."""
    return posterior.metadata.get("reasons", {}).get(str(row), "")


def _with_reasons(metadata, reasons):
    """Metadata with the reason of each row, by row number as plain data can hold it."""
    if not any(reasons) and "reasons" not in metadata:
        return metadata
    return metadata | {"reasons": {str(row): reason for row, reason in enumerate(reasons) if reason}}
