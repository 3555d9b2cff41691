"""Tuning of the dropout rate on a network whose right rate is known."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from memory_data import MemoryDataSet
from toy_models import toy_images, toy_model

from gampen_tf.calibration.coverage import shares_inside
from gampen_tf.core import LabelScaler, Parameter, ParameterSet, Stretch
from gampen_tf.inference import Predictor, labelled_posterior, predict
from gampen_tf.layers import MonteCarloDropout, dropout_layers, set_dropout_rate
from gampen_tf.metrics import SIGMA_LEVELS
from gampen_tf.models import Model, load_model
from gampen_tf.training import tune_dropout

SIDE = 8
RATE = 0.05


def galaxies(n, spread, seed):
    """Images whose mean pixel is a log flux; the truth scatters about it as far as the network's dropout at RATE does.

    A checkerboard of mean zero lies over them: an image of equal pixels is none.
    """
    rng = np.random.default_rng(seed)
    seen = rng.normal(size=n)
    images = seen[:, None, None, None] + 1 - 2 * (np.indices((SIDE, SIDE)).sum(axis=0) % 2)[..., None]
    return MemoryDataSet(images, {"flux": np.exp(seen + spread * rng.normal(size=n))}), seen


def linear_model(n_units=400, width=0.15):
    """μ is the mean pixel plus a sum of units ±1/√n, which dropout alone moves."""
    images = keras.Input((SIDE, SIDE, 1), name="images")
    mean = keras.ops.mean(images, axis=(1, 2))
    units = keras.layers.Dense(n_units, kernel_initializer="zeros", bias_initializer="ones", name="units")(mean)
    noise = keras.layers.Dense(1, use_bias=False, kernel_initializer=_signs(n_units), name="sum")(
        MonteCarloDropout(0.2, index=0)(units)
    )
    log_variance = keras.layers.Dense(
        1, kernel_initializer="zeros", bias_initializer=keras.initializers.Constant(2 * np.log(width))
    )(mean)
    outputs = keras.ops.concatenate([mean + noise, log_variance], axis=-1)
    network = keras.Model(images, outputs, name="linear")
    scaler = LabelScaler(ParameterSet([Parameter("flux", "nJy", (0, np.inf), "log")]), [0.0], [1.0])
    return Model(network, scaler, Stretch("linear"), (SIDE, SIDE, 1), 0.168, calibration={"kind": "old"})


def _signs(n):
    def initialise(shape, dtype=None):
        return keras.ops.convert_to_tensor(np.resize([1.0, -1.0], n).reshape(shape) / np.sqrt(n), dtype=dtype)

    return initialise


def test_the_rate_that_scatters_as_much_as_the_truth_is_chosen():
    """Units of ±1/√n dropped at rate r scatter their sum by √(r / (1 − r)): 0.23 at 0.05, against a width of 0.15."""
    model = linear_model()
    data, _ = galaxies(1500, np.hypot(0.15, np.sqrt(RATE / (1 - RATE))), seed=1)
    rates = (0.0, 0.005, 0.02, RATE, 0.15)
    found = tune_dropout(model, data, rates=rates, passes=200, n_images=None, progress_bar=False)
    assert found.chosen == RATE
    assert np.all(np.diff(found.coverage.value[:, 0, 0]) > 0)
    # at the right rate within 4σ of nominal, and the scatter of a width from 200 passes that all galaxies share (5 %)
    assert np.all(np.abs(found.coverage.value[3, :, 0] - found.levels) < 4 * found.coverage.error[3, :, 0] + 0.04)
    # without dropout the width is 0.15 against a scatter of 0.274: erf(0.547 / √2) = 0.416
    assert found.coverage.value[0, 0, 0] == pytest.approx(0.416, abs=4 * np.sqrt(0.25 / 1500))
    assert [float(layer.rate) for layer in dropout_layers(model.network)] == [pytest.approx(RATE)]
    assert model.dropout_tuning["chosen"] == RATE
    assert model.calibration is None
    assert "<- chosen" in str(found)
    assert "trained with 0.2" in str(found)


def point_model():
    """The same network without its width: the posterior is the scatter of its dropout alone."""
    whole = linear_model()
    network = keras.Model(whole.network.input, whole.network.output[:, :1])
    return Model(
        network,
        whole.scaler,
        whole.stretch,
        (SIDE, SIDE, 1),
        0.168,
        head="point",
        dropout_posterior=True,
    )


@pytest.mark.slow
def test_a_posterior_of_dropout_alone_is_tuned_and_measured():
    model, spread = point_model(), np.sqrt(RATE / (1 - RATE))
    data, seen = galaxies(1500, spread, seed=1)
    found = tune_dropout(model, data, rates=(0.01, RATE, 0.15), passes=128, n_images=None, progress_bar=False)
    assert found.chosen == RATE
    posterior = predict(data.images(np.arange(200)), model=model, progress_bar=False)
    width = 0.5 * np.ptp(np.log(posterior.interval(0.6827, kind="central")[:, 0]), axis=1)
    # ends known to 0.13 σ each from 128 passes, whose masks all galaxies share
    assert np.median(width) == pytest.approx(spread, rel=0.3)
    assert np.all(posterior.means.shape[1] == 128)
    model.dropout_posterior = False
    alone = predict(data.images(np.arange(2)), model=model, progress_bar=False)
    np.testing.assert_allclose(alone.interval(0.6827, kind="central")[:, 0, 0], np.exp(seen[:2]), rtol=1e-5)
    with pytest.raises(ValueError, match="measures without it"):
        tune_dropout(model, data, progress_bar=False)


def test_the_choice_is_in_the_saved_model(tmp_path):
    toy_model(rate=0.1).save(tmp_path / "model")
    columns = {"bulge_to_total": np.full(20, 0.5), "effective_radius": np.ones(20), "flux": np.full(20, 1e5)}
    data = MemoryDataSet(toy_images(20), columns)
    tune_dropout(tmp_path / "model", data, rates=(0.02, 0.3), passes=4, progress_bar=False)
    again = load_model(tmp_path / "model")
    rates = {round(float(layer.rate), 6) for layer in dropout_layers(again.network)}
    assert rates == {again.dropout_tuning["chosen"]}


def test_what_was_compiled_for_a_rate_is_not_used_with_another():
    model, images = linear_model(), galaxies(40, 0.2, 2)[0]
    before = predict(images.images(), model=model, passes=50, recalibrate=False, progress_bar=False)
    tune_dropout(model, images, rates=(0.5,), passes=50, progress_bar=False)
    after = predict(images.images(), model=model, passes=50, progress_bar=False)
    width = [np.mean(np.std(found.means[..., 0], axis=1)) for found in (before, after)]
    assert width[1] > 1.5 * width[0]


def test_central_intervals_share_two_atoms_as_central_intervals_do():
    """Most passes give a B/T of 0 or of 1, not as often the one as the other: each atom has a share of its own."""
    parameters = ParameterSet([Parameter("bulge_to_total", "", (0, 1), "logit", clip=0.01)])
    model = replace(point_model(), scaler=LabelScaler(parameters, [0.0], [30.0]))
    data, _ = galaxies(60, 0.2, 3)
    data.catalogue["bulge_to_total"] = np.zeros(60)
    found = tune_dropout(model, data, rates=(0.3,), passes=32, n_images=None, progress_bar=False)
    set_dropout_rate(model.network, 0.3)
    own = labelled_posterior(Predictor(model, passes=32), data, "validation", progress_bar=False)
    ends = np.moveaxis(own.posterior.interval(SIGMA_LEVELS, kind="central"), 2, 0)
    shares = {
        kind: np.nanmean(shares_inside(own.posterior, own.truth, ends[..., 0], ends[..., 1], kind=kind), axis=1)
        for kind in ("hdi", "central")
    }
    np.testing.assert_allclose(found.coverage.value[0], shares["central"], atol=1e-6)
    assert np.any(np.abs(shares["central"] - shares["hdi"]) > 0.01)


def test_rates_are_restored_when_it_fails(monkeypatch):
    model = linear_model()
    monkeypatch.setattr("gampen_tf.inference.MonteCarloEngine.run", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tune_dropout(model, galaxies(10, 0.1, 1)[0], rates=(0.5,), progress_bar=False)
    assert float(dropout_layers(model.network)[0].rate) == pytest.approx(0.2)
    with pytest.raises(ValueError, match="no images in the split 'test'"):
        tune_dropout(model, galaxies(10, 0.1, 1)[0], split="test", progress_bar=False)


def test_rates_are_compared_at_one_number_of_passes():
    with pytest.raises(ValueError, match="passes 'auto'; expected a number"):
        tune_dropout(toy_model(), None, passes="auto")
