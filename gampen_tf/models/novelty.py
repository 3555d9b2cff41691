"""Distance of an image to a model's training images, in the network's own features.

Nothing here is thresholded by taste. A galaxy is flagged where its score is beyond that of a stated share of held-out
galaxies of the kind the model was trained for, so the rate of false alarms among such galaxies is the one asked for.

Kept in the model directory as ``novelty.npz``: arrays alone, no pickle.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..io.files import PathLike, check_format, damage_named, write_whole

__all__ = ["FILE_NAME", "Novelty"]

FILE_NAME = "novelty.npz"
_FORMAT_VERSION = 1
_ARRAYS = ("mean", "whitening", "residual_scale", "bank", "held_out")
_BANK_SIZE = 2000
_N_DIRECTIONS = 32
_LEADING_SHARE = 0.99
_N_NEIGHBOURS = 5
_HELD_OUT_QUANTILES = 2001
_CHUNK = 2048


@dataclass(frozen=True)
class Novelty:
    """Distance of an image to the training images in the network's own features.

    The features are the input of the network's last layer. They are centred and rotated to their principal directions
    in the training set; the leading ones, that hold 99 % of the variance (at most 32), are scaled to unit variance, and
    all the others make one more coordinate, the distance from the subspace of the leading ones, scaled alike. The
    score is the mean Euclidean distance to the 5 nearest of 2000 training galaxies in these coordinates (Sun et al.
    2022, with the residual of Wang et al. 2022). Neighbours, because the features of galaxies of all sizes and fluxes
    fill a curved sheet and no ellipsoid.

    It depends on the features alone: a galaxy that differs in ways that they do not carry is not novel, and
    neither is an image of another kind that happens to look like a galaxy.

    Parameters
    ----------
    mean : (F,) array
    whitening : (F, K) array
        Leading directions over the standard deviation along each.
    residual_scale : (2,) array
        Mean and standard deviation of the training galaxies' distance from the leading subspace.
    bank : (M, K + 1) array
        Coordinates of training galaxies.
    held_out : (Q,) array
        Evenly spaced quantiles of the scores of held-out galaxies, the largest among them.
    n_held_out : int
    """

    mean: np.ndarray
    whitening: np.ndarray
    residual_scale: np.ndarray
    bank: np.ndarray
    held_out: np.ndarray
    n_held_out: int

    @classmethod
    def fit(cls, training_features: ArrayLike, held_out_features: ArrayLike, *, seed: int = 0) -> Novelty:
        """Fit to the features of training images, and to those of held-out ones that set the threshold.

        Parameters
        ----------
        training_features : (N, F) array
        held_out_features : (V, F) array
            Of galaxies that the network was not trained on: the score of a new galaxy is comparable to theirs alone.
        seed : int, optional
            Of the choice of training galaxies that are kept.
        """
        features = _checked(training_features)
        held_out_features = _checked(held_out_features, features.shape[1])
        if min(len(features), len(held_out_features)) < 100:
            raise ValueError(
                f"{len(features)} training and {len(held_out_features)} held-out galaxies; expected 100 or more of each"
            )
        mean = np.mean(features, axis=0)
        variances, directions = np.linalg.eigh(np.cov(features, rowvar=False).reshape(len(mean), len(mean)))
        # scaled to unit variance, directions of mere noise would drown those along which galaxies differ
        variances, directions = variances[::-1], directions[:, ::-1]
        n_leading = int(np.searchsorted(np.cumsum(variances), _LEADING_SHARE * np.sum(variances))) + 1
        kept = np.arange(min(n_leading, _N_DIRECTIONS))
        whitening = directions[:, kept] / np.sqrt(variances[kept])
        residual = _split(features, mean, whitening)[1]
        spread = np.std(residual)
        # where nothing is left beyond the leading directions, the residual is rounding and counts in features' units
        scale = np.array([np.mean(residual), spread if spread > 1e-6 * np.sqrt(variances[0]) else 1.0])
        generator = np.random.Generator(np.random.Philox(key=[seed, 3]))
        chosen = np.sort(generator.permutation(len(features))[:_BANK_SIZE])
        bank = _coordinates(features[chosen], mean, whitening, scale)
        scores = np.sort(_distance(_coordinates(held_out_features, mean, whitening, scale), bank))
        ranks = np.unique(np.round(np.linspace(0, len(scores) - 1, _HELD_OUT_QUANTILES)).astype(int))
        return cls(mean, whitening, scale, bank, scores[ranks], len(scores))

    def scores(self, features: ArrayLike) -> np.ndarray:
        """Distances of images from the training images, (N,); NaN for features that are not finite."""
        features = _checked(features, len(self.mean))
        return _distance(_coordinates(features, self.mean, self.whitening, self.residual_scale), self.bank)

    def threshold(self, false_alarm: float = 0.01) -> float:
        """The score that a share ``false_alarm`` of held-out galaxies exceeds."""
        if not 1 / (self.n_held_out + 1) <= false_alarm < 1:
            raise ValueError(
                f"a false-alarm rate of {false_alarm}; {self.n_held_out} held-out galaxies can set one of "
                f"{1 / (self.n_held_out + 1):.1e} or more"
            )
        return float(np.quantile(self.held_out, min(1.0, (1 - false_alarm) * (1 + 1 / self.n_held_out))))

    def is_novel(self, features: ArrayLike, *, false_alarm: float = 0.01) -> np.ndarray:
        """True where an image is more novel than all but a share ``false_alarm`` of held-out ones.

        Features that are not finite are novel.
        """
        return ~(self.scores(features) <= self.threshold(false_alarm))

    def save(self, directory: PathLike) -> Path:
        """Write ``novelty.npz`` into a model directory."""
        arrays: dict[str, Any] = {name: np.asarray(getattr(self, name), np.float32) for name in _ARRAYS}
        path = Path(directory) / FILE_NAME
        write_whole(
            path,
            lambda file: np.savez_compressed(
                file, format_version=_FORMAT_VERSION, n_held_out=self.n_held_out, **arrays
            ),
        )
        return path

    @classmethod
    def load(cls, directory: PathLike) -> Novelty:
        """Read what :meth:`save` wrote.

        Raises
        ------
        ValueError
            If the file is missing, damaged, or was written by a newer version.
        """
        path = Path(directory) / FILE_NAME
        if not path.is_file():
            raise ValueError(f"{path}: not there; the domain limits are incomplete, copy them again")
        with damage_named(path), open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            version = int(file["format_version"]) if "format_version" in file else None
            check_format(version, _FORMAT_VERSION, path, "the novelty of a gampen_tf model")
            return cls(**{name: file[name].astype(float) for name in _ARRAYS}, n_held_out=int(file["n_held_out"]))


def _split(features: ArrayLike, mean: np.ndarray, whitening: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates along the leading directions, and the distance from the subspace that they span."""
    offset = np.asarray(features, float) - mean
    leading = offset @ whitening
    # the columns are v / √λ with orthonormal v: undo the scale for the length within the subspace
    inside = np.sum((leading / np.linalg.norm(whitening, axis=0)) ** 2, axis=1)
    return leading, np.sqrt(np.maximum(np.sum(offset**2, axis=1) - inside, 0))


