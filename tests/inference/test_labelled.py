"""Posteriors of labelled data sets are those of `predict`, with the truth beside them."""

import numpy as np
import pytest
from memory_data import MemoryDataSet
from toy_models import toy_images, toy_model

from gampen_tf.calibration import Recalibration
from gampen_tf.core import Flag
from gampen_tf.data import JoinedDataSet
from gampen_tf.evaluation import evaluate
from gampen_tf.inference import Predictor, labelled_posterior, predict


def galaxies(n, seed=1, broken=()):
    columns = {"bulge_to_total": np.linspace(0, 1, n), "effective_radius": np.ones(n), "flux": np.full(n, 1e5)}
    images = toy_images(n, seed)
    images[list(broken)] = np.nan
    return MemoryDataSet(images, columns, split="test")


def test_values_flags_and_metadata_are_those_of_predict():
    model, data = toy_model(), galaxies(30, broken=[4])
    found = labelled_posterior(Predictor(model, seed=2), data, n_images=15, progress_bar=False)
    np.testing.assert_array_equal(found.indices, np.arange(0, 30, 2))
    expected = predict(data.images(found.indices), model=model, seed=2, progress_bar=False)
    np.testing.assert_array_equal(found.posterior.means, expected.means)
    np.testing.assert_array_equal(found.posterior.flags, expected.flags)
    assert found.posterior.metadata == expected.metadata
    assert found.posterior.flags[2] & Flag.NONFINITE_PIXELS
    np.testing.assert_array_equal(found.measured, found.indices != 4)
    np.testing.assert_array_equal(found.truth[:, 0], np.linspace(0, 1, 30)[::2])
    assert found.before is None


def test_the_posterior_before_recalibration_is_kept():
    model, data = toy_model(), galaxies(40)
    own = labelled_posterior(Predictor(model, passes=4), data, progress_bar=False)
    model.calibration = Recalibration.fit(own.posterior, own.truth, kind="temperature").to_dict()
    found = labelled_posterior(Predictor(model, passes=4), data, progress_bar=False)
    np.testing.assert_array_equal(found.before.scale_trils, own.posterior.scale_trils)
    assert not np.allclose(found.posterior.scale_trils, own.posterior.scale_trils)
    assert labelled_posterior(Predictor(model, passes=4), data, recalibrate=False, progress_bar=False).before is None


def test_several_data_sets_are_evaluated_as_one():
    model, parts = toy_model(), [galaxies(130, 1), galaxies(120, 2)]
    found = evaluate(model, parts, passes=2, progress_bar=False)
    joined = evaluate(model, JoinedDataSet(parts), passes=2, progress_bar=False)
    assert found.metrics["n_galaxies"] == 250
    np.testing.assert_array_equal(found.posterior.means, joined.posterior.means)
    assert found.metrics["made_by"]["call"].count(" toy") == 2


def test_data_of_another_kind_are_refused():
    predictor, data = Predictor(toy_model()), galaxies(4)
    with pytest.raises(ValueError, match="no images in the split 'train'"):
        labelled_posterior(predictor, data, "train")
    data.metadata["zero_point"] = 27.0
    with pytest.raises(ValueError, match="zero_point 27.0, but model 'unnamed' was trained with 31.4"):
        labelled_posterior(predictor, data)
    del data.catalogue["flux"]
    data.metadata["zero_point"] = 31.4
    with pytest.raises(ValueError, match="no true values of flux in the catalogue"):
        labelled_posterior(predictor, data)
