"""Which of a model's measurements to leave alone: every check of an image and of its posterior, as flags.

>>> fit_limits("models/my_survey", "data/my_survey")           # once, after training
>>> gampen_tf.predict("cutouts/*.fits", model="models/my_survey").flags

The limits live in the model directory, as ``trust.json`` and ``novelty.npz``, and belong to its weights.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .flags import Flag
from .image_checks import lost_and_neighbours
from .model_files import read_json
from .novelty import FILE_NAME as NOVELTY_FILE_NAME
from .novelty import Novelty, PredictedRange, network_features

__all__ = ["FILE_NAME", "TrustLimits", "fit_limits", "weights_hash"]

FILE_NAME = "trust.json"
_FORMAT_VERSION = 1
_CHUNK = 1024
# Images that are checked at a time.
_BLOCK = 64


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
        Share of galaxies of the model's own kind that either flags, each by itself; the range at most, of all
        parameters together.
    weights : str
        `weights_hash` of the network that they were made for.
    """

    novelty: Novelty
    predicted: PredictedRange
    false_alarm: float
    weights: str

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
            At most so many of either split, evenly over its length: of joined data sets, some of each.
        passes : int, optional
            For the medians, which need few.
        seed : int, optional
        """
        from .layers import gaussian_head
        from .measurement import Measurement
        from .posterior import Posterior

        if model.head != "gaussian":
            raise ValueError(f"model {model.name!r} has no Gaussian head: no limits for those")
        training = _evenly(data.split("train"), n_training)
        held_out = _evenly(data.split("validation"), n_held_out)
        measurement = Measurement(model, seed=seed, passes=passes, precision="float32")

        def psf(rows):
            return measurement.psf_of_each(data.psfs(rows) if model.psf_shape else None, len(rows))

        def seen(rows):
            return network_features(model, data.images(rows), psf=psf(rows))

        def medians(rows):
            part = measurement.engine.run(model.prepare(data.images(rows)), seed=seed, passes=passes, psf=psf(rows))
            mixture = gaussian_head.mixture_parameters(part.outputs)
            return Posterior(*mixture, model.scaler, weights=part.weights, n_mc=1).median()

        features = [_by_chunks(seen, rows) for rows in (training, held_out)]
        # of many parameters each may be beyond its range by chance
        each = false_alarm / len(model.parameters)
        predicted = PredictedRange.fit(_by_chunks(medians, held_out), false_alarm=each)
        return cls(Novelty.fit(*features, seed=seed), predicted, float(false_alarm), weights_hash(model.network))

    def flags(self, model, images, predicted, *, features=None, psf=None):
        """Flags of images that can be measured.

        Parameters
        ----------
        model : Model
        images : (N, H, W, C) array
            In the model's unit.
        predicted : (N, P) array
            Posterior medians; a galaxy without has no measurement, and no further flag.
        features : (N, F) array, optional
            `network_features` of the images, where they are known.
        psf : (N, h, w, 1) array, optional
            Of sum 1, for models that take it; only where `features` are not given.

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
            part = np.asarray(images[rows], np.float32)
            if features is None:
                seen = network_features(model, part, psf=None if psf is None else psf[rows])
            else:
                seen = features[rows]
            flags[rows] = self._flags(part, predicted[rows], seen)
        return flags

    def _flags(self, images, predicted, features):
        is_cut, has_neighbour = lost_and_neighbours(images)
        checks = {
            Flag.OUT_OF_DISTRIBUTION: self.novelty.is_novel(features, false_alarm=self.false_alarm),
            Flag.EXTRAPOLATED: np.any(self.predicted.is_beyond(predicted), axis=1),
            Flag.CUT_BY_FRAME: is_cut,
            Flag.BRIGHT_NEIGHBOUR: has_neighbour,
        }
        return sum(int(flag) * holds.astype(np.int64) for flag, holds in checks.items())

    def fingerprint(self):
        """sha256 of all that the flags depend on besides the network; the same before and after :meth:`save`."""
        digest = hashlib.sha256(json.dumps([self.predicted.to_dict(), self.false_alarm, self.weights]).encode())
        for array in (self.novelty.bank, self.novelty.whitening, self.novelty.held_out):
            digest.update(np.ascontiguousarray(array, np.float32))
        return digest.hexdigest()

    def save(self, directory):
        """Write ``trust.json`` and ``novelty.npz`` into the model's directory."""
        directory = Path(directory)
        self.novelty.save(directory)
        entry = {
            "format_version": _FORMAT_VERSION,
            "weights": self.weights,
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
            If they were written by a newer version.
        """
        directory = Path(directory)
        path = directory / FILE_NAME
        if not path.is_file():
            return None
        entry = read_json(path)
        if entry["format_version"] > _FORMAT_VERSION:
            raise ValueError(f"{path}: format {entry['format_version']}; this version reads up to {_FORMAT_VERSION}")
        predicted = PredictedRange.from_dict(entry["predicted"])
        return cls(Novelty.load(directory), predicted, entry["false_alarm"], entry["weights"])

    @staticmethod
    def remove(directory):
        """Take the limits out of a model directory, if it has any."""
        for name in (FILE_NAME, NOVELTY_FILE_NAME):
            (Path(directory) / name).unlink(missing_ok=True)


def fit_limits(
    model,
    data,
    *,
    false_alarm=0.01,
    n_training=10_000,
    n_held_out=5000,
    passes=8,
    seed=0,
    save=True,
    progress_bar=True,
) -> TrustLimits:
    """Fit a model's limits and write them into it, for `gampen_tf.predict` to flag by.

    Parameters
    ----------
    model : str, path or Model
    data : path, DataSet or list of them
        What the model was trained on: see :meth:`TrustLimits.fit`, also for the other parameters.
    save : bool, optional
        Write a model that was given by its directory back there.
    progress_bar : bool, optional
    """
    from .measurement import as_model
    from .training import open_data

    given, model = model, as_model(model)
    data = open_data(data, None, None, seed, progress_bar)
    model.trust = TrustLimits.fit(
        model, data, false_alarm=false_alarm, n_training=n_training, n_held_out=n_held_out, passes=passes, seed=seed
    )
    if save and isinstance(given, str | Path) and Path(given).is_dir():
        model.trust.save(given)
    return model.trust


def weights_hash(network):
    """sha256 of a network's weights, but for its dropout rates, which the limits do not depend on.

    Parameters
    ----------
    network : keras.Model

    Returns
    -------
    str
    """
    from .layers import dropout_layers

    rates = {id(layer.rate) for layer in dropout_layers(network)}
    digest = hashlib.sha256()
    for weight in network.weights:
        if id(weight) not in rates:
            digest.update(np.ascontiguousarray(weight))
    return digest.hexdigest()


def _evenly(rows, n):
    return rows if len(rows) <= n else rows[np.linspace(0, len(rows) - 1, n).astype(int)]


def _by_chunks(function, rows):
    """Images of a large data set are read a part at a time."""
    return np.concatenate([function(rows[start : start + _CHUNK]) for start in range(0, len(rows), _CHUNK)])
