"""Recalibration of a model on labelled images."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ..calibration.recalibration import Recalibration
from ..inference.labelled import labelled_posterior
from ..inference.monte_carlo import DEFAULT_TOLERANCE
from ..inference.predictor import Predictor
from ..models.combination import as_model
from ..simulation.opening import as_dataset
from .saving import directory_to_save

if TYPE_CHECKING:
    from ..data.joined import DataLike
    from ..data.labelled_images import Split
    from ..io.files import PathLike
    from ..models.model import Model
    from ..networks.precision import Precision

__all__ = ["calibrate"]


def calibrate(
    model: Model | PathLike,
    data: DataLike,
    *,
    kind: str = "temperature_each+quantile",
    split: Split = "validation",
    n_images: int | None = None,
    passes: int | Literal["auto"] = "auto",
    tolerance: float = DEFAULT_TOLERANCE,
    seed: int = 0,
    batch_size: int | None = None,
    precision: Precision = "auto",
    save: bool = True,
    progress_bar: bool = True,
) -> Recalibration:
    """Fit a recalibration and write it into the model, for `gampen_tf.predict` to apply.

    Parameters
    ----------
    model : str, path or Model
    data : path, DataSet or list of them
        Galaxies that did not train the model, did not choose its dropout rate and will not test it: of another seed,
        best of all. 10 000 galaxies make coverage good to half a point.
    kind : str, optional
        See :class:`Recalibration`.
    split : str, optional
    n_images : int, optional
        So many, evenly spread over the split; all if not given.
    passes, tolerance, seed, batch_size, precision : optional
        As for `gampen_tf.predict`: the settings that the model will be used with.
    save : bool, optional
        Write a model that was given by its directory back there. A loaded one is changed in memory alone; one that
        ships is refused.
    progress_bar : bool, optional

    Returns
    -------
    Recalibration
        Fitted to the galaxies that could be measured.

    Raises
    ------
    ValueError
        If the model gives values alone, which have no posterior to correct.
    """
    directory, model = directory_to_save(model, save), as_model(model)
    if not (model.head.has_width or model.dropout_posterior):
        raise ValueError(f"model {model.name!r} has no Gaussian head and measures without dropout: no posterior to fit")
    # flags of its domain do not matter here
    predictor = Predictor(
        replace(model, limits=None),
        seed=seed,
        passes=passes,
        tolerance=tolerance,
        batch_size=batch_size,
        precision=precision,
    )
    found = labelled_posterior(
        predictor, as_dataset(data), split, n_images, recalibrate=False, n_mc=1, progress_bar=progress_bar
    )
    posterior, truth = found.posterior, found.truth
    if not found.measured.all():
        posterior, truth = posterior[found.measured], truth[found.measured]
    recalibration = Recalibration.fit(posterior, truth, kind=kind, seed=seed)
    model.calibration = recalibration.to_dict()
    if directory is not None:
        model.save(directory)
    return recalibration