def _coordinates(
    features: ArrayLike, mean: np.ndarray, whitening: np.ndarray, residual_scale: np.ndarray
) -> np.ndarray:
    leading, residual = _split(features, mean, whitening)
    return np.column_stack([leading, (residual - residual_scale[0]) / residual_scale[1]])


def _distance(coordinates: np.ndarray, bank: np.ndarray) -> np.ndarray:
    """Mean distance to the nearest of the bank, by blocks; NaN where a coordinate is not finite."""
    squares = np.sum(bank**2, axis=1)
    n_neighbours = min(_N_NEIGHBOURS, len(bank))
    result = np.full(len(coordinates), np.nan)
    rows = np.flatnonzero(np.all(np.isfinite(coordinates), axis=1))
    for block in np.array_split(rows, max(1, -(-len(rows) // _CHUNK))):
        x = coordinates[block]
        distance = np.maximum(np.sum(x**2, axis=1)[:, None] + squares - 2 * x @ bank.T, 0)
        nearest = np.partition(distance, n_neighbours - 1, axis=1)[:, :n_neighbours]
        result[block] = np.mean(np.sqrt(nearest), axis=1)
    return result


def _checked(features: ArrayLike, n_features: int | None = None) -> np.ndarray:
    features = np.asarray(features, float)
    if features.ndim != 2 or (n_features is not None and features.shape[1] != n_features):
        raise ValueError(f"features of shape {features.shape}; expected (images, {n_features or 'features'})")
    return features
