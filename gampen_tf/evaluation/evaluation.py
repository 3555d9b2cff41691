"""A model against a labelled data set.

>>> evaluation = gampen_tf.evaluate("hsc_wide_g", "data/hsc_wide_g_test", report="report")
>>> print(evaluation.summary())
"""

from __future__ import annotations

import datetime
import platform
import shlex
import time
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from .._version import __version__
from ..calibration.coverage import coverage_of
from ..data.dataset import open_dataset
from ..inference.labelled import _check_kind, _measure
from ..metrics.estimates import plain
from ..models.combination import as_model
from .assessment import assess, by_flag
from .breakdowns import _flag_counts, _kinds, _labels, _quantities
from .report import summary_lines, write_card, write_report

__all__ = ["Evaluation", "evaluate"]

_DEFAULTS = {"split": "test", "n_images": None, "passes": "auto", "seed": 0, "recalibrate": True}
_PACKAGES = ("tensorflow", "keras", "tensorflow-probability", "galsim", "numpy", "scipy", "astropy", "matplotlib")


@dataclass
class Evaluation:
    """What a model does on galaxies whose true values are known.

    Attributes
    ----------
    metrics : dict
        Plain data, every number with its error: see :func:`gampen_tf.evaluation.assess`, and besides ``kinds``,
        ``labels``, ``before_recalibration``, ``values_alone`` (True: a point head's, whose coverage says nothing),
        ``flags``, ``by_flag``, ``passes`` and ``made_by``.
    posterior : Posterior
        A row for each galaxy.
    truth : (N, P) array
        In physical units.
    catalogue : astropy.table.Table
        The galaxies' rows of the data set's catalogue.
    quantities : dict of str: (N,) array
        What else was binned by.
    model : Model
    data : DataSet
    indices : (N,) int array
        Which images of the data set.
    """

    metrics: dict
    posterior: Any
    truth: np.ndarray
    catalogue: Any
    quantities: dict = field(default_factory=dict)
    model: Any = None
    data: Any = None
    indices: Any = None

    def summary(self) -> str:
        """Accuracy and coverage in a few lines of text."""
        return "\n".join(summary_lines(self.metrics))

    def report(self, folder):
        """Write ``index.html``, one page with everything in it, and ``metrics.json``; returns the page's path."""
        return write_report(self, folder)

    def write_card(self, directory):
        """Write the short form of the report into the ``README.md`` of a model directory; returns its path.

        What else the card says is left as it is. The metrics go to the directory's ``metrics.json``.
        """
        return write_card(self, directory)


def evaluate(
    model,
    data,
    *,
    split="test",
    n_images=None,
    passes="auto",
    seed=0,
    recalibrate=True,
    report=None,
    progress_bar=True,
) -> Evaluation:
    """Measure a labelled data set with a model, and compare.

    Parameters
    ----------
    model : str, path or Model
        Name of a model that ships, directory of a trained one, or a loaded one.
    data : path or DataSet
        As `gampen_tf.simulate` writes it, with the model's pixel scale and unit.
    split : {"test", "validation", "train", "all"}, optional
    n_images : int, optional
        So many, evenly spread over the split; all if not given.
    passes, seed : optional
        As for `gampen_tf.predict`.
    recalibrate : bool, optional
        Apply the model's calibration, where it has one; coverage without it is reported beside.
    report : path, optional
        Folder for the report.
    progress_bar : bool, optional

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        If the data set is not of the kind that the model takes, or knows no true values of what it measures.
    """
    started = time.perf_counter()
    where = {"model": _name(model), "data": _name(data)}
    model = as_model(model)
    data = open_dataset(data) if isinstance(data, str | Path) else data
    _check_kind(model, data)
    names = list(model.parameters.names)
    indices = data.split(split, n_images)
    if len(indices) == 0:
        raise ValueError(f"{data.path}: no images in the split {split!r}")
    truth = data.labels(names)[indices]
    catalogue = data.catalogue[indices]
    posterior, before = _measure(model, data, indices, passes, seed, recalibrate, progress_bar)
    quantities = _quantities(catalogue, data.metadata)
    found = assess(posterior, truth, quantities=quantities, seed=seed)
    found["kinds"] = _kinds(posterior, truth, catalogue, names, seed)
    found["labels"] = _labels(posterior, truth, names)
    found["before_recalibration"] = None if before is None else coverage_of(before, truth)
    found["recalibrated"] = before is not None
    # of one value without a width there is no coverage to speak of
    found["values_alone"] = not model.head.has_width and posterior.means.shape[1] == 1
    found["flags"] = _flag_counts(posterior.flags)
    found["by_flag"] = by_flag(posterior, truth)
    found["passes"] = {key: (posterior.metadata or {}).get(key) for key in ("n_passes", "monte_carlo_error")}
    settings = {"split": split, "n_images": n_images, "passes": passes, "seed": seed, "recalibrate": recalibrate}
    found["made_by"] = _made_by(where, data, settings, report, time.perf_counter() - started)
    evaluation = Evaluation(plain(found), posterior, truth, catalogue, quantities, model, data, indices)
    if report is not None:
        evaluation.report(report)
    return evaluation


def _name(thing):
    return str(getattr(thing, "path", None) or getattr(thing, "name", None) or thing)


def _made_by(where, data, settings, report, seconds):
    words = ["gampen-tf", "evaluate", where["model"], where["data"]]
    for key, value in settings.items():
        if value != _DEFAULTS[key]:
            words += ["--no-recalibrate"] if key == "recalibrate" else [f"--{key.replace('_', '-')}", str(value)]
    words += [] if report is None else ["--report", Path(report).name]
    versions = {"gampen_tf": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        "call": shlex.join(words),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "seconds": round(seconds, 1),
        "versions": versions,
        "data": {key: data.metadata.get(key) for key in ("recipe_name", "recipe_sha256", "seed", "n_images", "band")},
    } | {"settings": settings}
