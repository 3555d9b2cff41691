"""Which of a model's measurements to leave alone: every check of an image and of its posterior, as flags.

>>> limits = TrustLimits.fit(model, data)          # once, after training
>>> limits.save("models/my_survey")
>>> posterior.flags | limits.flags(model, images, posterior.median())
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .flags import Flag
from .image_checks import bright_neighbour, cut_by_frame
from .novelty import Novelty, PredictedRange, network_features

__all__ = ["FILE_NAME", "TrustLimits"]

FILE_NAME = "trust.json"
_FORMAT_VERSION = 1
_CHUNK = 1024


@dataclass(frozen=True)
class TrustLimits:
    """What a model's own kind of galaxies looks like to it, and from where on a galaxy is of another kind.

    Parameters
    ----------
    novelty : Novelty
        Distance to the training images in the network's features.
    predicted : PredictedRange
        Range of the predicted medians.
    false_alarm : float
        Share of galaxies of the model's own kind that either flags, each by itself (the range: for each parameter).
    """

    novelty: Novelty
    predicted: PredictedRange
    false_alarm: float

    @classmethod
    def fit(cls, model, data, *, false_alarm=0.01, n_training=10_000, n_held_out=5000, passes=8, seed=0) -> TrustLimits:
        """From a model's training data set.

        Parameters
        ----------
        model : Model
        data : DataSet
            The training images set the distance, the validation images the limits.
        false_alarm : float, optional
        n_training, n_held_out : int, optional
            At most so many of either split.
        passes : int, optional
            For the medians, which need few.
        seed : int, optional
        """
        from .engine import Engine
        from .layers import gaussian_head
        from .posterior import Posterior

        if model.psf_shape:
            raise ValueError(f"model {model.name!r} takes the PSF: images and PSFs together have no limits yet")
        training, held_out = data.split("train")[:n_training], data.split("validation")[:n_held_out]
        features = [
            _by_chunks(lambda rows: network_features(model, data.images(rows)), rows) for rows in (training, held_out)
        ]
        engine = Engine(model.network, head=model.head)

        def medians(rows):
            part = engine.run(model.prepare(data.images(rows)), seed=seed, passes=passes)
            mixture = gaussian_head.mixture_parameters(part.outputs)
            return Posterior(*mixture, model.scaler, weights=part.weights, n_mc=1).median()

        predicted = PredictedRange.fit(_by_chunks(medians, held_out), false_alarm=false_alarm)
        return cls(Novelty.fit(*features, seed=seed), predicted, float(false_alarm))

    def flags(self, model, images, predicted):
        """Flags of images that can be measured.

        Parameters
        ----------
        model : Model
        images : (N, H, W, C) array
            In the model's unit.
        predicted : (N, P) array
            Posterior medians; a galaxy without has no measurement, and no further flag.

        Returns
        -------
        (N,) int64 array
            OUT_OF_DISTRIBUTION, EXTRAPOLATED, CUT_BY_FRAME and BRIGHT_NEIGHBOUR, where they hold.
        """
        images, predicted = np.asarray(images, np.float32), np.asarray(predicted, float)
        flags = np.zeros(len(images), np.int64)
        rows = np.flatnonzero(np.all(np.isfinite(predicted), axis=1))
        if rows.size == 0:
            return flags
        good = images[rows]
        checks = {
            Flag.OUT_OF_DISTRIBUTION: self.novelty.is_novel(
                network_features(model, good), false_alarm=self.false_alarm
            ),
            Flag.EXTRAPOLATED: np.any(self.predicted.is_beyond(predicted[rows]), axis=1),
            Flag.CUT_BY_FRAME: cut_by_frame(good),
            Flag.BRIGHT_NEIGHBOUR: bright_neighbour(good),
        }
        for flag, holds in checks.items():
            flags[rows[holds]] |= int(flag)
        return flags

    def save(self, directory):
        """Write ``trust.json`` and ``novelty.npz`` into the model's directory."""
        directory = Path(directory)
        self.novelty.save(directory)
        entry = {
            "format_version": _FORMAT_VERSION,
            "model": _weights_of(directory),
            "false_alarm": self.false_alarm,
            "predicted": self.predicted.to_dict(),
        }
        partial = directory / f".{FILE_NAME}.part"
        partial.write_text(json.dumps(entry, indent=1) + "\n")
        partial.replace(directory / FILE_NAME)

    @classmethod
    def load(cls, directory) -> TrustLimits | None:
        """Read what :meth:`save` wrote; None where a model directory has none.

        Raises
        ------
        ValueError
            If they were made for other weights, or by a newer version.
        """
        directory = Path(directory)
        path = directory / FILE_NAME
        if not path.is_file():
            return None
        entry = json.loads(path.read_text())
        if entry["format_version"] > _FORMAT_VERSION:
            raise ValueError(f"{path}: format {entry['format_version']}; this version reads up to {_FORMAT_VERSION}")
        if entry["model"] != _weights_of(directory):
            raise ValueError(f"{path}: made for other weights than those of model.keras; fit the limits again")
        return cls(Novelty.load(directory), PredictedRange.from_dict(entry["predicted"]), entry["false_alarm"])


def _weights_of(directory):
    return json.loads((directory / "model.json").read_text())["sha256"]


def _by_chunks(function, rows):
    """Images of a large data set are read a part at a time."""
    return np.concatenate([function(rows[start : start + _CHUNK]) for start in range(0, len(rows), _CHUNK)])
