"""Domain limits of a model: flags of galaxies unlike those that it was trained for.

>>> gampen_tf.fit_limits("models/my_survey", "data/my_survey")           # once, after training
>>> gampen_tf.predict("cutouts/*.fits", model="models/my_survey").flags

The limits live in the model directory, as ``limits.json`` and ``novelty.npz``, and belong to its weights.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..core.flags import Flag
from ..io.files import PathLike, check_format, damage_named, read_json, write_whole
from .image_checks import lost_and_neighbours
from .novelty import FILE_NAME as NOVELTY_FILE_NAME
from .novelty import Novelty

__all__ = ["FILE_NAME", "PredictedRange", "DomainLimits"]


@dataclass(frozen=True)
class PredictedRange:
    """Range of a model's predictions on held-out galaxies, for each parameter.

    A network asked for more than it was taught answers near the edge of its training range, with confidence: the
    radius of a galaxy larger than any it saw. Predictions beyond the central share of those on held-out galaxies are
    flagged. A bound that many galaxies have by right (B/T of 0 or 1) is then the edge of the range and never beyond
    it.

    Parameters
    ----------
    low, high : (P,) array
        In physical units.
    false_alarm : float
        Share of held-out galaxies beyond, for each parameter.
    """

    low: np.ndarray
    high: np.ndarray
    false_alarm: float

    @classmethod
    def fit(cls, predicted: ArrayLike, *, false_alarm: float = 0.01) -> PredictedRange:
        """Fit the range to predicted values (N, P) of held-out galaxies; NaN are left out."""
        tails = [0.5 * false_alarm, 1 - 0.5 * false_alarm]
        low, high = np.nanquantile(np.asarray(predicted, float), tails, axis=0)
        return cls(low, high, false_alarm)

    def is_beyond(self, predicted: ArrayLike) -> np.ndarray:
        """Whether predicted values lie outside the range, (N, P); NaN, which has a flag of its own, does not."""
        predicted = np.asarray(predicted, float)
        return (predicted < self.low) | (predicted > self.high)

    def to_dict(self) -> dict:
        return {"low": self.low.tolist(), "high": self.high.tolist(), "false_alarm": self.false_alarm}

    @classmethod
    def from_dict(cls, entry: dict) -> PredictedRange:
        return cls(np.array(entry["low"], float), np.array(entry["high"], float), entry["false_alarm"])


FILE_NAME = "limits.json"
_FORMAT_VERSION = 1
# Images that are checked at a time.
_BLOCK = 64


@dataclass(frozen=True)
class DomainLimits:
    """Limits of the galaxies that a model was trained for, in its features and in its predictions.

    Parameters
    ----------
    novelty : Novelty
        Distance to the training images in the network's features.
    predicted : PredictedRange
        Range of the predicted medians.
    false_alarm : float
        Share of galaxies of the model's own kind that either flags, each by itself; the range at most, of all
        parameters together.
    weights : str
        `weights_hash` of the network that they were made for.
    """

    novelty: Novelty
    predicted: PredictedRange
    false_alarm: float
    weights: str

    def flags(self, images: np.ndarray, predicted: ArrayLike, features: np.ndarray) -> np.ndarray:
        """Compute the flags of images.

        Parameters
        ----------
        images : (N, H, W, C) array
            In the model's unit.
        predicted : (N, P) array
            Posterior medians; a galaxy without has no measurement, and no further flag.
        features : (N, F) array
            `network_features` of the images; those of galaxies without a measurement are not looked at.

        Returns
        -------
        (N,) int64 array
            OUT_OF_DISTRIBUTION, EXTRAPOLATED, CUT_BY_FRAME and BRIGHT_NEIGHBOUR, where they hold.
        """
        predicted = np.asarray(predicted, float)
        flags = np.zeros(len(images), np.int64)
        measured = np.flatnonzero(np.all(np.isfinite(predicted), axis=1))
        for start in range(0, len(measured), _BLOCK):
            rows = measured[start : start + _BLOCK]
            flags[rows] = self._flags(np.asarray(images[rows], np.float32), predicted[rows], features[rows])
        return flags

    def _flags(self, images: np.ndarray, predicted: np.ndarray, features: np.ndarray) -> np.ndarray:
        is_cut, has_neighbour = lost_and_neighbours(images)
        checks = {
            Flag.OUT_OF_DISTRIBUTION: self.novelty.is_novel(features, false_alarm=self.false_alarm),
            Flag.EXTRAPOLATED: np.any(self.predicted.is_beyond(predicted), axis=1),
            Flag.CUT_BY_FRAME: is_cut,
            Flag.BRIGHT_NEIGHBOUR: has_neighbour,
        }
        return sum(int(flag) * holds.astype(np.int64) for flag, holds in checks.items())

    def fingerprint(self) -> str:
        """Hash (sha256) of all that the flags depend on besides the network; the same before and after :meth:`save`."""
        digest = hashlib.sha256(json.dumps([self.predicted.to_dict(), self.false_alarm, self.weights]).encode())
        for array in (self.novelty.bank, self.novelty.whitening, self.novelty.held_out):
            digest.update(np.ascontiguousarray(array, np.float32).tobytes())
        return digest.hexdigest()

    def save(self, directory: PathLike) -> None:
        """Write ``limits.json`` and ``novelty.npz`` into the model's directory."""
        directory = Path(directory)
        self.novelty.save(directory)
        entry = {
            "format_version": _FORMAT_VERSION,
            "weights": self.weights,
            "false_alarm": self.false_alarm,
            "predicted": self.predicted.to_dict(),
        }
        write_whole(directory / FILE_NAME, json.dumps(entry, indent=1) + "\n")

    @classmethod
    def load(cls, directory: PathLike) -> DomainLimits | None:
        """Read what :meth:`save` wrote; None where a model directory has none.

        Raises
        ------
        ValueError
            If they were written by a newer version, or a file is missing or damaged.
        """
        directory = Path(directory)
        path = directory / FILE_NAME
        if not path.is_file():
            return None
        with damage_named(path):
            entry = read_json(path)
            check_format(entry.get("format_version"), _FORMAT_VERSION, path, "the domain limits of a model")
            predicted = PredictedRange.from_dict(entry["predicted"])
            false_alarm, weights = float(entry["false_alarm"]), entry["weights"]
        return cls(Novelty.load(directory), predicted, false_alarm, weights)

    @staticmethod
    def remove(directory: PathLike) -> None:
        """Delete the limits in a model directory, if it has any."""
        for name in (FILE_NAME, NOVELTY_FILE_NAME):
            (Path(directory) / name).unlink(missing_ok=True)
