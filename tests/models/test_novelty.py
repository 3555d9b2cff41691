"""Distance to the training images: rates of false alarms as stated, and faults that are seen."""

import numpy as np
import pytest

from gampen_tf.models import Novelty


def sheet(rng, n, n_features=40):
    """Features on a curved two-dimensional sheet with a little noise, as those of a regression network are."""
    a, b = rng.uniform(-1, 1, (2, n))
    basis = np.random.default_rng(99).normal(size=(6, n_features))
    coordinates = np.stack([a, b, a * b, a**2, np.sin(3 * b), np.cos(3 * a)], axis=1)
    return coordinates @ basis + 0.05 * rng.normal(size=(n, n_features))


@pytest.fixture(scope="module")
def novelty():
    rng = np.random.default_rng(1)
    return Novelty.fit(sheet(rng, 6000), sheet(rng, 5000), seed=2)


@pytest.mark.parametrize("rate", [0.01, 0.1])
def test_false_alarms_are_as_frequent_as_stated(novelty, rate):
    found = np.mean(novelty.is_novel(sheet(np.random.default_rng(3), 20_000), false_alarm=rate))
    # 4σ of this sample and of the 5000 that set the threshold
    assert abs(found - rate) < 4 * np.sqrt(rate * (1 - rate) * (1 / 20_000 + 1 / 5000))


def test_what_lies_off_the_sheet_is_novel(novelty):
    rng = np.random.default_rng(5)
    features = sheet(rng, 500)
    mean = features.mean(axis=0)
    # the centre of gravity of a curved sheet is not on it: most likely under a Gaussian, and no galaxy is there
    hole = mean + 0.05 * rng.normal(size=(500, 40))
    beyond = mean + 2.0 * (features - mean)
    noisier = features + 0.3 * rng.normal(size=features.shape)
    assert np.mean(novelty.is_novel(hole)) > 0.6
    assert np.mean(novelty.is_novel(beyond)) > 0.8
    assert np.mean(novelty.is_novel(noisier)) > 0.99
    assert novelty.is_novel(np.full((1, 40), np.nan)).all()


def test_directions_without_variance_in_training_are_seen():
    """A unit that never fires in training and fires now is the clearest sign there is."""
    rng = np.random.default_rng(6)
    features = np.concatenate([rng.normal(size=(2000, 3)), np.zeros((2000, 4))], axis=1)
    novelty = Novelty.fit(features[:1000], features[1000:])
    new = features[:10].copy()
    new[:, 5] = 20.0
    assert novelty.is_novel(new).all()


def test_save_and_load_give_the_same_scores(novelty, tmp_path):
    features = sheet(np.random.default_rng(7), 300)
    novelty.save(tmp_path)
    again = Novelty.load(tmp_path)
    np.testing.assert_allclose(again.scores(features), novelty.scores(features), rtol=1e-4)
    assert again.threshold() == pytest.approx(novelty.threshold(), rel=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == ["novelty.npz"]
    assert (tmp_path / "novelty.npz").stat().st_size < 1_000_000


def test_impossible_rates_and_shapes_are_refused(novelty):
    with pytest.raises(ValueError, match="5000 held-out"):
        novelty.threshold(1e-5)
    with pytest.raises(ValueError, match=r"\(images, 40\)"):
        novelty.scores(np.zeros((5, 39)))
    with pytest.raises(ValueError, match="100 or more"):
        Novelty.fit(np.zeros((10, 3)), np.zeros((500, 3)))
