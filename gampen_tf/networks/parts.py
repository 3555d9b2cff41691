"""Parts of a functional network that share its graph and weights: localisation, features, front and back.

Much of a network gives the same result again and again: in Monte Carlo dropout everything before the first
dropout is the same in every pass, and in training everything before the first weight is the same in every
epoch. `split_model` finds that part by looking at the graph, whatever the network, so that it is computed
once.
"""

from __future__ import annotations

import keras

from ..layers.keras_graph import calls, made_by, nested_layers, replay
from ..layers.spatial_transformer import SpatialTransformer

__all__ = ["feature_network", "inputs_beside", "localisation", "split_model"]


def inputs_beside(network: keras.Model) -> tuple[str, ...]:
    """Names of the inputs of a network beside "images", in their order: "noise" or "psf", both or none."""
    return tuple(tensor.name for tensor in network.inputs if tensor.name != "images")


def localisation(network: keras.Model) -> keras.Model:
    """The part of a network that predicts the crop, sharing graph and weights with the network.

    Parameters
    ----------
    network : keras.Model
        With one :class:`~.layers.SpatialTransformer`, at its top level.

    Returns
    -------
    keras.Model
        From the network's input to the parameters of the spatial transformer: (N, 1), (N, 3) or (N, 6).

    Raises
    ------
    ValueError
        If the network has none, or several, or takes more than images.
    """
    found = [layer for layer in network.layers if isinstance(layer, SpatialTransformer)]
    if len(found) != 1:
        raise ValueError(f"network {network.name!r} has {len(found)} spatial transformers; a crop needs one")
    if len(network.inputs) != 1:
        raise ValueError(f"network {network.name!r} takes {len(network.inputs)} inputs; a crop needs images alone")
    _, parameters = found[0].input
    return keras.Model(network.input, parameters, name=f"{network.name}_localisation")


def split_model(model, starts_back):
    """Split a functional model into the part before some layers and the rest.

    The front holds every operation that depends on no layer for which `starts_back` is true; the back holds
    those layers and all that follows from them. Layers are shared with `model`, not copied: weights that
    change in one change in the others. ``back(front(inputs))`` equals ``model(inputs)``.

    Parameters
    ----------
    model : keras.Model
        A functional model.
    starts_back : callable
        ``starts_back(layer) -> bool``. A nested model or wrapper goes to the back as a whole if any layer in
        it does.

    Returns
    -------
    front : keras.Model
        From the inputs of `model` to the boundary: the tensors that the back needs, one tensor if it is one,
        else a list.
    back : keras.Model
        From the boundary to the outputs of `model`.

    Raises
    ------
    TypeError
        If `model` has no graph (a subclassed model).
    """
    if not isinstance(model, keras.Model) or not hasattr(model, "operations"):
        raise TypeError(f"a functional keras.Model is needed to split its graph; {model!r} has none")
    nodes = calls(model)
    back_nodes, boundary = _divide(model, nodes, starts_back)
    front = keras.Model(model.input, _single_or_list(boundary), name=f"{model.name}_front")

    # The back's nodes are played again on new inputs. (`keras.Model(boundary, outputs)` would do so too, but
    # replaces a layer that is used on both sides of the cut by an input.)
    inputs = [
        keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=f"boundary_{i}")
        for i, tensor in enumerate(boundary)
    ]
    value = {id(old): new for old, new in zip(boundary, inputs, strict=True)}
    for node in back_nodes:
        replay(node, value)
    outputs = keras.tree.map_structure(lambda tensor: value[id(tensor)], model.output)
    back = keras.Model(_single_or_list(inputs), outputs, name=f"{model.name}_back")
    return front, back


def _divide(model, nodes, starts_back):
    """The nodes of the back, and the tensors that cross from the front to it, in the order of the graph."""
    in_back, back_nodes = set(), []
    for node in nodes:
        follows = any(id(tensor) in in_back for tensor in node.input_tensors)
        if follows or _starts(node.operation, starts_back):
            back_nodes.append(node)
            in_back.update(id(tensor) for tensor in node.outputs)
    needed = [tensor for node in back_nodes for tensor in node.input_tensors] + list(model.outputs)
    crossing = {id(tensor): tensor for tensor in needed if id(tensor) not in in_back}
    return back_nodes, list(crossing.values())


def _starts(operation, starts_back):
    if not isinstance(operation, keras.layers.Layer):
        return False  # a bare keras.ops operation holds neither weights nor randomness
    return any(starts_back(layer) for layer in nested_layers(operation))


def _single_or_list(tensors):
    return tensors[0] if len(tensors) == 1 else tensors


def feature_network(network: keras.Model) -> keras.Model:
    """The network up to the input of its last layer with weights: the features, (N, F).

    Parameters
    ----------
    network : keras.Model
        Functional, with one output.

    Raises
    ------
    ValueError
        If no layer before the output has weights.
    """
    tensor, operation = network.outputs[0], None
    while not getattr(operation, "weights", None):
        node = made_by(tensor)
        if node is None:
            raise ValueError(f"network {network.name!r} has no layer with weights")
        operation, tensor = node.operation, node.input_tensors[0]
    if len(tensor.shape) > 2:
        tensor = keras.layers.Flatten(dtype="float32")(tensor)
    # several inputs in their order, also where the network takes them by name
    inputs = network.inputs if len(network.inputs) > 1 else network.inputs[0]
    return keras.Model(inputs, tensor, name=f"{network.name}_features")
