"""Networks by name."""

import keras
import pytest
from toy_data import small_network

from gampen_tf import networks
from gampen_tf.networks import registry
from gampen_tf.training import PRESETS


@pytest.fixture
def only_small():
    with registry.temporarily({"small": small_network}):
        yield


def test_unknown_networks_are_refused():
    for ask in (networks.find, networks.options_of, lambda name: networks.build(name, (64, 64, 1), 3)):
        with pytest.raises(ValueError, match=r"no network 'gamornet'; there are compact, .*gampen"):
            ask("gamornet")


PUBLISHED = {
    "compact": "modern",
    "deeplegato1": "deeplegato",
    "deeplegato2": "deeplegato",
    "galnet1": "galnet",
    "galnet2": "galnet",
    "gampen": "gampen",
    "workshop": "workshop",
}


def test_every_network_has_its_preset_and_stretch():
    known = {name: networks.find(name) for name in networks.names()}
    stretch_inside = {name for name, network in known.items() if network.stretch_inside}
    assert stretch_inside.intersection(PUBLISHED) == {"compact", "galnet1", "galnet2"}
    presets = {name: network.preset for name, network in known.items()}
    assert PUBLISHED.items() <= presets.items()
    assert set(presets.values()) <= set(PRESETS)


def test_a_network_says_what_a_user_may_leave_out():
    informed, galnet2 = networks.find("informed"), networks.find("galnet2")
    assert (informed.optional, informed.fills_masked) == (("psf", "noise"), True)
    assert (galnet2.optional, galnet2.fills_masked) == ((), False)


def test_one_function_may_have_several_names():
    assert networks.options_of("deeplegato1")["architecture"] == 1
    assert networks.options_of("deeplegato2")["architecture"] == 2
    assert networks.options_of("deeplegato2", {"architecture": 1, "noise": 0.0})["architecture"] == 1


@pytest.mark.usefixtures("only_small")
def test_a_network_is_there_once_it_is_registered():
    @networks.register("narrow", fixed={"units": 4}, preset="galnet", stretch_inside=True, paper="none")
    def build(image_shape, n_parameters, dropout_rate=0.05, head="gaussian", units=16):
        return small_network(image_shape, n_parameters, dropout_rate, head, units)

    assert networks.names() == ["narrow", "small"]
    assert networks.find("narrow").preset == "galnet"
    network = networks.build("narrow", [15, 15, 1], 2, head="point")
    assert network.get_layer("hidden").units == 4
    assert network.output_shape == (None, 2)
    assert networks.options_of("narrow", {"head": "point"}) == {"dropout_rate": 0.05, "head": "point", "units": 4}
    networks.register("narrow")(build)  # a cell of a notebook that is run again
    with pytest.raises(ValueError, match="there is a network 'narrow' already"):
        networks.register("narrow")(small_network)


@pytest.mark.usefixtures("only_small")
def test_a_network_without_heads_has_the_gaussian_one():
    def old(image_shape, n_parameters):
        return small_network(image_shape, n_parameters)

    with registry.temporarily({"old": old, "small": small_network}):
        assert networks.options_of("old", {"head": "gaussian"}) == {}
        with pytest.raises(ValueError, match="'old' has no point head; there are small"):
            networks.options_of("old", {"head": "point"})


def test_networks_are_others_for_a_time_alone():
    before = networks.names()
    with registry.temporarily({"small": small_network}):
        assert networks.names() == ["small"]
    assert networks.names() == before
    with pytest.raises(ValueError, match="there are small"), registry.temporarily({"small": small_network}):
        networks.find("compact")
    assert networks.names() == before


def test_a_layer_may_stand_between_convolutions_once_a_network_names_it():
    kind = keras.layers.LeakyReLU
    assert kind not in registry.between_convolutions()
    with registry.temporarily({"leaky": registry.Network(small_network, between_convolutions=(kind,))}):
        assert kind in registry.between_convolutions()
