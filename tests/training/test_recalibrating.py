"""The recalibration of a model, from labelled images to what `predict` gives."""

import numpy as np
import pytest
from memory_data import MemoryDataSet
from toy_models import toy_images, toy_model

import gampen_tf
from gampen_tf import metrics, networks
from gampen_tf.core import LabelScaler, Parameter, ParameterSet, Stretch
from gampen_tf.models import Model, load_model
from gampen_tf.training import calibrate

NAMES = ("bulge_to_total", "effective_radius", "flux")


def measured(images, model, **options):
    return gampen_tf.predict(images, n_mc=1, model=model, passes=8, progress_bar=False, **options)


def galaxies(model, n, seed):
    """Images of the toy network, and truths drawn from its own posteriors with twice their width."""
    images, rng = toy_images(n, seed), np.random.default_rng(seed)
    # draws share their random numbers between galaxies: one of many draws for each is independent
    draws = measured(images, model, recalibrate=False).rescaled(np.full(3, 2.0)).sample(500, seed=seed)
    truth = draws[np.arange(n), rng.integers(0, 500, n)]
    return MemoryDataSet(images, dict(zip(NAMES, truth.T, strict=True)))


def test_calibrated_model_covers_new_galaxies(tmp_path):
    model = toy_model(rate=0.1)
    model.save(tmp_path / "model")
    calibrate(tmp_path / "model", galaxies(model, 1500, 1), passes=8, progress_bar=False)
    again = load_model(tmp_path / "model")
    assert again.calibration["kind"] == "temperature_each+quantile"
    np.testing.assert_allclose(again.calibration["steps"][0]["factors"], 2.0, rtol=0.15)

    new = galaxies(model, 1500, 2)
    found = {}
    for recalibrate in (False, True):
        pit = measured(new.images(), again, recalibrate=recalibrate).pit(new.truth())
        found[recalibrate] = metrics.coverage_of_mass(metrics.central_mass(pit)).value
    assert np.all(found[False][0] < 0.45)
    # 4σ of both samples
    assert np.all(np.abs(found[True][0] - 0.6827) < 4 * np.sqrt(0.6827 * 0.3173 * 2 / 1500))


def test_galaxies_that_cannot_be_measured_count_for_nothing():
    model, data = toy_model(rate=0.1), galaxies(toy_model(rate=0.1), 400, 1)
    whole = calibrate(model, data, passes=8, progress_bar=False)
    spoiled, columns = data.images().copy(), {name: data.catalogue[name] for name in NAMES}
    added = np.full((3, *spoiled.shape[1:]), np.nan, np.float32)
    more = {name: np.append(values, [0.5, 0.5, 0.5]) for name, values in columns.items()}
    found = calibrate(model, MemoryDataSet(np.concatenate([spoiled, added]), more), passes=8, progress_bar=False)
    assert found.n_galaxies == 400
    np.testing.assert_allclose(found.steps[0].factors, whole.steps[0].factors, rtol=1e-4)


def test_images_of_another_kind_are_refused():
    model = toy_model()
    with pytest.raises(ValueError, match=r"pixel_scale 0.2, but model 'unnamed' was trained with 0.168"):
        calibrate(model, MemoryDataSet(toy_images(4), {}, pixel_scale=0.2), progress_bar=False)


def test_values_alone_have_no_posterior_to_calibrate():
    built = networks.build("deeplegato2", (32, 32, 1), 1, head="point")
    scaler = LabelScaler(ParameterSet([Parameter("effective_radius", "arcsec", (0, np.inf), "log")]), [0.0], [1.0])
    model = Model(built, scaler, Stretch(), (32, 32, 1), 0.06, head="point")
    with pytest.raises(ValueError, match="no Gaussian head and measures without dropout"):
        calibrate(model, None)
