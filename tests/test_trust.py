"""All checks together, on a model with a data set on disk."""

import numpy as np
import pytest
from toy_data import blobs, small_network, write_dataset

from gampen_tf.flags import Flag
from gampen_tf.model import Model
from gampen_tf.parameters import LabelScaler, Parameter, ParameterSet
from gampen_tf.pipelines import Stretch
from gampen_tf.trust import TrustLimits


@pytest.fixture(scope="module")
def model():
    parameters = ParameterSet(
        [Parameter("flux", "nJy", (0, np.inf), "log"), Parameter("effective_radius", "arcsec", (0, np.inf), "log")]
    )
    scaler = LabelScaler(parameters, [5.0, 0.7], [1.0, 0.3])
    return Model(small_network(), scaler, Stretch("arcsinh"), (15, 15, 1), 0.168)


@pytest.fixture(scope="module")
def limits(model, tmp_path_factory):
    images, labels = blobs(1600, seed=1)
    data = write_dataset(tmp_path_factory.mktemp("trust") / "data", images, labels, 800, shard_size=100)
    return TrustLimits.fit(model, data, false_alarm=0.05)


def test_galaxies_of_the_same_kind_are_flagged_at_the_stated_rate(model, limits):
    images, _ = blobs(1500, seed=2)
    predicted = np.ones((1500, 2)) * 0.5 * (limits.predicted.low + limits.predicted.high)
    flags = limits.flags(model, images, predicted)
    found = np.mean(flags & Flag.OUT_OF_DISTRIBUTION != 0)
    # 4σ of this sample and of the 800 that set the threshold
    assert abs(found - 0.05) < 4 * np.sqrt(0.05 * 0.95 * (1 / 1500 + 1 / 800))
    assert not np.any(flags & Flag.EXTRAPOLATED)


def test_faults_have_their_flags(model, limits):
    images, _ = blobs(50, seed=3)
    middle = np.ones((50, 2)) * 0.5 * (limits.predicted.low + limits.predicted.high)
    stripes = images.copy()
    stripes[:, :, ::3] += 500.0
    assert np.mean(limits.flags(model, stripes, middle) & Flag.OUT_OF_DISTRIBUTION != 0) > 0.9
    beyond = np.where(np.arange(50)[:, None] < 10, 3 * limits.predicted.high, middle)
    np.testing.assert_array_equal(limits.flags(model, images, beyond) & Flag.EXTRAPOLATED != 0, np.arange(50) < 10)
    neighbour = images + np.roll(images[::-1], (5, 5), axis=(1, 2)) * 3
    assert np.mean(limits.flags(model, neighbour, middle) & Flag.BRIGHT_NEIGHBOUR != 0) > 0.8
    plateau = images + 50.0
    assert np.all(limits.flags(model, plateau, middle) & Flag.CUT_BY_FRAME != 0)


def test_what_has_no_measurement_has_no_further_flag(model, limits):
    images, _ = blobs(20, seed=4)
    images[3] = np.nan
    flags = limits.flags(model, images, np.where(np.arange(20)[:, None] == 3, np.nan, limits.predicted.high * 2))
    assert flags[3] == 0
    assert np.all(flags[np.arange(20) != 3] & Flag.EXTRAPOLATED != 0)


def test_limits_live_in_the_model_directory_and_know_their_weights(model, limits, tmp_path):
    assert TrustLimits.load(model.save(tmp_path / "model")) is None
    limits.save(tmp_path / "model")
    again = TrustLimits.load(tmp_path / "model")
    images, _ = blobs(100, seed=5)
    predicted = np.exp(np.random.default_rng(6).normal([5, 0.7], [1.5, 0.5], (100, 2)))
    np.testing.assert_array_equal(again.flags(model, images, predicted), limits.flags(model, images, predicted))
    model.network.get_layer("head").bias.assign_add(np.ones(5, np.float32))
    model.save(tmp_path / "model")
    with pytest.raises(ValueError, match="other weights"):
        TrustLimits.load(tmp_path / "model")
