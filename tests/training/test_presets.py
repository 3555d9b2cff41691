"""Presets by name and by network."""

from dataclasses import replace

import numpy as np
import pytest

from gampen_tf import networks
from gampen_tf.training import PRESETS, Preset, find_loss, find_preset


def test_presets():
    paper = PRESETS["gampen"]
    assert (paper.optimizer, paper.momentum, paper.learning_rate) == ("sgd", 0.99, 5e-7)
    assert (paper.batch_size, paper.epochs, paper.l2, paper.reduction) == (16, 40, 1e-4, "sum")
    assert find_preset(None, "gampen") == paper
    assert find_preset("modern", "gampen", epochs=7) == replace(PRESETS["modern"], epochs=7)
    with pytest.raises(ValueError, match="there are gampen, modern"):
        find_preset("adam", "compact")
    with pytest.raises(ValueError, match="expected one of"):
        Preset(schedule="linear")


def test_preset_of_the_paper():
    preset = find_preset(None, "deeplegato2")
    assert (preset.head.name, preset.patience, preset.learning_rate) == ("point", 20, 1e-3)
    assert preset.label_scaling == "range"
    rate = preset.build_optimizer(1000).learning_rate
    assert float(rate) == pytest.approx(1e-3)
    losses = find_loss("mae")(np.array([[0.5], [-1.0]], np.float32), np.array([[0.0], [1.0]], np.float32))
    np.testing.assert_allclose(losses, [0.5, 2.0])
    labels, outputs = np.array([[1.0, np.nan]], np.float32), np.array([[3.0, 9.0]], np.float32)
    np.testing.assert_allclose(find_loss(find_preset(None, "workshop").objective)(labels, outputs), [2.0])


def test_the_preset_of_every_network_is_there():
    assert {networks.find(name).preset for name in networks.names()} <= set(PRESETS)
    assert find_preset(None, None) == find_preset(None, "mine") == PRESETS["modern"]


def test_a_preset_that_is_not_there_is_told_with_the_network_that_asks_for_it():
    with networks.registry.temporarily({"mine": networks.Network(networks.compact, preset="moderne")}):
        with pytest.raises(ValueError, match="no preset 'moderne', with which network 'mine' is registered; there are"):
            find_preset(None, "mine")
