"""The graph of a functional Keras model: its calls in order, the call that made a tensor, the layers inside layers.

Keras has no public way to these. Its private names stand in this file alone, and a test tries each of them.
"""

from __future__ import annotations

import keras

__all__ = ["calls", "made_by", "nested_layers", "replay"]


def calls(model: keras.Model) -> list:
    """The calls of a model's operations, each after those it depends on.

    Returns
    -------
    list of Keras nodes
        With ``operation``, ``input_tensors``, ``outputs`` and ``arguments``; the inputs of the model are not among
        them.
    """
    by_depth = model._nodes_by_depth
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth] if not node.is_input]


def made_by(tensor):
    """The call that made a symbolic tensor; None for an input of the model."""
    operation, number, _ = tensor._keras_history
    node = operation._inbound_nodes[number]
    return None if node.is_input else node


def replay(node, value):
    """Call a node's operation again, on other tensors.

    Parameters
    ----------
    node : Keras node
    value : dict
        New tensors by the ``id`` of those that they stand for; what the node makes is added.
    """
    args, kwargs = node.arguments.fill_in(value)
    outputs = keras.tree.flatten(node.operation(*args, **kwargs))
    value.update((id(old), new) for old, new in zip(node.outputs, outputs, strict=True))


def nested_layers(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """A layer or model, and all layers inside it at any depth."""
    return list(layer._flatten_layers())
