"""The contract of networks: ours keep it, and each fault of one that does not is named."""

import re

import keras
import pytest
from toy_data import small_network
from toy_inputs import told_network

from gampen_tf import networks
from gampen_tf.layers import MonteCarloDropout, find_head, numbered_dropout

SHAPE = (16, 16, 1)


@pytest.mark.parametrize(("name", "side"), [("galnet1", 32), ("galnet2", 32)])
def test_galnets_keep_the_contract(name, side):
    assert networks.check(name, (side, side, 1), filters=(4, 4), units=(8, 8)) == []


def test_a_network_of_ones_own_keeps_the_contract():
    assert networks.check(small_network, (15, 15, 1)) == []
    assert networks.check(told_network, (15, 15, 1)) == []
    assert "beside images of one band" in networks.check(two_bands, (15, 15, 2), head="gaussian")[0]


def two_bands(image_shape, n_parameters, dropout_rate=0.1, head="gaussian"):
    return told_network(image_shape, n_parameters, dropout_rate, head)


def network(image_shape, n_parameters, dropout_rate=0.1, head="gaussian", *, fault=None):
    """A network with one fault."""
    shape = (8, 8, 1) if fault == "shape" else image_shape
    images = keras.Input(shape, name="pictures" if fault == "input" else "images")
    x = keras.layers.Flatten()(images)
    inputs = {"images": images}
    if fault in ("psf", "noise"):
        beside = keras.Input((8, 8) if fault == "psf" else (3,), name=fault)
        inputs[fault] = beside
        x = keras.layers.Concatenate()([x, keras.layers.Flatten()(beside)])
    if fault == "lambda":
        x = keras.layers.Lambda(lambda x: 2 * x, name="twice")(x)
    if fault == "foreign":
        x = Foreign()(x)
    if fault == "nested":
        x = keras.Sequential([keras.layers.Normalization(name="standardised")], name="block")(x)
    x = keras.layers.Dense(4, name="dense")(x)
    if fault == "late":
        x = keras.layers.Normalization(name="standardised")(x)
    dropout = numbered_dropout(0.1 if fault == "rate" else dropout_rate)
    if fault == "keras dropout":
        x = keras.layers.Dropout(dropout_rate, name="drop")(x)
    if fault == "same index":
        x = MonteCarloDropout(dropout_rate, index=0)(x)
    if fault != "no dropout":
        x = dropout(x)
    n_outputs = find_head(head).n_outputs(n_parameters) + (fault == "size")
    policy = None if fault == "type" else "float32"
    last = keras.layers.Dense(n_outputs, name="last" if fault == "name" else "head", dtype=policy)
    return keras.Model(inputs if len(inputs) > 1 else images, last(x))


class Foreign(keras.layers.Layer):
    """Registered by nobody."""

    def call(self, x):
        return x


def test_without_a_fault_there_is_none():
    assert networks.check(network, SHAPE) == []


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("shape", r"takes images of \(8, 8, 1\) where \(16, 16, 1\)"),
        ("input", r"inputs are named \['pictures'\]; expected 'images'"),
        ("psf", r"input 'psf' has the shape \(8, 8\); expected one channel"),
        ("noise", r"input 'noise' has the shape \(3,\) for images of 1 bands; expected \(1,\)"),
        ("lambda", "layer 'twice' is a Lambda"),
        ("foreign", "Foreign is not registered"),
        ("nested", "normalisation 'standardised' is inside another model"),
        ("late", "normalisation 'standardised' comes after weights"),
        ("keras dropout", "layer 'drop' is Keras's Dropout, which is off when a network predicts"),
        ("same index", r"dropout layers have the indices \[0, 0\]"),
        ("rate", r"have the rates \[0\.1\d*\] whatever 'dropout_rate' is"),
        ("no dropout", "has no MonteCarloDropout"),
        ("size", r"shapes \[\(10,\)\]; a gaussian head for 3 parameters has \[\(9,\)\]"),
        ("type", "give the last layer dtype='float32'"),
        ("name", "last layer is not named 'head'"),
    ],
)
def test_each_fault_is_a_sentence(fault, sentence):
    (found,) = networks.check(network, SHAPE, fault=fault)
    assert re.search(sentence, found)


def test_a_fault_of_one_head_alone_is_found():
    def build(image_shape, n_parameters, dropout_rate=0.1, head="gaussian"):
        return network(image_shape, n_parameters, dropout_rate, head, fault="name" if head == "point" else None)

    assert networks.check(build, SHAPE, head="gaussian") == []
    (found,) = networks.check(build, SHAPE)
    assert "not named 'head'" in found


@keras.saving.register_keras_serializable("gampen_tf")
class Forgetful(keras.layers.Layer):
    """Its configuration lacks an argument that it needs."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return {key: value for key, value in super().get_config().items() if key != "factor"}


def test_a_layer_that_cannot_be_made_again_is_told_in_one_sentence():
    def build(image_shape, n_parameters, dropout_rate=0.1, head="gaussian"):
        images = keras.Input(image_shape, name="images")
        x = numbered_dropout(dropout_rate)(Forgetful(2.0)(keras.layers.Flatten()(images)))
        size = find_head(head).n_outputs(n_parameters)
        return keras.Model(images, keras.layers.Dense(size, name="head", dtype="float32")(x))

    (found,) = networks.check(build, SHAPE)
    assert "from its configuration: Forgetful.__init__() missing 1 required positional argument: 'factor';" in found
    assert "\n" not in found


def test_faults_of_the_function_are_named():
    def build(n_parameters, image_shape, filters, callback=print):
        return network(image_shape, n_parameters)

    found = " ".join(networks.check(build, SHAPE, filters=3))
    for part in (
        "first arguments are",
        "'filters' has no default",
        "'callback' is not plain",
        "'dropout_rate'",
        "'head'",
    ):
        assert part in found


def test_what_cannot_be_built_or_has_no_graph_is_told():
    def broken(image_shape, n_parameters, dropout_rate=0.1, head="gaussian"):
        raise RuntimeError("too small")

    class Subclassed(keras.Model):
        pass

    assert (
        "cannot be built for images of (16, 16, 1) and a gaussian head: RuntimeError: too small"
        in networks.check(broken, SHAPE)[0]
    )
    found = networks.check(lambda image_shape, n_parameters, dropout_rate=0.1, head="gaussian": Subclassed(), SHAPE)
    assert found == ["it is a Subclassed without a graph; make a functional keras.Model"]
