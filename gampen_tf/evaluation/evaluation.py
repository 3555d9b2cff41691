"""Evaluation of a model on a labelled data set.

>>> evaluation = gampen_tf.evaluate("hsc_wide_g", "data/hsc_wide_g_test", report="report")
>>> print(evaluation.summary())
"""

from __future__ import annotations

import datetime
import inspect
import shlex
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..calibration.coverage import coverage_of
from ..inference.labelled import labelled_posterior
from ..inference.monte_carlo import DEFAULT_TOLERANCE
from ..inference.predictor import Predictor
from ..io.provenance import versions
from ..metrics.estimates import plain
from ..simulation.opening import as_dataset
from .assessment import assess
from .breakdowns import by_class, by_flag, by_kind, flag_counts, quantities_of
from .report import summary_lines, write_card, write_report

if TYPE_CHECKING:
    from ..data.joined import DataLike
    from ..data.labelled_images import Split
    from ..io.files import PathLike
    from ..models.combination import ModelLike
    from ..networks.precision import Precision

__all__ = ["Evaluation", "evaluate"]

_PACKAGES = ("tensorflow", "keras", "tensorflow-probability", "galsim", "numpy", "scipy", "astropy", "matplotlib")


@dataclass
class Evaluation:
    """Accuracy and calibration of a model on galaxies whose true values are known.

    Attributes
    ----------
    metrics : dict
        Plain data, every number with its error: see :func:`gampen_tf.evaluation.assess`, and besides ``kinds``,
        ``classes``, ``before_recalibration``, ``values_alone`` (True: a point head's, which have no coverage),
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

    def report(self, folder: PathLike) -> Path:
        """Write ``index.html``, one page with everything in it, and ``metrics.json``; returns the page's path."""
        return write_report(self, folder)

    def write_card(self, directory: PathLike) -> Path:
        """Write the short form of the report into the ``README.md`` of a model directory; returns its path.

        The rest of the card is left as it is. The metrics go to the directory's ``metrics.json``.
        """
        return write_card(self, directory)


def evaluate(
    model: ModelLike,
    data: DataLike,
    *,
    split: Split = "test",
    n_images: int | None = None,
    passes: int | Literal["auto"] = "auto",
    tolerance: float = DEFAULT_TOLERANCE,
    seed: int = 0,
    batch_size: int | None = None,
    precision: Precision = "auto",
    recalibrate: bool = True,
    report: PathLike | None = None,
    progress_bar: bool = True,
) -> Evaluation:
    """Measure a labelled data set with a model, and compare with the true values.

    Parameters
    ----------
    model : str, path or Model, or list of them
        As for `gampen_tf.predict`.
    data : path, DataSet or list of them
        As `gampen_tf.simulate` writes it, with the model's pixel scale and unit.
    split : {"test", "validation", "train", "all"}, optional
    n_images : int, optional
        So many, evenly spread over the split; all if not given.
    passes, tolerance, seed, batch_size, precision : optional
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
    inputs = {"model": ",".join(_names(model)), "data": _names(data)}
    how_to_run: dict[str, Any] = {
        "passes": passes,
        "tolerance": tolerance,
        "seed": seed,
        "batch_size": batch_size,
        "precision": precision,
    }
    predictor, data = Predictor(model, **how_to_run), as_dataset(data)
    model = predictor.model
    measured = labelled_posterior(predictor, data, split, n_images, recalibrate=recalibrate, progress_bar=progress_bar)
    posterior, before, truth, catalogue = measured.posterior, measured.before, measured.truth, measured.catalogue
    quantities = quantities_of(catalogue, data.pixel_scale)
    found = assess(posterior, truth, quantities=quantities, seed=seed)
    found["kinds"] = by_kind(posterior, truth, catalogue, seed=seed)
    found["classes"] = by_class(posterior, truth)
    found["before_recalibration"] = None if before is None else coverage_of(before, truth)
    found["recalibrated"] = before is not None
    # single values have no intervals, and so no coverage
    found["values_alone"] = not model.head.has_width and posterior.means.shape[1] == 1
    found["flags"] = flag_counts(posterior.flags)
    found["by_flag"] = by_flag(posterior, truth)
    found["passes"] = {key: (posterior.metadata or {}).get(key) for key in ("n_passes", "monte_carlo_error")}
    settings = {"split": split, "n_images": n_images, **how_to_run, "recalibrate": recalibrate}
    found["made_by"] = _made_by(inputs, data, settings, report, time.perf_counter() - started)
    evaluation = Evaluation(plain(found), posterior, truth, catalogue, quantities, model, data, measured.indices)
    if report is not None:
        evaluation.report(report)
    return evaluation


def _names(things):
    things = things if isinstance(things, list | tuple) else [things]
    return [str(getattr(one, "path", None) or getattr(one, "name", None) or one) for one in things]


def _made_by(inputs, data, settings, report, seconds):
    command = ["gampen-tf", "evaluate", inputs["model"], *inputs["data"]]
    defaults = inspect.signature(evaluate).parameters
    for key, value in settings.items():
        if value != defaults[key].default:
            command += ["--no-recalibrate"] if key == "recalibrate" else [f"--{key.replace('_', '-')}", str(value)]
    command += [] if report is None else ["--report", Path(report).name]
    return {
        "call": shlex.join(command),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "seconds": round(seconds, 1),
        "versions": versions(_PACKAGES),
        "data": data.provenance,
    } | {"settings": settings}
