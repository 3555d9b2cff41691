"""A check of a network against the contract that `gampen_tf.networks` states."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator

import keras

from ..layers.heads import HEADS, GaussianHead, find_head
from ..layers.keras_graph import made_by, nested_layers
from ..layers.monte_carlo_dropout import dropout_layers
from .precision import dtype_policy
from .registry import find

__all__ = ["check"]

_BESIDE = ("psf", "noise")
_RATES = (0.25, 0.375)  # of dropout, of the two networks that are built and compared
_KERAS_REASON = "Exception encountered: "
_KERAS_DROPOUT = (keras.layers.Dropout, keras.layers.AlphaDropout, keras.layers.GaussianDropout)


def check(
    network: str | Callable[..., keras.Model], image_shape: tuple[int, int, int], n_parameters: int = 3, **options
) -> list[str]:
    """List the faults of a network: where it breaks the contract of :mod:`gampen_tf.networks`.

    >>> networks.check(my_network, (64, 64, 1))
    ["layer 'drop' is Keras's Dropout, which is off when a network predicts; use MonteCarloDropout"]

    Parameters
    ----------
    network : str or callable
        A registered name, or the function of a network.
    image_shape : (int, int, int)
        Height, width, channels. The network is built a few times for it.
    n_parameters : int, optional
    **options
        Of the network, as for `gampen_tf.networks.build`: those that make it small. With ``head`` that head alone is
        tried. Else all heads are tried one after the other, up to the first with faults: those of the next are
        mostly the same.

    Returns
    -------
    list of str
        The faults, a sentence each; none for a network that keeps the contract.
    """
    function = find(network).function if isinstance(network, str) else network
    takes = inspect.signature(function).parameters
    faults = list(_faults_of_signature(takes))
    if "head" not in takes:
        return faults + _faults_of_build(function, tuple(image_shape), n_parameters, GaussianHead(), options)
    heads = [find_head(options["head"])] if "head" in options else HEADS.values()
    for head in heads:
        chosen = {**options, "head": head.name}
        found = _faults_of_build(function, tuple(image_shape), n_parameters, head, chosen)
        if found:
            return faults + found
    return faults


def _faults_of_build(function, image_shape, n_parameters, head, options) -> list[str]:
    """Faults of the network that a function builds with a head."""
    has_rate = "dropout_rate" in inspect.signature(function).parameters
    first, second = ({**options, "dropout_rate": rate} if has_rate else options for rate in _RATES)
    try:
        built = function(image_shape, n_parameters, **first)
        with dtype_policy("mixed_bfloat16"):
            lowered = function(image_shape, n_parameters, **second)
    except Exception as error:
        return [
            f"it cannot be built for images of {image_shape} and a {head.name} head: "
            f"{type(error).__name__}: {_reason(error)}"
        ]
    if not isinstance(built, keras.Model) or not hasattr(built, "operations"):
        return [f"it is a {type(built).__name__} without a graph; make a functional keras.Model"]
    faults = [
        *_faults_of_inputs(built, image_shape),
        *_faults_of_head(built, lowered, head, n_parameters),
        *_faults_of_dropout(built),
        *(_faults_of_rates(built, lowered, head) if has_rate else ()),
        *_faults_of_statistics(built),
        *_faults_of_layers(built),
    ]
    return list(dict.fromkeys(faults))


def _faults_of_signature(takes) -> Iterator[str]:
    first = list(takes)[:2]
    if first != ["image_shape", "n_parameters"]:
        yield f"its first arguments are {first}; expected image_shape and n_parameters"
    for name in list(takes)[2:]:
        default = takes[name].default
        if default is inspect.Parameter.empty:
            yield f"option {name!r} has no default: the network cannot be built by its name alone"
        elif not _is_plain(default):
            yield f"the default of option {name!r} is not plain data, which alone can be kept with a model"
    if "dropout_rate" not in takes:
        yield "it has no option 'dropout_rate', which training sets"
    if "head" not in takes:
        yield "it has no option 'head', and cannot be trained for values alone"


def _faults_of_inputs(network, image_shape) -> Iterator[str]:
    inputs = [tensor.name for tensor in network.inputs]
    shapes = {tensor.name: tuple(tensor.shape[1:]) for tensor in network.inputs}
    if "images" not in inputs or not set(inputs) <= {"images", *_BESIDE}:
        yield f"its inputs are named {inputs}; expected 'images', and of {', '.join(map(repr, _BESIDE))} what it takes"
    elif shapes["images"] != image_shape:
        yield f"it takes images of {shapes['images']} where {image_shape} were asked for"
    if "psf" in shapes and (len(shapes["psf"]) != 3 or shapes["psf"][-1] != 1):
        yield f"its input 'psf' has the shape {shapes['psf']}; expected one channel: (h, w, 1)"
    if "noise" in shapes and (shapes["noise"] != (1,) or image_shape[-1] != 1):
        yield (
            f"its input 'noise' has the shape {shapes['noise']} for images of {image_shape[-1]} bands; expected (1,), "
            "beside images of one band"
        )


def _faults_of_head(network, lowered, head, n_parameters) -> Iterator[str]:
    shapes = [tuple(tensor.shape[1:]) for tensor in network.outputs]
    size = head.n_outputs(n_parameters)
    if shapes != [(size,)]:
        yield (
            f"its outputs have the shapes {shapes}; a {head.name} head for {n_parameters} parameters has [({size},)]: "
            "give the last layer find_head(head).n_outputs(n_parameters) outputs"
        )
    last = made_by(network.outputs[0])
    if last is None or last.operation.name != "head":
        yield "its last layer is not named 'head', by which fine-tuning finds it"
    if any(tensor.dtype != "float32" for tensor in [*network.outputs, *lowered.outputs]):
        yield "its head computes in the type of the dtype policy; give the last layer dtype='float32'"


def _faults_of_dropout(network) -> Iterator[str]:
    kerass = [layer for layer in nested_layers(network) if isinstance(layer, _KERAS_DROPOUT)]
    for layer in kerass:
        yield (
            f"layer {layer.name!r} is Keras's {type(layer).__name__}, which is off when a network predicts; "
            "use MonteCarloDropout"
        )
    indices = [layer.index for layer in dropout_layers(network)]
    if not indices and not kerass:
        yield "it has no MonteCarloDropout: all its passes are the same; apply numbered_dropout(dropout_rate)"
    if len(set(indices)) < len(indices):
        yield f"its dropout layers have the indices {indices}; each needs one of its own"


def _faults_of_rates(network, other, head) -> Iterator[str]:
    # some layers may have a rate of their own, by another option; values alone may be measured without dropout
    rates, others = ([float(layer.rate) for layer in dropout_layers(one)] for one in (network, other))
    if rates and rates == others and (head.has_width or any(rates)):
        yield f"its dropout layers have the rates {rates} whatever 'dropout_rate' is; give it to numbered_dropout"


def _faults_of_statistics(network) -> Iterator[str]:
    for layer in nested_layers(network):
        if not isinstance(layer, keras.layers.Normalization):
            continue
        if layer not in network.layers:
            yield f"normalisation {layer.name!r} is inside another model, where its statistics are not fitted"
        elif keras.Model(network.inputs, layer.input).trainable_variables:
            yield f"normalisation {layer.name!r} comes after weights, with which its statistics would change"


def _faults_of_layers(network) -> Iterator[str]:
    faults = list(_faults_of_code(network))
    yield from faults
    # code that is not loaded from a file cannot be made again either
    if not faults:
        try:
            type(network).from_config(json.loads(json.dumps(network.get_config())))
        except Exception as error:
            yield (
                f"it cannot be made again from its configuration: {_reason(error)}; let get_config of each layer of "
                "your own give all arguments of its __init__"
            )


def _faults_of_code(network) -> Iterator[str]:
    for layer in nested_layers(network):
        kind = type(layer)
        is_kerass = kind.__module__.startswith("keras.")
        if isinstance(layer, keras.layers.Lambda):
            yield f"layer {layer.name!r} is a Lambda, which is not loaded from a file; write a layer of its own"
        elif not is_kerass and not keras.saving.get_registered_name(kind).startswith("gampen_tf>"):
            yield f'{kind.__name__} is not registered; write @keras.saving.register_keras_serializable("gampen_tf")'


def _reason(error) -> str:
    """The line of an error's text with the reason."""
    lines = [line.strip().rstrip(".") for line in str(error).splitlines() if line.strip()]
    # Keras puts whole configurations before it
    reasons = [line for line in lines if line.startswith(_KERAS_REASON)]
    return reasons[-1].removeprefix(_KERAS_REASON) if reasons else lines[0] if lines else "no message"


def _is_plain(value):
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True
