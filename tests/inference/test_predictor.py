"""`Predictor`: one model, compiled once, whatever is predicted with it and with others in turn."""

import gc
import logging
import weakref

import numpy as np
import pytest
import tensorflow as tf
from toy_models import toy_images, toy_model

from gampen_tf.core import Flag, Stretch
from gampen_tf.inference import CHANGE_METRIC, Predictor, precision, predict, predictor


def quiet(images, **options):
    return predict(images, progress_bar=False, **options)


@pytest.fixture
def counted(monkeypatch):
    """Number of engines that are made, as a list that grows."""
    made, whole = [], predictor.MonteCarloEngine

    def count(*args, **options):
        made.append(whole(*args, **options))
        return made[-1]

    monkeypatch.setattr(predictor, "MonteCarloEngine", count)
    return made


def test_a_predictor_gives_what_predict_gives(tmp_path):
    model, images = toy_model(), toy_images(9)
    model.save(tmp_path / "model")
    kept = Predictor(tmp_path / "model", seed=2, passes=4)
    for rows in (slice(0, 9), slice(2, 5)):
        expected = quiet(images[rows], model=model, seed=2, passes=4)
        found = kept.predict(images[rows], progress_bar=False)
        np.testing.assert_allclose(found.median(), expected.median(), rtol=1e-5)
        assert found.metadata | {"model": ""} == expected.metadata | {"model": ""}


def test_a_loaded_model_is_compiled_once(counted):
    model, images = toy_model(), toy_images(3)
    for seed in range(3):
        quiet(images, model=model, seed=seed, passes=2)
    assert len(counted) == 1
    quiet(images, model=model, passes=2, batch_size=8)
    assert len(counted) == 2


def test_nothing_is_kept_of_a_model_that_is_gone(counted, tmp_path):
    toy_model().save(tmp_path / "model")
    quiet(toy_images(3), model=tmp_path / "model", passes=2)
    engine = weakref.ref(counted.pop())
    gc.collect()
    assert engine() is None


def test_a_wrong_batch_size_leaves_the_model_usable():
    model, images = toy_model(), toy_images(3)
    quiet(images, model=model, passes=2)
    with pytest.raises(ValueError, match="batch_size -1"):
        quiet(images, model=model, passes=2, batch_size=-1)
    quiet(images, model=model, passes=2)


def test_several_models_in_turn_are_traced_once_each_without_a_warning():
    """TensorFlow takes the first traces of several networks for retraces of one, and warns of the fifth."""
    models, images = [toy_model(rate=0.1 + 0.01 * number) for number in range(7)], toy_images(4)
    raised = []

    class Raised(logging.Handler):
        def emit(self, record):
            raised.append(record.getMessage())

    handler = Raised(level=logging.WARNING)
    tf.get_logger().addHandler(handler)
    try:
        for _ in range(2):
            for model in models:
                quiet(images, model=model, passes=4, batch_size=8)
                quiet(images[:1], model=model, passes=4, batch_size=8)
    finally:
        tf.get_logger().removeHandler(handler)
    assert raised == []


def test_precision_is_lowered_only_where_it_was_measured_to_be_harmless(monkeypatch):
    monkeypatch.setattr(precision, "bfloat16_is_fast", lambda: True)
    assert Predictor(toy_model()).precision == "float32"
    assert Predictor(toy_model(metrics={CHANGE_METRIC: 0.3})).precision == "float32"
    assert Predictor(toy_model(metrics={CHANGE_METRIC: 0.03})).precision == "bfloat16"
    assert Predictor(toy_model(metrics={CHANGE_METRIC: 0.03}), precision="float32").precision == "float32"
    monkeypatch.setattr(precision, "bfloat16_is_fast", lambda: False)
    assert Predictor(toy_model(metrics={CHANGE_METRIC: 0.03})).precision == "float32"


def test_an_image_beyond_the_arithmetic_is_flagged_and_costs_no_passes():
    images = toy_images(12)
    spoiled = images.copy()
    spoiled[2] *= np.float32(1e37)
    linear = toy_model(stretch=Stretch("linear"))
    posterior = quiet(spoiled, model=linear)
    assert posterior.flags[2] == Flag.NOT_MEASURED
    assert "not finite or out of range" in posterior.metadata["reasons"]["2"]
    np.testing.assert_array_equal(np.isnan(posterior.median()[:, 0]), np.arange(12) == 2)
    assert posterior.metadata["n_passes"]["largest"] == quiet(images, model=linear).metadata["n_passes"]["largest"]


def test_labels_beyond_the_range_of_training_are_flagged():
    """Labels ran from −1 to 1; a network without biases gives twice the label of an image twice as bright."""
    model = toy_model(rate=0.0, head="point", stretch=Stretch("linear"), label_scaling="range")
    images = toy_images(8)
    largest = np.max(np.abs(Predictor(model).engine.run(model.prepare(images)).outputs[:, 0]), axis=1)
    images *= 1.1 / np.median(largest)
    flags = quiet(images, model=model).flags
    np.testing.assert_array_equal(flags & Flag.EXTRAPOLATED != 0, largest > np.median(largest))
    model.label_scaling = "standard"
    assert np.all(quiet(images, model=model).flags == 0)
