"""Objectives by name, and a training on censored values."""

from dataclasses import replace

import numpy as np
import pytest
from toy_data import write_dataset
from toy_training import QUICK

from gampen_tf import predict
from gampen_tf.models import load_model
from gampen_tf.training import PRESETS, CensoredGaussianNegativeLogLikelihood, find_loss, finetune, train

pytestmark = pytest.mark.usefixtures("registered")


def test_the_censored_objective_needs_clips_and_takes_them():
    loss = find_loss("censored_gaussian_nll", clip_labels=[[-1.0, 1.0]])
    assert isinstance(loss, CensoredGaussianNegativeLogLikelihood)
    assert loss.clip_labels == [[-1.0, 1.0]]
    with pytest.raises(ValueError, match="expected clip_labels, found none"):
        find_loss("censored_gaussian_nll")


def test_the_preset_differs_in_its_objective_alone():
    assert PRESETS["censored"] == replace(PRESETS["modern"], objective="censored_gaussian_nll")
    assert PRESETS["censored"].head.has_width


@pytest.fixture(scope="module")
def shares(tmp_path_factory):
    """Flat images whose brightness is a share z of 0.5 ± 0.6, seen with an error; the label is z cut at 0 and 1."""
    rng = np.random.default_rng(8)
    latent = rng.normal(0.5, 0.6, 400)
    images = np.ones((400, 15, 15, 1)) * latent[:, None, None, None] + rng.normal(0, 1.5, (400, 15, 15, 1))
    labels = {"bulge_to_total": np.clip(latent, 0, 1), "flux": np.exp(rng.normal(3, 0.1, 400))}
    folder = tmp_path_factory.mktemp("shares") / "data"
    return write_dataset(folder, images.astype(np.float32), labels, n_training=350)


def test_values_at_a_bound_are_atoms_of_the_posterior(shares, tmp_path):
    preset = replace(QUICK, objective="censored_gaussian_nll", epochs=25)
    train(shares, tmp_path / "model", network="small", preset=preset, progress_bar=False)
    model = load_model(tmp_path / "model")
    share = model.parameters["bulge_to_total"]
    assert (share.transform, share.clip, model.objective) == ("identity", 0.01, "censored_gaussian_nll")
    posterior = predict(shares, model=model, progress_bar=False)
    truth, atoms = shares.truth(["bulge_to_total"])[:, 0], posterior.atoms()[:, 0]
    for end, bound in enumerate((0.0, 1.0)):
        at_bound = truth == bound
        assert atoms[at_bound, end].mean() > 0.6
        assert atoms[~at_bound, end].mean() < 0.3
        # probabilities are right on the whole: as many galaxies at the bound as the atoms say
        assert atoms[:, end].mean() == pytest.approx(at_bound.mean(), abs=0.1)
    inside = posterior.contains(shares.truth(), 0.6827)[(truth > 0) & (truth < 1), 0]
    assert 0.5 < inside.mean() < 0.85
    tuned = finetune(model, shares, epochs=1, progress_bar=False)
    assert tuned.objective == "censored_gaussian_nll"
