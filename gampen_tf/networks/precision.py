"""The arithmetic of a network: float32 throughout, or convolutions in bfloat16.

bfloat16 keeps 8 bits of a number. A convolution sums hundreds or thousands of products in float32 whatever the type
of its inputs, so its error stays small, and it takes most of the time. Sums of pixels, dense layers on measured
features, the head and all that follows would lose digits, or gain nothing, and stay in the type that they were trained
in.
"""

from __future__ import annotations

import platform
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import keras

from ..layers.keras_graph import calls, nested_layers
from .registry import between_convolutions

__all__ = ["Precision", "bfloat16_is_fast", "dtype_policy", "in_bfloat16", "in_float32", "refresh_normalisations"]

#: Arithmetic that is asked for; "auto" leaves it to the device.
Precision: TypeAlias = Literal["auto", "float32", "bfloat16"]

_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)


def bfloat16_is_fast():
    """Whether the device that TensorFlow computes on has arithmetic for bfloat16.

    GPUs have it from compute capability 8.0 on. A CPU has it with AVX512-BF16 or AMX (x86) or BF16 (Arm);
    others imitate it, slower than float32.
    """
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        return all(tuple(entry.get("compute_capability", (0, 0))) >= (8, 0) for entry in details)
    information = Path("/proc/cpuinfo")
    if platform.system() != "Linux" or not information.exists():
        return False
    features = set(information.read_text(encoding="utf-8").split())
    return bool(features & {"avx512_bf16", "amx_bf16", "bf16"})


@contextmanager
def dtype_policy(name):
    """A context within which new layers have this dtype policy of Keras."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def in_float32(network):
    """The network with every layer in float32; itself, not a copy, where that is so already.

    Parameters
    ----------
    network : keras.Model
        A functional model.

    Returns
    -------
    keras.Model
    """
    if all(_is_float32(layer) for layer in nested_layers(network) if layer is not network):
        return network
    return _copy(network, lambda layer: None if _is_float32(layer) else "float32")


def in_bfloat16(network):
    """A copy of `network` whose convolutions compute in bfloat16, with the same weights.

    Layers without weights that stand before a convolution (dropout, pooling, activations) are in bfloat16 too, and
    so is an input of the network that only such layers read. Everything else keeps its type.

    Parameters
    ----------
    network : keras.Model
        A functional model, trained in float32 or mixed precision.

    Returns
    -------
    keras.Model
    """
    lowered = {id(layer) for layer in _convolutional(network)}

    def new_type(layer):
        if id(layer) not in lowered:
            return None
        # kernels are cast once, here, rather than in every call; statistics keep float32
        return "bfloat16" if isinstance(layer, _CONVOLUTIONS) else "mixed_bfloat16"

    def new_input(tensor):
        # kept in the type of its readers rather than cast in every pass
        only_lowered = all(id(reader) in lowered for reader in _readers(network, tensor))
        return keras.Input(
            batch_shape=tensor.shape, dtype="bfloat16" if only_lowered else tensor.dtype, name=tensor.name
        )

    return _copy(network, new_type, keras.tree.map_structure(new_input, network.input))


def _is_float32(layer):
    policy = getattr(layer, "dtype_policy", None)  # bare operations and inputs have no arithmetic of their own
    return policy is None or isinstance(layer, keras.layers.InputLayer) or policy.compute_dtype == "float32"


def _convolutional(network):
    """Convolutions, and what stands between them."""
    read_by_convolutions, layers = set(), []
    between = between_convolutions()
    for node in reversed(calls(network)):
        feeds = any(id(tensor) in read_by_convolutions for tensor in node.outputs)
        if isinstance(node.operation, _CONVOLUTIONS) or (feeds and isinstance(node.operation, between)):
            layers.append(node.operation)
            read_by_convolutions.update(id(tensor) for tensor in node.input_tensors)
    return layers


def _readers(network, tensor):
    """Operations that read a tensor; the network itself where it is an output."""
    readers = [node.operation for node in calls(network) if any(tensor is read for read in node.input_tensors)]
    if any(tensor is output for output in network.outputs):
        readers.append(network)
    return readers


def _copy(network, new_type, inputs=None):
    """A copy of `network`, each layer in the dtype policy ``new_type(layer)``, in its own where that is None."""

    def anew(layer):
        config = layer.get_config()
        policy = new_type(layer)
        if policy is not None:
            config["dtype"] = policy
        return type(layer).from_config(config)

    copy = keras.models.clone_model(network, input_tensors=inputs, clone_function=anew)
    for new, old in zip(copy.variables, network.variables, strict=True):
        new.assign(old)
    refresh_normalisations(copy)
    return copy


def refresh_normalisations(network):
    """Bring each ``keras.layers.Normalization`` up to date with the mean and variance in its variables.

    Keras makes constants of them in ``build`` and ``adapt``, and on loading; variables that were assigned otherwise
    would be without effect until the model is saved and loaded.
    """
    for layer in network.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()
