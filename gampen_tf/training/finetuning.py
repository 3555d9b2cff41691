"""Fine-tuning of a trained network on other galaxies: another survey, another band, real after simulated ones.

>>> model = gampen_tf.finetune("hsc_wide_g", "data/my_survey", "runs/my_survey", trainable=["hidden", "head"])

Which layers start from the model's weights (`load`) and which of them learn (`trainable`) are patterns of layer names,
as ``print(*[layer.name for layer in model.network.layers])`` shows them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

import keras
import numpy as np

from .. import networks
from ..core.label_scaler import LabelScaler
from ..layers.monte_carlo_dropout import MonteCarloDropout, dropout_layers, set_dropout_rate
from ..models.combination import as_model
from ..models.model import Model
from ..networks.precision import refresh_normalisations
from .devices import find_strategy
from .network_building import build_network, checked_seed
from .network_training import open_or_simulate, train_network
from .presets import find_preset
from .targets import find_parameters, split_truth

if TYPE_CHECKING:
    import tensorflow as tf

    from ..core.parameters import ParameterSet
    from ..core.stretch import Stretch
    from ..data.joined import DataLike
    from ..io.files import PathLike
    from ..models.combination import ModelLike
    from ..networks.precision import Precision
    from .augmentation import Augmentation
    from .preset import Preset

__all__ = ["finetune"]

# A trained network forgets at the rate that a new one learns at.
_RATE_FRACTION = 0.1


def finetune(
    model: ModelLike,
    data: DataLike,
    output: PathLike | None = None,
    *,
    load: Literal["all", "matching"] | Sequence[str] = "all",
    trainable: Literal["all"] | Sequence[str] = "all",
    scaler: Literal["keep", "refit"] = "keep",
    n_images: int | None = None,
    parameters: ParameterSet | Sequence[str] | None = None,
    preset: str | Preset | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    dropout_rate: float | None = None,
    stretch: Stretch | None = None,
    augment: Augmentation | Literal["auto"] | None = "auto",
    seed: int = 0,
    precision: Precision = "auto",
    strategy: Literal["auto", "none"] | tf.distribute.Strategy = "auto",
    resume: bool = True,
    tensorboard: bool = False,
    progress_bar: bool = True,
) -> Model:
    """Fine-tune a model on other data.

    Parameters
    ----------
    model : Model, name or path, or list of them
    data : path, DataSet, list of them, or name of a recipe
        As for :func:`gampen_tf.train`.
    output : path, optional
    load : "all", "matching" or sequence of patterns
        Layers that start from the model's weights; the others start anew.  "matching": all whose shapes are the same,
        for images of another size or other parameters.
    trainable : "all" or sequence of patterns
        Layers that learn; the others stay as they are loaded.
    scaler : {"keep", "refit"}
        Labels standardised as the model's, or with the mean and scale of the new training split.  What is kept suits
        weights that are kept; refit where the values are of quite another range, or the parameters are others.
    parameters : ParameterSet or sequence of names, optional
        With ``scaler="refit"``; by default the model's.
    preset : str or Preset, optional
        By default the one that goes with the network, with the objective that the model was trained for. With another
        objective the head is another too: give ``load="matching"``.
    learning_rate : float, optional
        By default a tenth of the preset's.
    dropout_rate : float, optional
        By default the model's.
    stretch : Stretch, optional
        By default the model's.
    n_images, epochs, batch_size, augment, seed, precision, strategy, resume, tensorboard, progress_bar
        As for :func:`gampen_tf.train`.

    Returns
    -------
    Model
        Its provenance names the layers that were loaded and trained, and holds that of the model it came from.

    Raises
    ------
    ValueError
        If a pattern fits no layer, or the weights of a layer to load do not fit; for images, parameters or an objective
        that a network which cannot be built anew does not take.

    Notes
    -----
    The network is built from the options that are kept with the model. Where today's code makes another one of them, or
    none, the model's own graph is copied, in float32; it takes images and parameters of the same number alone.
    """
    base = as_model(model)
    seed = checked_seed(seed)
    dataset = open_or_simulate(data, output, n_images, seed, progress_bar)
    name, options = base.network_name, dict(base.network_options)
    if dropout_rate is not None:
        options["dropout_rate"] = dropout_rate
    if preset is None:
        delta = {} if base.huber_delta is None else {"huber_delta": base.huber_delta}
        preset = find_preset(None, name, objective=base.objective, **delta)
    if learning_rate is None:
        learning_rate = _RATE_FRACTION * find_preset(preset, name).learning_rate
    preset = find_preset(preset, name, epochs=epochs, batch_size=batch_size, learning_rate=learning_rate)
    options["head"] = preset.head.name
    new_scaler = _scaler(base, dataset, scaler, parameters, preset.objective)

    strategy = find_strategy(strategy)
    network, precision = _rebuild(base, dataset, new_scaler, name, options, preset.head, seed, precision, strategy)
    _set_rates(network, base.network, dropout_rate)
    loaded = _load(network, base.network, load)
    refresh_normalisations(network)
    frozen = _freeze(network, trainable)
    _reseed(network, seed)
    tuned = train_network(
        network,
        dataset,
        new_scaler,
        stretch or base.stretch,
        preset,
        output,
        settings={
            "network": name,
            "network_options": options,
            "precision": precision,
            "finetuned_from": base.name,
            "loaded_layers": loaded,
            "frozen_layers": frozen,
            "scaler_kept": scaler == "keep",
        },
        # a scaler that is fitted again standardises, whatever the model's own did
        label_scaling=base.label_scaling if scaler == "keep" else "standard",
        augment=augment,
        seed=seed,
        strategy=strategy,
        resume=resume,
        tensorboard=tensorboard,
        progress_bar=progress_bar,
        before=base.provenance,
        optional_inputs=base.optional_inputs,
        fills_masked=base.fills_masked,
    )
    return tuned


def _scaler(base, dataset, scaler, parameters, objective):
    if scaler not in ("keep", "refit"):
        raise ValueError(f"scaler {scaler!r}; expected 'keep' or 'refit'")
    if scaler == "keep":
        if parameters is not None:
            raise ValueError("other parameters need another scaler: give scaler='refit'")
        return base.scaler
    censored = objective == "censored_gaussian_nll"
    parameters = base.parameters if parameters is None else find_parameters(dataset, parameters, censored=censored)
    return LabelScaler.fit(parameters, split_truth(dataset, "train", parameters.names))


def _rebuild(base, dataset, scaler, name, options, head, seed, precision, strategy):
    """A new network like the model's for a data set and a scaler, and its precision."""
    wanted = tuple(dataset.image_shape), len(scaler.parameters), head
    is_same_kind = wanted == (base.image_shape, len(base.parameters), base.head)
    if name in networks.names():
        built, computed_in = build_network(name, *wanted[:2], options, seed, precision, strategy)
        if not is_same_kind or _architecture(built) == _architecture(base.network):
            return built, computed_in
    if not is_same_kind:
        raise ValueError(
            f"model {base.name!r} is for images of {base.image_shape} and {len(base.parameters)} parameters, found "
            f"{wanted[0]} and {wanted[1]} (heads: {base.head.name} and {head.name}); its network is none of "
            f"{', '.join(networks.names())}, which could be built for others"
        )
    if precision == "bfloat16":
        raise ValueError(f"model {base.name!r}: its network is none that can be built in {precision}; leave it out")
    with strategy.scope():
        return keras.models.clone_model(base.network), "float32"


