"""Training on galaxies that are drawn as they are asked for."""

from functools import partial

import numpy as np
import pytest
from toy_inputs import told_network
from toy_recipes import toy_recipe
from toy_training import QUICK

from gampen_tf import simulate
from gampen_tf.core import Stretch
from gampen_tf.simulation import DrawnDataSet
from gampen_tf.training import find_parameters, fit_scaler, train
from gampen_tf.training.loop import Trainer
from gampen_tf.training.pipelines import make_pipeline

PSF = {"moffat": {"beta": 3.0, "fwhm": {"uniform": [0.6, 0.9]}, "axis_ratio": 1.0, "position_angle": 0}}
RECIPE = toy_recipe(
    psf={**PSF, "image_size": 9, "image_faults": {"sum": {"uniform": [0.5, 2]}}},
    noise={"gaussian": {"sigma": {"uniform": [0.5, 2]}}},
    masks={"regions": 1, "region_radius": 2.0},
    parameters=["flux"],
)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written") / "data"
    return simulate(RECIPE, folder, n_images=120, seed=2, workers=1, progress_bar=False)


@pytest.fixture(scope="module")
def drawn():
    return DrawnDataSet(RECIPE, 120, 2, workers=1, progress_bar=False)


def test_batches_are_those_of_the_data_set_on_disk(written, drawn):
    parameters = find_parameters(written, ["flux"])
    scaler = fit_scaler(written, parameters)
    of_disk, of_recipe = (
        make_pipeline(data, "train", scaler, Stretch("linear"), 32, beside=("psf", "noise"))
        for data in (written, drawn)
    )
    assert of_recipe.n_batches == of_disk.n_batches
    batches = list(zip(of_disk.epoch(), of_recipe.epoch(), strict=True))
    assert len(batches) == of_disk.n_batches
    for (inputs, labels), (same, same_labels) in batches:
        np.testing.assert_array_equal(labels, same_labels)
        for name in ("images", "psf", "noise"):
            np.testing.assert_array_equal(inputs[name], same[name])


def test_training_on_drawn_galaxies_is_training_on_those_that_were_written(written, drawn, registered):
    registered(told=partial(told_network, psf_shape=(9, 9)))
    options = {"preset": QUICK, "precision": "float32", "augment": None, "progress_bar": False}
    models = [train(data, network="told", **options) for data in (written, drawn)]
    # to rounding: sums over pixels that lie elsewhere in memory are taken in another order
    for one, other in zip(*(model.network.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_images_that_every_epoch_reads_are_to_be_simulated(drawn):
    scaler = fit_scaler(drawn, find_parameters(drawn, ["flux"]))
    with pytest.raises(ValueError, match="drawn anew each time they are read.*simulate the data set"):
        make_pipeline(drawn, "train", scaler, Stretch("linear"), 32, shuffle=True)


def test_what_a_stopped_run_drew_is_not_drawn_again(drawn, registered, tmp_path, monkeypatch):
    registered(told=partial(told_network, psf_shape=(9, 9)))
    options = {"preset": QUICK, "precision": "float32", "augment": None, "progress_bar": False}
    whole = train(drawn, tmp_path / "whole", network="told", **options)
    assert not (tmp_path / "whole" / "front").exists()

    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "run", stopped)
        with pytest.raises(KeyboardInterrupt):
            train(drawn, tmp_path / "stopped", network="told", **options)
    with monkeypatch.context() as patch:
        patch.setattr(DrawnDataSet, "draw", lambda self, indices: iter(()))
        resumed = train(drawn, tmp_path / "stopped", network="told", **options)
    for one, other in zip(*(model.network.get_weights() for model in (whole, resumed)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_batches_can_begin_anywhere(drawn):
    scaler = fit_scaler(drawn, find_parameters(drawn, ["flux"]))
    pipeline = make_pipeline(drawn, "train", scaler, Stretch("linear"), 32)
    whole, rest = (np.concatenate([labels for _, labels in pipeline.epoch(first=first)]) for first in (0, 40))
    np.testing.assert_array_equal(rest, whole[40:])
