"""The recalibration of a model, from labelled images to what `predict` gives."""

import numpy as np
from toy_models import toy_images, toy_model

import gampen_tf
from gampen_tf import metrics
from gampen_tf.models import load_model
from gampen_tf.training import calibrate


class Galaxies:
    """Images of the toy network, and truths drawn from its own posteriors with twice their width."""

    def __init__(self, model, n, seed):
        self.pictures = toy_images(n, seed)
        own = self.predict(model, recalibrate=False)
        rng = np.random.default_rng(seed)
        # draws share their random numbers between galaxies: one of many draws for each is independent
        draws = own.rescaled(np.full(3, 2.0)).sample(500, seed=seed)
        self.truth = draws[np.arange(n), rng.integers(0, 500, n)]

    def predict(self, model, **options):
        return gampen_tf.predict(
            self.pictures, n_mc=1, model=model, passes=8, pixel_scale=0.168, unit="nJy", progress_bar=False, **options
        )

    @property
    def catalogue(self):
        return self.truth

    def split(self, name, n_images=None):
        return np.arange(len(self.truth))[:n_images]

    def labels(self, names):
        return self.truth

    def images(self, indices):
        return self.pictures[indices]


def test_calibrated_model_covers_new_galaxies(tmp_path):
    model = toy_model(rate=0.1)
    model.save(tmp_path / "model")
    calibrate(tmp_path / "model", Galaxies(model, 1500, 1), passes=8, progress_bar=False)
    again = load_model(tmp_path / "model")
    assert again.calibration["kind"] == "temperature_each+quantile"
    np.testing.assert_allclose(again.calibration["steps"][0]["factors"], 2.0, rtol=0.15)

    new = Galaxies(model, 1500, 2)
    found = {}
    for recalibrate in (False, True):
        pit = new.predict(again, recalibrate=recalibrate).pit(new.truth)
        found[recalibrate] = metrics.coverage_of_mass(metrics.central_mass(pit)).value
    assert np.all(found[False][0] < 0.45)
    # 4σ of both samples
    assert np.all(np.abs(found[True][0] - 0.6827) < 4 * np.sqrt(0.6827 * 0.3173 * 2 / 1500))
