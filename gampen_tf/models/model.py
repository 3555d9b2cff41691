"""A trained model: a network with its label scaler, image stretch, recalibration and domain limits.

>>> model = gampen_tf.load_model("hsc_wide_g")          # by name: one that ships
>>> model = gampen_tf.load_model("runs/my_survey")      # by path: one of yours
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from numpy.typing import ArrayLike

from ..core.known_parameters import NANOJANSKY_ZERO_POINT
from ..core.label_scaler import LabelScaler
from ..core.parameters import ParameterSet
from ..core.stretch import Stretch
from ..io.files import PathLike
from ..layers.heads import GaussianHead, PointHead, find_head
from ..networks.parts import inputs_beside
from .card import as_lines, facts, one_line, short_card
from .directory import POSTERIOR, write_directory
from .hashes import weights_hash
from .limits import DomainLimits

if TYPE_CHECKING:
    import keras

__all__ = ["PLAIN_FIELDS", "Model"]

#: Fields that stand in ``model.json`` as they are.
PLAIN_FIELDS = (
    "network_name",
    "network_options",
    "objective",
    "huber_delta",
    "label_scaling",
    "dropout_posterior",
    "head",
    "image_shape",
    "psf_shape",
    "optional_inputs",
    "fills_masked",
    "scale_free",
    "pixel_scale",
    "pixel_unit",
    "zero_point",
    "band",
    "calibration",
    "dropout_tuning",
    "provenance",
)


@dataclass(repr=False)
class Model:
    """A trained network, and what turns its outputs into posteriors of physical parameters.

    ``print(model)`` shows what it measures, and from which images.

    Parameters
    ----------
    network : keras.Model
        From stretched images ("images"), and "psf" and "noise" where it takes them, to the tensor of the head.
    scaler : LabelScaler
    stretch : Stretch
    image_shape : (H, W, C)
    pixel_scale : float
        In arcsec.
    pixel_unit : str
        An astropy unit string, such as ``"nJy"``.
    zero_point : float
        AB magnitude of one pixel unit; 31.4 for nJy.
    band : str
    psf_shape : (h, w), optional
        For networks that take the PSF.
    optional_inputs : tuple of str
        Inputs beside the images that may be left out: "psf", "noise" or both.
    fills_masked : bool
        Whether the network fills in pixels that are NaN. Images with lost pixels are then measured, unless too many
        are lost.
    scale_free : bool
        Whether the network counts lengths in pixels and light in the noise of a pixel, and so takes images of any pixel
        scale, unit and depth: results are converted with each image's own. `pixel_scale` is then 1.
    head : GaussianHead or PointHead
        What the outputs mean: a multivariate normal of the labels, or one value for each; also given by its name.
    network_name : str, optional
        By which `gampen_tf.networks.build` makes the network anew; None where it cannot.
    network_options : dict
        With which it was built.
    objective : str, optional
        What the training minimised; if not given, the one that the head is for: "gaussian_nll" or "huber".
    huber_delta : float, optional
        Of the objective "huber".
    label_scaling : {"standard", "range"}
        Labels of mean 0 and standard deviation 1 over the training set, or from −1 to 1.
    dropout_posterior : bool
        Of a point head: its posterior is the scatter of its values under dropout. Without, it gives values alone.
    calibration : dict, optional
        A `gampen_tf.Recalibration` as plain data.
    dropout_tuning : dict, optional
        A `gampen_tf.training.DropoutTuning` as plain data, if the dropout rate was chosen by one.
    limits : DomainLimits, optional
        By which `gampen_tf.predict` flags images and measurements outside the model's domain.
    provenance : dict
        Recipe, seed, versions of packages, settings and history of the training: an account, on which nothing depends.
    metrics : dict
        Goes to ``metrics.json``.
    card : str, optional
        Goes to ``README.md``; a short one is written where there is none.
    name : str
        For messages: the name or path that it was loaded from.

    Attributes
    ----------
    compiled : dict
        What inference compiled for the network: kept for the next call, freed with the model.
    """

    network: keras.Model
    scaler: LabelScaler
    stretch: Stretch
    image_shape: tuple[int, int, int]
    pixel_scale: float
    pixel_unit: str = "nJy"
    zero_point: float = NANOJANSKY_ZERO_POINT
    band: str = ""
    psf_shape: tuple[int, int] | None = None
    optional_inputs: tuple[str, ...] = ()
    fills_masked: bool = False
    scale_free: bool = False
    head: GaussianHead | PointHead = GaussianHead()
    network_name: str | None = None
    network_options: dict = field(default_factory=dict)
    objective: str | None = None
    huber_delta: float | None = None
    label_scaling: Literal["standard", "range"] = "standard"
    dropout_posterior: bool = False
    calibration: dict | None = None
    dropout_tuning: dict | None = None
    limits: DomainLimits | None = None
    provenance: dict = field(default_factory=dict)
    metrics: dict = field(default_factory=dict)
    card: str | None = None
    name: str = "unnamed"
    compiled: dict = field(default_factory=dict, init=False, repr=False, compare=False)

    def __getstate__(self) -> dict:
        # what was compiled belongs to this process; a copy compiles anew
        return {**vars(self), "compiled": {}}

    def __post_init__(self) -> None:
        self.image_shape = cast("tuple[int, int, int]", tuple(int(n) for n in self.image_shape))
        if self.psf_shape is not None:
            self.psf_shape = cast("tuple[int, int]", tuple(int(n) for n in self.psf_shape))
        self.optional_inputs = tuple(self.optional_inputs)
        unknown = set(self.optional_inputs) - set(self.inputs_beside)
        if unknown:
            raise ValueError(
                f"optional_inputs {self.optional_inputs}: the network takes {self.inputs_beside} beside the images"
            )
        self.head = find_head(self.head)
        n = len(self.scaler.parameters)
        expected = self.head.n_outputs(n)
        found = self.network.output_shape[-1]
        if found != expected:
            raise ValueError(
                f"a {self.head.name} head of {n} parameters ({', '.join(self.parameters.names)}) has {expected} "
                f"outputs; the network has {found}"
            )
        if self.scale_free:
            if "noise" not in self.inputs_beside:
                raise ValueError("a scale-free model counts light in the noise of a pixel, which its network must take")
            self.scaler.changes(np.ones(1), np.ones(1))  # refuses parameters whose unit cannot change
        if self.objective is None:
            self.objective = "gaussian_nll" if self.head.has_width else "huber"
        if self.label_scaling not in ("standard", "range"):
            raise ValueError(f"label_scaling {self.label_scaling!r}; expected 'standard' or 'range'")
        if self.dropout_posterior and self.head.has_width:
            raise ValueError(f"dropout_posterior is for point heads; the model has a {self.head.name} head")

    def __repr__(self) -> str:
        return f"<Model {self.name!r}: {one_line(self.describe())}>"

    def __str__(self) -> str:
        limits = "none" if self.limits is None else f"{self.limits.false_alarm:.1%} false alarms"
        more = {"weights": f"{self.network.count_params():,}", "domain limits": limits}
        return as_lines(f"Model {self.name!r}", facts(self.describe()) | more)

    @property
    def parameters(self) -> ParameterSet:
        return self.scaler.parameters

    @property
    def inputs_beside(self) -> tuple[str, ...]:
        """Names of what the network takes beside the images: "psf", "noise"."""
        return inputs_beside(self.network)

    def prepare(self, images: ArrayLike) -> np.ndarray:
        """Stretch images in the model's pixel unit for the network: (N, H, W, C) float32 in and out.

        Raises
        ------
        ValueError
            If the shape is another than the one the model was trained on.
        """
        images = np.asarray(images, np.float32)
        if images.ndim == 3 and self.image_shape[-1] == 1:
            images = images[..., None]
        if images.shape[1:] != self.image_shape:
            raise ValueError(f"model {self.name!r} takes images of shape {self.image_shape}, found {images.shape[1:]}")
        return self.stretch(images)

    def save(self, directory: PathLike) -> Path:
        """Write the model directory (:mod:`gampen_tf.models.directory`); other files in it stay.

        Domain limits that belong to other weights, of this model or in the directory, do not stay.
        """
        write_directory(
            directory,
            POSTERIOR,
            self.describe(),
            self.network.save,
            metrics=self.metrics,
            card=self.card or short_card(self.describe(), Path(directory).name),
        )
        self._save_limits(Path(directory))
        return Path(directory)

    def _save_limits(self, directory: Path) -> None:
        weights = weights_hash(self.network)
        if self.limits is not None and self.limits.weights == weights:
            self.limits.save(directory)
            return
        there = DomainLimits.load(directory)
        if there is not None and there.weights != weights:
            DomainLimits.remove(directory)

    def describe(self) -> dict:
        """Everything but the weights as plain data, as in ``model.json``."""
        return {
            "head": self.head.name,
            "network_name": self.network_name,
            "network_options": self.network_options,
            "objective": self.objective,
            "huber_delta": self.huber_delta,
            "label_scaling": self.label_scaling,
            "dropout_posterior": self.dropout_posterior,
            "scaler": self.scaler.to_dict(),
            "stretch": self.stretch.to_dict(),
            "image_shape": list(self.image_shape),
            "psf_shape": None if self.psf_shape is None else list(self.psf_shape),
            "optional_inputs": list(self.optional_inputs),
            "fills_masked": self.fills_masked,
            "scale_free": self.scale_free,
            "pixel_scale": self.pixel_scale,
            "pixel_unit": self.pixel_unit,
            "zero_point": self.zero_point,
            "band": self.band,
            "calibration": self.calibration,
            "dropout_tuning": self.dropout_tuning,
            "provenance": self.provenance,
        }
