"""The graph of a Keras model, and the private names of Keras that it is read by."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest

import gampen_tf
from gampen_tf.layers.keras_graph import calls, made_by, nested_layers, replay

PACKAGE = Path(gampen_tf.__file__).parent
#: Private names of Keras, and what of them is private enough to go without notice.
PRIVATE = ("_nodes_by_depth", "_keras_history", "_inbound_nodes", "_flatten_layers", "fill_in")


@pytest.fixture
def model():
    images = keras.Input((4,), name="images")
    x = keras.layers.Dense(3, name="first")(images)
    block = keras.Sequential([keras.layers.Dense(2, name="inner")], name="block")
    y = block(keras.ops.tanh(x))
    return keras.Model(images, keras.layers.Concatenate(name="both")([x, y]))


def test_calls_are_in_order_and_without_inputs(model):
    names = [node.operation.name for node in calls(model)]
    assert names[0] == "first"
    assert names[-2:] == ["block", "both"]
    assert len(names) == 4
    made = {id(tensor) for tensor in model.inputs}
    for node in calls(model):
        assert all(id(tensor) in made for tensor in node.input_tensors)
        made.update(id(tensor) for tensor in node.outputs)


def test_what_made_a_tensor(model):
    last = made_by(model.outputs[0])
    assert last.operation.name == "both"
    assert made_by(last.input_tensors[0]).operation.name == "first"
    assert made_by(model.inputs[0]) is None


def test_calls_can_be_played_again_on_other_tensors(model):
    images = keras.Input((4,), name="other")
    value = {id(model.inputs[0]): images}
    for node in calls(model):
        replay(node, value)
    again = keras.Model(images, value[id(model.outputs[0])])
    x = np.linspace(-1, 1, 8).reshape(2, 4)
    np.testing.assert_array_equal(again(x), model(x))


def test_layers_inside_layers_are_found(model):
    names = {layer.name for layer in nested_layers(model)}
    assert {model.name, "first", "block", "inner", "both"} <= names
    assert nested_layers(model.get_layer("first")) == [model.get_layer("first")]


def test_keras_still_has_the_private_names(model):
    """One assertion a name: a release of Keras without it is to be refused in setup.cfg, or keras_graph rewritten."""
    tensor, layer = model.outputs[0], model.get_layer("first")
    why = f"Keras {keras.__version__} has no {{}}, by which gampen_tf.layers.keras_graph reads networks"
    for owner, name in ((model, "_nodes_by_depth"), (tensor, "_keras_history")):
        assert hasattr(owner, name), why.format(f"{type(owner).__name__}.{name}")
    for name in ("_inbound_nodes", "_flatten_layers"):
        assert hasattr(layer, name), why.format(f"Layer.{name}")
    (node,) = layer._inbound_nodes
    for name in ("is_input", "operation", "input_tensors", "outputs", "arguments"):
        assert hasattr(node, name), why.format(f"Node.{name}")
    assert hasattr(node.arguments, "fill_in"), why.format("SymbolicArguments.fill_in")
    assert len(tensor._keras_history) == 3, why.format("triple (operation, node, tensor) in _keras_history")


def test_no_other_file_has_the_private_names():
    pattern = re.compile("|".join(PRIVATE))
    found = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if pattern.search(path.read_text())}
    assert found == {"layers/keras_graph.py"}
