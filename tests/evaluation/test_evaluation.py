"""Evaluations of a small model on a small data set."""

import numpy as np
import pytest
from toy_evaluations import small_data
from toy_models import toy_model

from gampen_tf import predict
from gampen_tf.calibration import Recalibration
from gampen_tf.evaluation import evaluate


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    # enough galaxies for a bin of the test split's 15 %
    return small_data(tmp_path_factory.mktemp("data") / "small", 500)


@pytest.fixture(scope="module")
def evaluation(data):
    return evaluate(toy_model(), data, passes=4, progress_bar=False)


def test_an_evaluation_is_of_the_split_that_was_asked_for(evaluation, data):
    test = data.split("test")
    np.testing.assert_array_equal(evaluation.indices, test)
    np.testing.assert_array_equal(evaluation.truth, data.truth(["bulge_to_total", "effective_radius", "flux"])[test])
    assert len(evaluation.posterior.means) == evaluation.metrics["n_galaxies"] == len(test)
    assert evaluation.metrics["passes"]["n_passes"] == {"smallest": 4, "mean": 4.0, "largest": 4}
    assert "split" not in evaluation.metrics["made_by"]["call"]
    n_double = np.sum(evaluation.catalogue["kind"] == "disc_and_bulge")
    assert evaluation.metrics["kinds"]["disc_and_bulge"]["n"] == n_double
    assert evaluation.metrics["before_recalibration"] is None
    few = evaluate(toy_model(), data, split="validation", n_images=20, passes=4, progress_bar=False)
    assert few.metrics["n_galaxies"] == 20
    assert "--split validation --n-images 20 --passes 4" in few.metrics["made_by"]["call"]


def test_an_evaluation_gives_the_posterior_of_predict(evaluation, data):
    again = predict(data.images(evaluation.indices[:5]), model=toy_model(), passes=4, progress_bar=False)
    np.testing.assert_allclose(evaluation.posterior.median()[:5], again.median(), rtol=1e-5)


def test_it_runs_the_model_as_predict_does_and_tells_how(data):
    how_to_run = {"tolerance": 0.5, "batch_size": 24, "precision": "bfloat16", "progress_bar": False}
    found = evaluate(toy_model(), data, n_images=12, **how_to_run)
    again = predict(data.images(found.indices), model=toy_model(), **how_to_run)
    for key in ("precision", "tolerance", "passes", "n_passes", "monte_carlo_error"):
        assert found.posterior.metadata[key] == again.metadata[key]
    assert found.metrics["made_by"]["call"].endswith("--tolerance 0.5 --batch-size 24 --precision bfloat16")


def test_coverage_before_recalibration_is_reported_beside(evaluation, data):
    model = toy_model()
    model.calibration = Recalibration.fit(evaluation.posterior, evaluation.truth, kind="temperature").to_dict()
    repaired = evaluate(model, data, passes=4, progress_bar=False)
    assert repaired.metrics["recalibrated"]
    assert repaired.metrics["before_recalibration"] == evaluation.metrics["coverage"]
    assert repaired.metrics["coverage"] != evaluation.metrics["coverage"]
    raw = evaluate(model, data, passes=4, recalibrate=False, progress_bar=False)
    assert raw.metrics["coverage"] == evaluation.metrics["coverage"]


def test_images_of_another_kind_are_refused(data):
    coarse = toy_model()
    coarse.pixel_scale = 0.2
    with pytest.raises(ValueError, match=r"pixel_scale 0.168, but model 'unnamed' was trained with 0.2"):
        evaluate(coarse, data, progress_bar=False)
    with pytest.raises(ValueError, match="zero_point"):
        evaluate(toy_model(zero_point=27.0), data, progress_bar=False)
