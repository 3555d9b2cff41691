"""All checks together, on a model with a data set on disk."""

import keras
import numpy as np
import pytest
from toy_data import blobs, small_network, write_dataset

from gampen_tf import networks
from gampen_tf.calibration import Recalibration
from gampen_tf.core import Flag, LabelScaler, Parameter, ParameterSet, Stretch
from gampen_tf.data import JoinedDataSet
from gampen_tf.inference import network_features, predict, predict_catalogue, read_catalogue
from gampen_tf.layers import set_dropout_rate
from gampen_tf.models import DomainLimits, Model, load_model
from gampen_tf.training import fit_limits, limits_of


def flags_by(limits, model, images, predicted):
    return limits.flags(images, predicted, network_features(model, images))


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
    data = write_dataset(tmp_path_factory.mktemp("limits") / "data", images, labels, 800, shard_size=100)
    return limits_of(model, data, false_alarm=0.05)


def test_galaxies_of_the_same_kind_are_flagged_at_the_stated_rate(model, limits):
    images, _ = blobs(1500, seed=2)
    predicted = np.ones((1500, 2)) * 0.5 * (limits.predicted.low + limits.predicted.high)
    flags = flags_by(limits, model, images, predicted)
    found = np.mean(flags & Flag.OUT_OF_DISTRIBUTION != 0)
    # 4σ of this sample and of the 800 that set the threshold
    assert abs(found - 0.05) < 4 * np.sqrt(0.05 * 0.95 * (1 / 1500 + 1 / 800))
    assert not np.any(flags & Flag.EXTRAPOLATED)


def test_faults_have_their_flags(model, limits):
    images, _ = blobs(50, seed=3)
    middle = np.ones((50, 2)) * 0.5 * (limits.predicted.low + limits.predicted.high)
    stripes = images.copy()
    stripes[:, :, ::3] += 500.0
    assert np.mean(flags_by(limits, model, stripes, middle) & Flag.OUT_OF_DISTRIBUTION != 0) > 0.9
    beyond = np.where(np.arange(50)[:, None] < 10, 3 * limits.predicted.high, middle)
    np.testing.assert_array_equal(flags_by(limits, model, images, beyond) & Flag.EXTRAPOLATED != 0, np.arange(50) < 10)
    neighbour = images + np.roll(images[::-1], (5, 5), axis=(1, 2)) * 3
    assert np.mean(flags_by(limits, model, neighbour, middle) & Flag.BRIGHT_NEIGHBOUR != 0) > 0.8
    plateau = images + 50.0
    assert np.all(flags_by(limits, model, plateau, middle) & Flag.CUT_BY_FRAME != 0)


def test_what_has_no_measurement_has_no_further_flag(model, limits):
    images, _ = blobs(20, seed=4)
    images[3] = np.nan
    flags = flags_by(limits, model, images, np.where(np.arange(20)[:, None] == 3, np.nan, limits.predicted.high * 2))
    assert flags[3] == 0
    assert np.all(flags[np.arange(20) != 3] & Flag.EXTRAPOLATED != 0)


def quiet(images, model, **options):
    return predict(images, model=model, pixel_scale=0.168, unit="nJy", progress_bar=False, **options)


@pytest.fixture
def with_limits(model, limits):
    """The model as it is loaded from a directory with limits."""
    model.limits = limits
    yield model
    model.limits = None


def test_limits_live_in_the_model_directory_and_know_their_weights(model, limits, tmp_path):
    directory = model.save(tmp_path / "model")
    assert load_model(directory).limits is None
    limits.save(directory)
    again = load_model(directory)
    images, _ = blobs(100, seed=5)
    predicted = np.exp(np.random.default_rng(6).normal([5, 0.7], [1.5, 0.5], (100, 2)))
    np.testing.assert_array_equal(
        flags_by(again.limits, model, images, predicted), flags_by(limits, model, images, predicted)
    )
    assert again.limits.fingerprint() == limits.fingerprint()
    # a copy keeps them; so does a model that was loaded before they came, saved in the same place
    assert load_model(again.save(tmp_path / "copy")).limits.fingerprint() == limits.fingerprint()
    assert load_model(model.save(directory)).limits is not None
    # another dropout rate is the same network
    set_dropout_rate(again.network, 0.01)
    assert load_model(again.save(tmp_path / "tuned")).limits is not None


def test_limits_of_other_weights_are_dropped_or_refused(model, limits, tmp_path):
    directory = model.save(tmp_path / "model")
    limits.save(directory)
    other = load_model(directory)
    other.network.get_layer("head").bias.assign_add(np.ones(5, np.float32))
    assert load_model(other.save(tmp_path / "new")).limits is None
    assert load_model(other.save(directory)).limits is None
    assert sorted(path.name for path in directory.iterdir()) == [
        "README.md",
        "metrics.json",
        "model.json",
        "model.keras",
    ]
    limits.save(directory)
    with pytest.raises(ValueError, match="other weights"):
        load_model(directory)


def test_fit_limits_writes_them_into_the_directory(model, tmp_path):
    images, labels = blobs(400, seed=7)
    data = write_dataset(tmp_path / "data", images, labels, 200, shard_size=100)
    model.save(tmp_path / "model")
    assert quiet(images[:3], tmp_path / "model").metadata["limits"] is None
    found = fit_limits(tmp_path / "model", data, false_alarm=0.1, passes=4, progress_bar=False)
    assert found.novelty.n_held_out == 200
    # a model that is kept in memory is not taken for the one that has limits now
    assert quiet(images[:3], tmp_path / "model").metadata["limits"] == found.fingerprint()