# What may differ between a network as it is built and as it was saved; copies in another arithmetic note "training".
_NOT_ARCHITECTURE = (
    "dtype",
    "seed",
    "rate",
    "build_config",
    "module",
    "registered_name",
    "trainable",
    "training",
    "name",
)


def _architecture(network):
    """The graph of a network as plain data: layers, their settings, and what is connected to what."""

    def plain(entry):
        if isinstance(entry, dict):
            return {
                key: plain(value)
                for key, value in entry.items()
                if key not in _NOT_ARCHITECTURE and not key.endswith(("_initializer", "_regularizer"))
            }
        return [plain(one) for one in entry] if isinstance(entry, list | tuple) else entry

    return plain(network.get_config())


def _set_rates(network, base, dropout_rate):
    if dropout_rate is not None:
        set_dropout_rate(network, dropout_rate)
        return
    rates = {layer.name: layer.rate for layer in dropout_layers(base)}
    for layer in dropout_layers(network):
        # the model's may have been chosen after its training
        if layer.name in rates:
            layer.rate.assign(rates[layer.name])


def _load(network, base, load):
    """Copy weights layer by layer; names of the layers that got them."""
    sources = {layer.name: layer for layer in base.layers if layer.weights}
    targets = {layer.name: layer for layer in network.layers if layer.weights}
    names = [name for name in targets if name in sources]
    if load not in ("all", "matching"):
        names = _matching(load, names, "load")
    elif load == "all":
        names = list(targets)
    loaded = []
    for name in names:
        new = [tuple(weight.shape) for weight in targets[name].weights]
        old = [tuple(weight.shape) for weight in sources[name].weights] if name in sources else "none"
        if new == old:
            for target, source in zip(targets[name].weights, sources[name].weights, strict=True):
                # the rate of a dropout is a setting of this run, not something learned
                if source.trainable or not isinstance(targets[name], MonteCarloDropout):
                    target.assign(source)
            loaded.append(name)
        elif load != "matching":
            raise ValueError(
                f"layer {name!r}: the model's weights have shapes {old}, the new network needs {new}; give "
                "load='matching' to load only the layers that fit, or patterns of those to load"
            )
    return loaded


def _freeze(network, trainable):
    """Let only the layers that fit learn; names of the others."""
    names = [layer.name for layer in network.layers if layer.trainable_variables]
    learning = names if trainable == "all" else _matching(trainable, names, "trainable")
    for name in set(names) - set(learning):
        network.get_layer(name).trainable = False
    return [name for name in names if name not in learning]


def _matching(patterns, names, argument):
    patterns = [patterns] if isinstance(patterns, str) else list(patterns)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ValueError(f"{argument}: pattern {pattern!r} fits no layer; there are {', '.join(names)}")
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]


def _reseed(network, seed):
    # a clone has the seeds of its original; this run's are functions of its own seed
    for i, variable in enumerate(v for v in network.variables if v.path.endswith("seed_generator_state")):
        state = np.random.SeedSequence([seed, i]).generate_state(1)
        variable.assign(np.array([state[0], 0], variable.dtype))
