"""Training a generative model: it learns a model that is known, is a function of its seed, and goes on after a stop."""

import numpy as np
import pytest
from scipy import stats

from gampen_tf.training.checkpoints import RunFiles
from gampen_tf.vae import GalaxyVAE, train_vae
from gampen_tf.vae.training import NoisyPipeline

OPTIONS = {"n_latents": 2, "network_options": {"units": (24, 24)}, "batch_size": 32, "progress_bar": False}


@pytest.fixture(scope="module")
def toy():
    """Images 6 × 6 that are a factor times a pattern, and noise; and the mean of their true log-likelihood a pixel."""
    rng = np.random.default_rng(6)
    y, x = np.mgrid[:6, :6] - 2.5
    pattern = np.exp(-0.3 * (x**2 + y**2)).ravel()
    images = 0.5 + rng.normal(size=(800, 1)) * pattern + 0.1 * rng.normal(size=(800, 36))
    covariance = np.outer(pattern, pattern) + 0.01 * np.eye(36)
    truth = stats.multivariate_normal(np.full(36, 0.5), covariance).logpdf(images).mean() / 36
    return images.reshape(-1, 6, 6, 1), truth


def test_the_bound_comes_near_the_true_likelihood(toy):
    images, truth = toy
    vae = train_vae(images, epochs=30, learning_rate=1e-2, seed=2, **OPTIONS)
    weighted = vae.log_likelihood_bound(images, n_mc=32, importance_weighted=True).mean() / 36
    assert truth - 0.05 < weighted < truth + 0.01
    # one factor made the images: one latent is used, the other says nothing
    mean, variance = vae.encode(images)
    spread = np.sort(np.var(mean, axis=0))
    assert spread[1] > 0.8
    assert spread[0] < 0.1
    # and what is rebuilt is the image less most of its noise
    light, noise = vae.reconstruct(images)
    assert np.sqrt(np.mean((images - light) ** 2)) == pytest.approx(0.1, rel=0.1)
    assert np.sqrt(np.mean(noise)) == pytest.approx(0.1, rel=0.15)


def test_the_same_seed_trains_the_same_model(toy):
    first, same, other = (train_vae(toy[0][:100], epochs=2, seed=seed, **OPTIONS) for seed in (1, 1, 2))
    for a, b in zip(first.network.get_weights(), same.network.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.abs(first.network.get_weights()[0] - other.network.get_weights()[0]).max() > 0.01


def test_a_stopped_run_goes_on_to_the_same_weights(toy, tmp_path, monkeypatch):
    unbroken = train_vae(toy[0][:100], epochs=3, seed=4, **OPTIONS)
    write_last = RunFiles.write_last

    def stopping(self, paths, arrays, history):
        if len(history) == 2:
            raise KeyboardInterrupt
        write_last(self, paths, arrays, history)

    with monkeypatch.context() as patch:
        patch.setattr(RunFiles, "write_last", stopping)
        with pytest.raises(KeyboardInterrupt):
            train_vae(toy[0][:100], tmp_path, epochs=3, seed=4, **OPTIONS)
    train_vae(toy[0][:100], tmp_path, epochs=3, seed=4, **OPTIONS)
    resumed = GalaxyVAE.load(tmp_path)
    for a, b in zip(resumed.network.get_weights(), unbroken.network.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="other settings"):
        train_vae(toy[0][:100], tmp_path, epochs=3, seed=5, **OPTIONS)


def test_batches_are_a_function_of_seed_and_epoch(toy):
    pipeline = NoisyPipeline(toy[0][:70].astype(np.float32), 32, 5, seed=3, shuffle=True)
    first, again, later = ([x for x, _ in pipeline.epoch(e)] for e in (1, 1, 2))
    for a, b, c in zip(first, again, later, strict=True):
        np.testing.assert_array_equal(a["noise"], b["noise"])
        np.testing.assert_array_equal(a["images"], b["images"])
        assert np.abs(a["noise"] - c["noise"]).max() > 0.1
    noise = np.concatenate([x["noise"] for x in first])
    assert noise.shape == (70, 5)
    assert abs(noise.mean()) < 5 / np.sqrt(350)
    assert noise.std() == pytest.approx(1, abs=5 / np.sqrt(700))


def test_what_cannot_be_learned_from_is_refused(toy):
    with pytest.raises(ValueError, match="1 pixels not finite"):
        train_vae(np.where(np.arange(800 * 36).reshape(-1, 6, 6, 1) == 5, np.nan, toy[0]))
    with pytest.raises(ValueError, match="40 or more"):
        train_vae(toy[0][:30])
    with pytest.raises(ValueError, match="dense, convolutional"):
        train_vae(toy[0], variant="flow")
