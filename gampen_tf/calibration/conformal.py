"""Split conformal regions: coverage that is guaranteed, whatever the model.

**The guarantee.** A score is computed for each of n galaxies of a calibration split that the model was neither trained
nor tuned on. The region of level p holds all values whose score is at most the k-th smallest, k = ⌈p (n + 1)⌉. For a
new galaxy that is exchangeable with those of the split (drawn from the same population, in the same way), the
probability that the region holds its true value is at least p, and at most p + 1 / (n + 1) where scores do not repeat
(Vovk, Gammerman & Shafer 2005; Lei et al. 2018). It holds on average over galaxies and splits: not for a given kind of
galaxy, nor for galaxies of another survey. With k > n no finite region has the guarantee, and the region is
everything.

Scores are computed in label space from the model's own posterior, before any other recalibration: one that was fitted
on the same split would break the exchangeability.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..metrics.draws import SIGMA_LEVELS
from ..posterior.mixtures import covariances, mixture_quantile
from .label_pits import label_moments, mixture_of, true_labels

__all__ = ["ConformalEllipsoid", "ConformalIntervals", "conformal_radius"]

_SCORES = ("normalised", "cqr")


def conformal_radius(scores, level):
    """The k-th smallest score, k = ⌈level (n + 1)⌉; infinite where k > n.

    Parameters
    ----------
    scores : (N,) array
        NaN left out.
    level : float
    """
    scores = np.sort(np.asarray(scores, float))
    n = int(np.sum(~np.isnan(scores)))
    # 0.9 · 10 is 9.000000000000002: a rounding must not ask for one galaxy more
    k = int(np.ceil(level * (n + 1) - 1e-9))
    return scores[k - 1] if k <= n else np.inf


@dataclass(frozen=True)
class ConformalIntervals:
    """Intervals of each parameter by itself, with the guarantee above for each level and parameter.

    Parameters
    ----------
    score : {"normalised", "cqr"}
        ``normalised``: |y − m| / s with the posterior's mean and standard deviation (Lei et al. 2018): symmetric
        intervals m ± radius · s. ``cqr``: max(q_low − y, y − q_high) / s with the ends of the posterior's own central
        interval of the level: that interval, widened or narrowed by radius · s at each end (Romano, Patterson & Candès
        2019, with the addition scaled by s).
    levels : (L,) array
    radii : (L, P) array
    """

    score: str
    levels: np.ndarray
    radii: np.ndarray

    @classmethod
    def fit(cls, posterior, truth, *, score="normalised", levels=SIGMA_LEVELS) -> ConformalIntervals:
        """Fit radii to a calibration split; arguments as those of ``Temperature.fit``."""
        if score not in _SCORES:
            raise ValueError(f"conformal score {score!r}; expected one of {_SCORES}")
        labels = true_labels(posterior, truth)
        radii = np.empty((len(levels), labels.shape[1]))
        spread = label_moments(posterior)[1]
        for i, level in enumerate(levels):
            low, high = _own_interval(posterior, score, level)
            scores = np.maximum(low - labels, labels - high) / spread
            radii[i] = [conformal_radius(column, level) for column in scores.T]
        return cls(score, np.asarray(levels, float), radii)

    def intervals(self, posterior):
        """``(lower, upper)``, each (L, N, P) in physical units, of the model's own posterior.

        An end at or beyond the clip of a parameter is its bound: the interval takes the atom in.
        """
        spread = label_moments(posterior)[1]
        lower, upper = [], []
        for level, radius in zip(self.levels, self.radii, strict=True):
            low, high = _own_interval(posterior, self.score, level)
            # CQR may narrow an interval to less than nothing
            middle = 0.5 * (low + high)
            lower.append(posterior.scaler.inverse(np.minimum(low - radius * spread, middle)))
            upper.append(posterior.scaler.inverse(np.maximum(high + radius * spread, middle)))
        return np.stack(lower), np.stack(upper)

    def to_dict(self) -> dict:
        """Plain data for ``model.json``."""
        return {"kind": "intervals", "score": self.score, "levels": self.levels.tolist(), "radii": _listed(self.radii)}

    @classmethod
    def from_dict(cls, entry: dict) -> ConformalIntervals:
        """The same again, from what :meth:`to_dict` gave."""
        return cls(entry["score"], np.array(entry["levels"], float), _unlisted(entry["radii"]))


@dataclass(frozen=True)
class ConformalEllipsoid:
    """One region for all parameters together, with the guarantee above for the joint truth.

    The score is the Mahalanobis distance √((y − m)ᵀ C⁻¹ (y − m)) in label space, with the mean and the total
    covariance of the posterior; the region is the ellipsoid within the radius.

    Parameters
    ----------
    levels : (L,) array
    radii : (L,) array
        For a Gaussian posterior that is right, the square root of the quantile of χ² with P degrees of freedom.
    """

    levels: np.ndarray
    radii: np.ndarray

    @classmethod
    def fit(cls, posterior, truth, *, levels=SIGMA_LEVELS) -> ConformalEllipsoid:
        """Fit radii to a calibration split; galaxies with an unknown parameter are left out."""
        distance = _mahalanobis(posterior, true_labels(posterior, truth))
        return cls(np.asarray(levels, float), np.array([conformal_radius(distance, level) for level in levels]))

    def contains(self, posterior, values):
        """(L, N) booleans: whether physical values (N, P) lie in each galaxy's region."""
        return _mahalanobis(posterior, true_labels(posterior, values)) <= self.radii[:, None]

    def to_dict(self) -> dict:
        """Plain data for ``model.json``."""
        return {"kind": "ellipsoid", "levels": self.levels.tolist(), "radii": _listed(self.radii)}

    @classmethod
    def from_dict(cls, entry: dict) -> ConformalEllipsoid:
        """The same again, from what :meth:`to_dict` gave."""
        return cls(np.array(entry["levels"], float), _unlisted(entry["radii"]))


def _own_interval(posterior, score, level):
    """Ends (N, P) in labels, within the clips: of the central interval, or twice the mean."""
    clip = posterior.scaler.clip_labels.T
    if score == "normalised":
        # a mean beyond the clip is the bound
        centre = np.clip(label_moments(posterior)[0], *clip)
        return centre, centre
    tails = np.array([0.5 - 0.5 * level, 0.5 + 0.5 * level])
    ends = []
    for p in range(posterior.means.shape[2]):
        mixture = mixture_of(posterior, p)
        ends.append(mixture_quantile(np.tile(tails, (len(posterior.means), 1)), *mixture))
    low, high = np.moveaxis(np.stack(ends, axis=1), 2, 0)
    return np.clip(low, *clip), np.clip(high, *clip)


def _mahalanobis(posterior, labels):
    centre = np.clip(label_moments(posterior)[0], *posterior.scaler.clip_labels.T)
    total = sum(covariances(posterior.means, posterior.scale_trils, posterior.weights))
    distance = np.full(len(labels), np.nan)
    usable = np.all(np.isfinite(labels), axis=1) & np.all(np.isfinite(total), axis=(1, 2))
    offset = (labels - centre)[usable]
    solved = np.linalg.solve(total[usable], offset[..., None])[..., 0]
    distance[usable] = np.sqrt(np.sum(offset * solved, axis=1))
    return distance


def _listed(array):
    """Nested lists with None for infinite radii, which JSON does not have."""
    return np.where(np.isfinite(array), array.astype(object), None).tolist()


def _unlisted(entries):
    array = np.array(entries, float)  # None becomes NaN
    return np.where(np.isnan(array), np.inf, array)
