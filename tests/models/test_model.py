"""The model itself."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from toy_models import toy_images, toy_model

import gampen_tf
from gampen_tf.core import LabelScaler, ParameterSet
from gampen_tf.models import Model, fingerprint


def test_preparing_is_the_stretch_and_checks_the_shape(model):
    pixels = np.linspace(-5, 1e4, 225, dtype=np.float32).reshape(1, 15, 15)
    np.testing.assert_allclose(model.prepare(pixels)[0, ..., 0], np.arcsinh(pixels[0] / 1.6), rtol=1e-6)
    with pytest.raises(ValueError, match=r"'toy' takes images of shape \(15, 15, 1\), found \(15, 16, 1\)"):
        model.prepare(np.zeros((2, 15, 16, 1)))


def test_a_head_of_another_size_is_refused(model):
    with pytest.raises(ValueError, match=r"of 1 parameters \(flux\) has 2 outputs; the network has 5"):
        Model(
            model.network,
            LabelScaler(ParameterSet(model.parameters[1:]), [0.0], [1.0]),
            model.stretch,
            (15, 15, 1),
            0.168,
        )
    with pytest.raises(ValueError, match="expected one of"):
        Model(model.network, model.scaler, model.stretch, (15, 15, 1), 0.168, head="mixture")


def test_the_place_of_a_layer_in_the_package_is_no_part_of_the_hash(monkeypatch):
    model = toy_model()
    before = fingerprint(model)
    layer = type(next(one for one in model.network.layers if type(one).__module__.startswith("gampen_tf")))
    monkeypatch.setattr(layer, "__module__", "gampen_tf.somewhere_else")
    assert fingerprint(model) == before


def test_fields_that_contradict_each_other_are_refused(model):
    with pytest.raises(ValueError, match="label_scaling 'wide'; expected 'standard' or 'range'"):
        replace(model, label_scaling="wide")
    with pytest.raises(ValueError, match="dropout_posterior is for point heads; the model has a gaussian head"):
        replace(model, dropout_posterior=True)


def test_the_objective_is_that_of_the_head_where_none_is_given(model):
    assert model.objective == "gaussian_nll"
    assert toy_model(head="point").objective == "huber"
    assert toy_model(head="point", objective="mae").objective == "mae"


def test_a_model_that_was_used_can_be_copied():
    model, images = toy_model(), toy_images(3)
    expected = gampen_tf.predict(images, model=model, passes=4, progress_bar=False).median()
    again = copy.deepcopy(model)
    assert again.compiled == {}
    found = gampen_tf.predict(images, model=again, passes=4, progress_bar=False).median()
    np.testing.assert_allclose(found, expected, rtol=1e-5)
