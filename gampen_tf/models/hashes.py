"""Hashes of a model: of all that a posterior depends on, and of its weights alone."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ..layers.monte_carlo_dropout import dropout_layers

if TYPE_CHECKING:
    import keras

__all__ = ["fingerprint", "weights_hash"]

# The part of a model's description that a posterior depends on; the rest is an account of its making.
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
# The same, only where they are set: the hashes of models without them stay.
_POSTERIOR_FIELDS_SET = ("optional_inputs", "fills_masked", "scale_free")


def fingerprint(model: Any) -> str:
    """Hash (sha256) of all that a posterior depends on: weights, architecture, scaler, stretch, …

    Where the code of a layer lies is not part of it: a layer is known by its registered name.

    Parameters
    ----------
    model : Model
    """
    description = model.describe()
    described = {key: description[key] for key in _POSTERIOR_FIELDS}
    described |= {key: description[key] for key in _POSTERIOR_FIELDS_SET if description[key]}
    config = _without_modules(model.network.get_config())
    digest = hashlib.sha256(json.dumps([described, config], sort_keys=True, default=str).encode())
    for weight in model.network.weights:
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()


def _without_modules(config: Any) -> Any:
    if isinstance(config, dict):
        return {key: _without_modules(value) for key, value in config.items() if key != "module"}
    return [_without_modules(value) for value in config] if isinstance(config, list | tuple) else config


def weights_hash(network: keras.Model) -> str:
    """Hash (sha256) of a network's weights without its dropout rates, on which domain limits do not depend.

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
            digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()
