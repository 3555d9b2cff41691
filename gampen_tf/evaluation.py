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
from tqdm import tqdm

from . import __version__
from .assessment import assess, by_flag, coverage_of, number, plain
from .metrics import Estimate, accuracy

__all__ = ["Evaluation", "evaluate"]

_N_DRAWS = 500
_DEFAULTS = {"split": "test", "n_images": None, "passes": "auto", "seed": 0, "recalibrate": True}
_PACKAGES = ("tensorflow", "keras", "tensorflow-probability", "galsim", "numpy", "scipy", "astropy", "matplotlib")


@dataclass
class Evaluation:
    """What a model does on galaxies whose true values are known.

    Attributes
    ----------
    metrics : dict
        Plain data, every number with its error: see :func:`gampen_tf.assessment.assess`, and besides ``kinds``,
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
        from .report import summary_lines

        return "\n".join(summary_lines(self.metrics))

    def report(self, folder):
        """Write ``index.html``, one page with everything in it, and ``metrics.json``; returns the page's path."""
        from .report import write_report

        return write_report(self, folder)

    def write_card(self, directory):
        """Write the short form of the report into the ``README.md`` of a model directory; returns its path.

        What else the card says is left as it is. The metrics go to the directory's ``metrics.json``.
        """
        from .report import write_card

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
    from .datasets import open_dataset
    from .measurement import as_model

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
    found["values_alone"] = model.head == "point" and posterior.means.shape[1] == 1
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


def _check_kind(model, data):
    """Refuse images of another kind than the model's: its numbers would be nonsense, and look like numbers."""
    same = [("pixel_scale", 1e-3), ("zero_point", 1e-3), ("pixel_unit", None)]
    for key, tolerance in same:
        expected, there = getattr(model, key), data.metadata.get(key)
        differs = expected != there if tolerance is None else there is None or abs(expected - there) > tolerance
        if differs:
            raise ValueError(f"{data.path}: {key} {there!r}, but model {model.name!r} was trained with {expected!r}")
    if tuple(data.image_shape) != tuple(model.image_shape):
        raise ValueError(
            f"{data.path}: images of shape {tuple(data.image_shape)}, but model {model.name!r} takes "
            f"{model.image_shape}"
        )
    missing = [name for name in model.parameters.names if not data.knows(name)]
    if missing:
        raise ValueError(
            f"{data.path}: no true values of {', '.join(missing)} in the catalogue, which model {model.name!r} measures"
        )


def _measure(model, data, indices, passes, seed, recalibrate, progress_bar):
    """The posterior, and if it was recalibrated also what it was before."""
    from .engine import joined
    from .inference import open_cutouts
    from .measurement import Measurement

    measurement = Measurement(model, seed=seed, passes=passes)
    step = max(1, measurement.engine.chunk_size)
    found, flags = [], []
    with tqdm(total=len(indices), unit="galaxy", disable=not progress_bar) as bar:
        for start in range(0, len(indices), step):
            rows = indices[start : start + step]
            psf = measurement.psf_of_each(data.psfs(rows), len(rows)) if model.psf_shape else None
            done = 0
            for images, part_flags, reasons in open_cutouts(data.images(rows), model).batches(step):
                part_psf = None if psf is None else psf[done : done + len(images)]
                part, part_flags, _ = measurement.measure(images, part_flags, reasons, part_psf)
                found.append(part)
                flags.append(part_flags)
                done += len(images)
            bar.update(len(rows))
    found = joined(found, measurement.engine.n_outputs)
    measured = found.n_passes > 0
    account = {
        "n_passes": number(np.mean(found.n_passes[measured]), 0.0) if measured.any() else None,
        "monte_carlo_error": float(np.max(found.error[measured])) if measured.any() else None,
    }
    options = {
        "n_mc": _N_DRAWS,
        "flags": np.concatenate(flags),
        "identifiers": [str(index) for index in indices],
        "metadata": account,
    }
    posterior = measurement.posterior(found, recalibrate=recalibrate, **options)
    repaired = recalibrate and model.calibration is not None
    return posterior, measurement.posterior(found, recalibrate=False, **options) if repaired else None


def _quantities(catalogue, description):
    """Signal-to-noise ratio and seeing, where the catalogue knows them."""
    known = [name for name in ("psf_fwhm", "flux", "effective_radius", "noise_sigma") if name in catalogue.colnames]
    columns = {name: np.asarray(catalogue[name], float) for name in known}
    quantities = {}
    if "psf_fwhm" in columns:
        quantities["psf_fwhm"] = columns["psf_fwhm"]
    if {"flux", "effective_radius", "noise_sigma"} <= set(columns):
        # half of the light, in the circle that holds it after a blur by the PSF, over the noise of its pixels
        radius = np.hypot(columns["effective_radius"], 0.5 * columns.get("psf_fwhm", 0.0))
        n_pixels = np.pi * radius**2 / description["pixel_scale"] ** 2
        quantities["signal_to_noise"] = 0.5 * columns["flux"] / (columns["noise_sigma"] * np.sqrt(n_pixels))
    return quantities


def _kinds(posterior, truth, catalogue, names, seed):
    """Residuals of each kind of galaxy that the recipe draws."""
    if "kind" not in catalogue.colnames:
        return {}
    mode, kind = posterior.mode(), np.asarray(catalogue["kind"], str)
    result = {}
    for one in sorted(set(kind)):
        rows = kind == one
        found = accuracy(mode[rows], truth[rows], seed=seed)
        result[one] = {"n": int(np.sum(rows))} | {
            name: {
                key: number(found[key].value[p], found[key].error[p]) for key in ("standard_deviation", "typical_error")
            }
            for p, name in enumerate(names)
        }
    return result


def _labels(posterior, truth, names):
    """GaMPEN's labels by value and by posterior probability, for the parameters that there are."""
    from .qualitative import GAMPEN_RULES, compare_labels, posterior_probabilities

    rules = tuple(rule for rule in GAMPEN_RULES if rule.parameter in names)
    if not rules:
        return None
    threshold = 0.9
    found = compare_labels(
        posterior.mode(), posterior_probabilities(posterior, rules), truth, names, rules, threshold=threshold
    )
    sides = {
        side: {
            "quality": {
                rule.label: {"n": int(entry["quality"].n[r])}
                | {
                    key: number(*(part[r] for part in getattr(entry["quality"], key)))
                    for key in ("precision", "completeness", "not_opposite")
                }
                for r, rule in enumerate(rules)
            },
            "confusion": {
                name: {"labels": labels, "counts": counts.tolist()}
                for name, (labels, counts) in entry["confusion"].items()
            },
            "errors": {
                name: {key: number(*value) for key, value in vars(errors).items() if isinstance(value, Estimate)}
                for name, errors in entry["errors"].items()
            },
        }
        for side, entry in found.items()
    }
    return {"rules": [rule.to_dict() for rule in rules], "threshold": threshold} | sides


def _flag_counts(flags):
    from .flags import Flag

    flags = np.asarray(flags, np.int64)
    counts = {flag.name: int(np.sum((flags & int(flag)) != 0)) for flag in Flag if int(flag).bit_count() == 1}
    return {name: count for name, count in counts.items() if count}


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
