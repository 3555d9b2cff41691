"""Combination of models that measure different parameters of the same images.

>>> names = [f"candels_f160w_deeplegato_{name}" for name in ("magnitude", "semi_major_axis")]
>>> gampen_tf.predict("stamps/*.fits", model=names).to_table()             # one table
>>> gampen_tf.combine(names).save("runs/deeplegato")                       # one directory, for the command line
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import keras
import numpy as np

from ..core.label_scaler import LabelScaler
from ..core.parameters import ParameterSet
from ..io.files import PathLike
from ..layers.monte_carlo_dropout import MonteCarloDropout, dropout_layers
from ..networks.precision import refresh_normalisations
from .loading import load_model
from .model import Model

__all__ = ["ModelLike", "as_model", "combine"]

#: What `as_model` takes: a model, its name or directory, or several to be combined.
ModelLike: TypeAlias = Model | PathLike | Sequence[Model | PathLike]

_SHARED = (
    "head",
    "stretch",
    "image_shape",
    "pixel_scale",
    "pixel_unit",
    "zero_point",
    "band",
    "psf_shape",
    "optional_inputs",
    "fills_masked",
    "scale_free",
)


def combine(models: Sequence[Model | PathLike]) -> Model:
    """Combine models to one that measures the parameters of all.

    Parameters
    ----------
    models : sequence of Model, name or path
        With point heads, for the same kind of images, each for other parameters.

    Returns
    -------
    Model
        Its parameters are those of the first, then those of the second, and so on.

    Raises
    ------
    ValueError
        If they take different images, measure a parameter twice, have posteriors (Gaussian heads, or those of dropout
        alone), whose covariances between networks are unknown, or recalibrations.
    """
    loaded = [model if isinstance(model, Model) else load_model(model) for model in models]
    if not loaded:
        raise ValueError("no models to combine; expected one or more")
    first, scalers = loaded[0], [model.scaler for model in loaded]
    for model in loaded:
        for key in _SHARED:
            if getattr(model, key) != getattr(first, key):
                raise ValueError(
                    f"models that differ in {key} cannot be combined: {getattr(first, key)!r} of {first.name!r}, "
                    f"{getattr(model, key)!r} of {model.name!r}"
                )
        if model.dropout_posterior:
            raise ValueError(f"model {model.name!r} measures with dropout on; expected values alone")
        if model.head.has_width or model.calibration is not None:
            raise ValueError(f"model {model.name!r} has a Gaussian head or a calibration; expected a point head alone")
    parameters = ParameterSet(parameter for scaler in scalers for parameter in scaler.parameters)
    mean, scale = (np.concatenate([getattr(scaler, key) for scaler in scalers]) for key in ("mean", "scale"))
    return Model(
        network=_side_by_side([model.network for model in loaded]),
        scaler=LabelScaler(parameters, mean, scale),
        label_scaling="range" if all(model.label_scaling == "range" for model in loaded) else "standard",
        provenance={"combined": [{"name": model.name, "provenance": model.provenance} for model in loaded]},
        name=" + ".join(model.name for model in loaded),
        **{key: getattr(first, key) for key in _SHARED},
    )


def _side_by_side(networks: Sequence[keras.Model]) -> keras.Model:
    """One flat graph with copies of the networks on the same inputs; layers keep their names behind a number."""
    inputs = keras.tree.map_structure(
        lambda tensor: keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name), networks[0].input
    )
    outputs, n_dropouts = [], 0
    for number, network in enumerate(networks, start=1):

        def anew(layer: keras.Layer, number: int = number, first_dropout: int = n_dropouts) -> keras.Layer:
            config = layer.get_config()
            config["name"] = f"network{number}_{layer.name}"
            if isinstance(layer, MonteCarloDropout):
                config["index"] += first_dropout  # its masks are no others' masks
            return type(layer).from_config(config)

        copy = keras.models.clone_model(network, input_tensors=inputs, clone_function=anew)
        for new, old in zip(copy.variables, network.variables, strict=True):
            new.assign(old)
        outputs.append(copy.output)
        n_dropouts += len(dropout_layers(network))
    together = keras.layers.Concatenate(dtype="float32", name="together")(outputs) if len(outputs) > 1 else outputs[0]
    network = keras.Model(inputs, together, name="combined")
    refresh_normalisations(network)
    return network


def as_model(model: ModelLike) -> Model:
    """A model from what names it: a loaded model as it is, a name or path loaded, a list combined."""
    if isinstance(model, Model):
        return model
    if isinstance(model, Sequence) and not isinstance(model, str):
        return combine(model)
    return load_model(model)
