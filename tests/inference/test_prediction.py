"""`predict`: from images to posteriors, whatever is wrong with some of them."""

import numpy as np
import pytest
from astropy.io import fits
from toy_models import SIDE, toy_images, toy_model

from gampen_tf.core import Flag
from gampen_tf.inference import Predictor, predict
from gampen_tf.models import fingerprint


@pytest.fixture(scope="module")
def model():
    return toy_model()


@pytest.fixture(scope="module")
def images():
    return toy_images(12)


def quiet(images, **options):
    return predict(images, progress_bar=False, **options)


def test_values_are_those_of_the_mixture_of_passes(model, images):
    """Means of the labels by hand from the engine's outputs; back through the scaler for a logarithm's median."""
    posterior = quiet(images, model=model, passes=16, seed=3)
    outputs = Predictor(model, seed=3, passes=16).engine.run(model.prepare(images), seed=3, passes=16).outputs
    # one Gaussian a pass: the median of exp(label) of T = 1 is exp(mean) exactly
    single = quiet(images, model=model, passes=1, seed=3)
    expected = np.exp(outputs[:, 0, 1].astype(float) * model.scaler.scale[1] + model.scaler.mean[1])
    np.testing.assert_allclose(single.median()[:, 1], expected, rtol=1e-5)
    draws = posterior.samples
    assert draws.shape == (12, 1000, 3)
    # draws of 16 Gaussians: their mean label within 5 standard errors of the outputs' mean
    labels = model.scaler.transform(draws)[..., 2]
    sd = labels.std(axis=1)
    assert np.all(np.abs(labels.mean(axis=1) - outputs[:, :, 2].mean(axis=1)) < 5 * sd / np.sqrt(1000))


def test_a_galaxy_alone_and_in_company(model, images):
    spoiled = np.concatenate([images, np.full((2, SIDE, SIDE, 1), np.nan, np.float32)])
    order = np.random.default_rng(1).permutation(len(spoiled))
    together = quiet(spoiled[order], model=model, seed=4)
    for i in (0, 7, 11):
        alone = quiet(images[i], model=model, seed=4)
        row = int(np.flatnonzero(order == i)[0])
        np.testing.assert_allclose(together.median()[row], alone.median()[0], rtol=1e-4)
        np.testing.assert_allclose(together.samples[row], alone.samples[0], rtol=1e-3)


def test_images_that_cannot_be_measured_are_flagged_rows_of_nan(model, images, tmp_path):
    for i, image in enumerate(images[:3]):
        header = fits.Header(
            {
                "BUNIT": "nJy",
                "CD1_1": -0.168 / 3600,
                "CD2_2": 0.168 / 3600,
                "CTYPE1": "RA---TAN",
                "CTYPE2": "DEC--TAN",
                "CRPIX1": 8.0,
                "CRPIX2": 8.0,
                "CRVAL1": 10.0,
                "CRVAL2": 0.0,
            }
        )
        fits.writeto(tmp_path / f"{i}.fits", image[..., 0], header)
    fits.writeto(tmp_path / "3.fits", np.full((SIDE, SIDE), np.nan, np.float32), header)
    (tmp_path / "4.fits").write_bytes(b"SIMPLE  =")
    posterior = quiet(str(tmp_path / "*.fits"), model=model)
    assert np.all(np.isfinite(posterior.median()[:3]))
    assert np.all(np.isnan(posterior.median()[3:]))
    assert posterior.flags[3] & Flag.NONFINITE_PIXELS
    assert posterior.flags[4] & Flag.UNREADABLE
    assert set(posterior.metadata["reasons"]) == {"3", "4"}
    np.testing.assert_allclose(posterior.median()[:3], quiet(images[:3], model=model).median(), rtol=1e-4)


def test_all_images_bad(model):
    posterior = quiet(np.full((3, SIDE, SIDE), np.nan), model=model)
    assert np.all(np.isnan(posterior.median()))
    assert len(posterior.flags) == 3


def test_what_the_result_says_of_its_making(model, images):
    metadata = quiet(images, model=model, seed=9, tolerance=0.2).metadata
    assert metadata["seed"] == 9
    assert metadata["tolerance"] == 0.2
    assert metadata["passes"] == "auto"
    assert metadata["precision"] == "float32"
    assert metadata["model_hash"] == fingerprint(model)
    assert metadata["n_passes"]["smallest"] >= 4
    assert metadata["monte_carlo_error"] <= 0.2


def test_a_model_by_path_is_the_model(model, images, tmp_path):
    model.save(tmp_path / "model")
    first = quiet(images, model=tmp_path / "model", seed=2)
    np.testing.assert_allclose(first.median(), quiet(images, model=model, seed=2).median(), rtol=1e-5)


def test_a_changed_weight_is_another_model(images):
    model = toy_model()
    before, first = fingerprint(model), quiet(images, model=model)
    model.network.get_layer("head").bias.assign_add(np.ones(9, np.float32))
    assert fingerprint(model) != before
    assert not np.allclose(quiet(images, model=model).median(), first.median())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "half"}, "precision 'half'"),
        ({"psf": np.zeros((5, 5))}, "takes no PSF"),
        ({"seed": 1.5}, "seed 1.5"),
        ({"passes": -1}, "passes -1"),
    ],
)
def test_wrong_arguments(model, images, options, message):
    with pytest.raises(ValueError, match=message):
        quiet(images, model=model, **options)


def test_unknown_model(images):
    with pytest.raises(FileNotFoundError, match="no model named 'hsc_wide_x'"):
        quiet(images, model="hsc_wide_x")
