"""A trained model and the directory that holds it.

A model directory holds everything that inference needs and nothing that runs code::

    model.keras     architecture and weights
    model.json      parameters, scaler, stretch, pixels, provenance, sha256 of model.keras
    metrics.json    how good it is, measured
    README.md       the model card
    trust.json      where not to trust it, with novelty.npz; not in every model

>>> model = gampen_tf.load_model("hsc_wide_g")          # by name: one that ships
>>> model = gampen_tf.load_model("runs/my_survey")      # by path: one of yours
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..core.label_scaler import LabelScaler
from ..core.parameters import ParameterSet
from ..core.stretch import Stretch
from ..io.files import sha256, to_json
from ..layers.heads import GaussianHead, PointHead, find_head
from ..layers.monte_carlo_dropout import dropout_layers
from .limits import TrustLimits

__all__ = ["FORMAT_VERSION", "Model", "fingerprint", "weights_hash"]

# Of a model's description, what a posterior depends on; the rest tells where the model comes from.
_POSTERIOR_FIELDS = (
    "head",
    "scaler",
    "stretch",
    "image_shape",
    "psf_shape",
    "pixel_scale",
    "pixel_unit",
    "zero_point",
    "band",
    "calibration",
)


def fingerprint(model):
    """sha256 of everything in a model that a posterior depends on: weights, architecture, scaler, stretch, …

    Where the code of a layer lies is not part of it: a layer is known by its registered name.
    """
    description = model.describe()
    described = {key: description[key] for key in _POSTERIOR_FIELDS}
    config = _without_modules(model.network.get_config())
    digest = hashlib.sha256(json.dumps([described, config], sort_keys=True, default=str).encode())
    for weight in model.network.weights:
        digest.update(np.ascontiguousarray(weight))
    return digest.hexdigest()


def _without_modules(config):
    if isinstance(config, dict):
        return {key: _without_modules(value) for key, value in config.items() if key != "module"}
    return [_without_modules(value) for value in config] if isinstance(config, list | tuple) else config


FORMAT_VERSION = 1


@dataclass
class Model:
    """A network and all that stands between it and a physical posterior.

    Parameters
    ----------
    network : keras.Model
        From stretched images ("images", and "psf" where it takes one) to the tensor of the head.
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
    head : GaussianHead or PointHead
        What the outputs mean: a multivariate normal of the labels, or one value for each; also given by its name.
    provenance : dict
        Recipe, seed, versions of packages, settings and history of the training.
    calibration : dict, optional
    metrics : dict
        Goes to ``metrics.json``.
    card : str, optional
        Goes to ``README.md``; a short one is written where there is none.
    trust : TrustLimits, optional
        By which `gampen_tf.predict` flags images and measurements that are not to be trusted.
    name : str
        For messages: the name or path that it was loaded from.
    """

    network: Any
    scaler: LabelScaler
    stretch: Stretch
    image_shape: tuple[int, int, int]
    pixel_scale: float
    pixel_unit: str = "nJy"
    zero_point: float = 31.4
    band: str = ""
    psf_shape: tuple[int, int] | None = None
    head: GaussianHead | PointHead | str = "gaussian"
    provenance: dict = field(default_factory=dict)
    calibration: dict | None = None
    metrics: dict = field(default_factory=dict)
    card: str | None = None
    trust: TrustLimits | None = None
    name: str = "unnamed"

    def __post_init__(self):
        self.image_shape = tuple(int(n) for n in self.image_shape)
        self.psf_shape = None if self.psf_shape is None else tuple(int(n) for n in self.psf_shape)
        self.head = find_head(self.head)
        n = len(self.scaler.parameters)
        expected = self.head.n_outputs(n)
        found = self.network.output_shape[-1]
        if found != expected:
            raise ValueError(
                f"a {self.head.name} head of {n} parameters ({', '.join(self.parameters.names)}) has {expected} "
                f"outputs; the network has {found}"
            )

    @property
    def parameters(self) -> ParameterSet:
        return self.scaler.parameters

    @property
    def measures_with_dropout(self) -> bool:
        """Whether its posterior is the scatter of a point head's values under dropout, as it was trained and chosen."""
        return not self.head.has_width and bool(self._settings.get("validate_with_dropout"))

    @property
    def labels_span_range(self) -> bool:
        """Whether its labels are −1 at the least and 1 at the largest value of the training set."""
        return self._settings.get("labels") == "range"

    @property
    def _settings(self):
        return self.provenance.get("settings", {})

    def prepare(self, images):
        """Images in the model's pixel unit, as the network takes them: (N, H, W, C) float32 in and out.

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

    def save(self, directory):
        """Write the model directory; files that were there are replaced, each in one step.

        Limits of trust that belong to other weights, of this model or in the directory, do not stay.

        Returns
        -------
        Path
        """
        directory = Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory, prefix=".saving-") as scratch:
            scratch = Path(scratch)
            self.network.save(scratch / "model.keras")
            description = self.describe() | {"sha256": sha256(scratch / "model.keras")}
            (scratch / "model.json").write_text(to_json(description))
            (scratch / "metrics.json").write_text(to_json(self.metrics))
            (scratch / "README.md").write_text(self.card or _short_card(self, directory.name))
            # a stop between the first two leaves a hash that does not fit, which loading refuses
            for name in ("model.keras", "model.json", "metrics.json", "README.md"):
                os.replace(scratch / name, directory / name)
        self._save_trust(directory)
        return directory

    def _save_trust(self, directory):
        weights = weights_hash(self.network)
        if self.trust is not None and self.trust.weights == weights:
            self.trust.save(directory)
            return
        there = TrustLimits.load(directory)
        if there is not None and there.weights != weights:
            TrustLimits.remove(directory)

    def describe(self) -> dict:
        """Everything but the weights, as plain data: what ``model.json`` holds."""
        return {
            "format_version": FORMAT_VERSION,
            "head": self.head.name,
            "scaler": self.scaler.to_dict(),
            "stretch": self.stretch.to_dict(),
            "image_shape": list(self.image_shape),
            "psf_shape": None if self.psf_shape is None else list(self.psf_shape),
            "pixel_scale": self.pixel_scale,
            "pixel_unit": self.pixel_unit,
            "zero_point": self.zero_point,
            "band": self.band,
            "calibration": self.calibration,
            "provenance": self.provenance,
        }


def _short_card(model, name):
    rows = "\n".join(f"| {p.name} | {p.unit or '–'} | {p.transform} |" for p in model.parameters)
    height, width, channels = model.image_shape
    band = f", {model.band}" if model.band else ""
    return f"""# {name}

A gampen_tf model ({model.head.name} head) for images of {height} × {width} px and {channels}
band{"s" * (channels > 1)}, {model.pixel_scale}″ a pixel, in {model.pixel_unit} (zero point {model.zero_point}
AB){band}.

| parameter | unit | transform |
| --- | --- | --- |
{rows}

Measured accuracy: `metrics.json`. How it was made: `provenance` in `model.json`.
"""


def weights_hash(network):
    """sha256 of a network's weights, but for its dropout rates, which the limits do not depend on.

    Parameters
    ----------
    network : keras.Model

    Returns
    -------
    str
    """
    rates = {id(layer.rate) for layer in dropout_layers(network)}
    digest = hashlib.sha256()
    for weight in network.weights:
        if id(weight) not in rates:
            digest.update(np.ascontiguousarray(weight))
    return digest.hexdigest()