def test_limits_know_all_of_the_data_sets(model, tmp_path):
    """Galaxies of the second set, twenty times as bright, are of the model's kind too."""
    faint, labels = blobs(800, seed=13)
    parts = [
        write_dataset(tmp_path / name, factor * faint, labels, 400, shard_size=100)
        for name, factor in (("faint", 1), ("bright", 20))
    ]
    bright = 20 * blobs(300, seed=14)[0]
    options = {"false_alarm": 0.05, "n_training": 400, "n_held_out": 400, "passes": 2}
    both, one = (limits_of(model, data, **options) for data in (JoinedDataSet(parts), parts[0]))
    shares = [
        np.mean(flags_by(limits, model, bright, np.ones((300, 2))) & Flag.OUT_OF_DISTRIBUTION != 0)
        for limits in (both, one)
    ]
    # 4σ of the 300 and of the 400 that set the threshold: 0.065 about 0.05, and the brighter half has the longer tail
    assert shares[0] < 0.2
    assert shares[1] > 0.5


def strange(n, seed):
    """Galaxies, and every fifth of them with stripes over it, every fifth without a finite pixel."""
    images, _ = blobs(n, seed=seed)
    images[::5, :, ::3] += 500.0
    images[1::5] = np.nan
    return images


def test_predict_flags_without_a_change_of_posteriors(with_limits):
    images = strange(60, 8)
    flagged = quiet(images, with_limits, seed=3)
    limits, with_limits.limits = with_limits.limits, None
    plain = quiet(images, with_limits, seed=3)
    with_limits.limits = limits
    np.testing.assert_array_equal(flagged.means, plain.means)
    np.testing.assert_array_equal(flagged.median(), plain.median())
    added = flagged.flags & ~plain.flags
    assert np.all(added[::5] & Flag.OUT_OF_DISTRIBUTION != 0)
    assert not np.any(added[1::5])
    assert np.all(plain.flags[np.arange(60) % 5 != 1] == 0)
    # what the limits say of images and medians, by themselves
    np.testing.assert_array_equal(added, flags_by(limits, with_limits, images, plain.median()))


def test_flags_do_not_depend_on_the_batch(with_limits):
    images = strange(60, 9)
    together = quiet(images, with_limits, seed=3).flags
    order = np.random.default_rng(10).permutation(60)
    np.testing.assert_array_equal(quiet(images[order], with_limits, seed=3, batch_size=8).flags, together[order])
    alone = [quiet(image, with_limits, seed=3).flags[0] for image in images[:7]]
    np.testing.assert_array_equal(alone, together[:7])


def test_recalibration_does_not_change_the_flags(with_limits):
    images, labels = blobs(300, seed=11)
    truth = np.stack([labels["flux"], labels["effective_radius"]], axis=1)
    raw = quiet(images, with_limits, passes=4, recalibrate=False)
    with_limits.calibration = Recalibration.fit(raw, truth, kind="conditional+quantile").to_dict()
    try:
        repaired = quiet(images, with_limits, passes=4)
    finally:
        with_limits.calibration = None
    assert not np.allclose(repaired.median(), raw.median(), rtol=0.01)
    np.testing.assert_array_equal(repaired.flags, raw.flags)


def test_a_catalogue_has_the_flags_of_predict(model, limits, tmp_path):
    images = strange(50, 12)
    limits.save(model.save(tmp_path / "model"))
    options = {
        "model": str(tmp_path / "model"),
        "seed": 3,
        "rows_per_shard": 16,
        "pixel_scale": 0.168,
        "unit": "nJy",
        "progress_bar": False,
    }
    catalogue = read_catalogue(predict_catalogue(images, tmp_path / "out", **options))
    np.testing.assert_array_equal(catalogue["flags"], quiet(images, tmp_path / "model", seed=3).flags)
    # a run that was begun without limits is not gone on with them
    DomainLimits.remove(tmp_path / "model")
    with pytest.raises(ValueError, match="limits was '"):
        predict_catalogue(images, tmp_path / "out", **options)


def test_limits_see_the_psf(model, tmp_path):
    """Each galaxy with its own PSF; of another kind is one whose PSF no galaxy of training had."""

    def of_width(width):
        return np.exp(-0.5 * np.hypot(*np.mgrid[-2:3, -2:3]) ** 2 / width[:, None, None] ** 2)

    images, labels = blobs(800, seed=15)
    data = write_dataset(tmp_path / "data", images, labels, 400, shard_size=100)
    psfs = of_width(np.random.default_rng(16).uniform(0.8, 1.2, 800))
    data.psfs = lambda rows: psfs[rows]
    keras.utils.set_random_seed(17)
    network = networks.build("galnet2", (15, 15, 1), 2, filters=(4, 8), units=(16, 8), psf_shape=(5, 5))
    taking = Model(network, model.scaler, Stretch("linear"), (15, 15, 1), 0.168, psf_shape=(5, 5))
    limits = limits_of(taking, data, false_alarm=0.05, passes=2)
    shares = []
    for width in (1.0, 0.1):
        psf = of_width(np.full(400, width))
        psf = (psf / psf.sum(axis=(1, 2), keepdims=True))[..., None]
        seen = network_features(taking, images[:400], beside={"psf": psf})
        middle = np.ones((400, 2)) * 0.5 * (limits.predicted.low + limits.predicted.high)
        flags = limits.flags(images[:400], middle, seen)
        shares.append(np.mean(flags & Flag.OUT_OF_DISTRIBUTION != 0))
    assert shares[0] < 0.1
    assert shares[1] > 0.5


def test_limits_need_a_posterior(model):
    point = keras.Model(model.network.input, keras.layers.Dense(2)(model.network.output))
    with pytest.raises(ValueError, match="no Gaussian head"):
        limits_of(Model(point, model.scaler, model.stretch, (15, 15, 1), 0.168, head="point"), None)
