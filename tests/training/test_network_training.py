"""Objectives with their heads, and networks that take the PSF."""

from dataclasses import replace

import numpy as np
import pytest
from toy_data import small_network
from toy_training import POINT, QUICK, SEEING, psf_network

from gampen_tf import evaluate, predict
from gampen_tf.models import load_model
from gampen_tf.training import (
    train,
)

pytestmark = pytest.mark.usefixtures("registered")


@pytest.mark.parametrize(
    "objective",
    [pytest.param("huber", marks=pytest.mark.slow), pytest.param("mae", marks=pytest.mark.slow), "gaussian_nll"],
)
def test_each_objective_has_its_head_and_learns_from_the_psf(seeing, registered, objective, tmp_path):
    registered(with_psf=psf_network)
    preset = replace(POINT, objective=objective)
    train(seeing, tmp_path, network="with_psf", preset=preset, parameters=SEEING, progress_bar=False)
    model = load_model(tmp_path)
    assert model.head.name == ("gaussian" if objective == "gaussian_nll" else "point")
    assert model.psf_shape == (15, 15)
    found = predict(seeing, model=model, progress_bar=False).median()[:, 0]
    truth = seeing.truth(["psf_fwhm"])[:, 0]
    # the image's sum says nothing of it; the spread of the truth is 0.29 arcsec
    assert np.std(found - truth) < 0.1


def test_reports_of_values_alone_say_nothing_of_coverage(seeing, tmp_path):
    model = train(seeing, network="small", preset=replace(POINT, epochs=1), progress_bar=False)
    evaluation = evaluate(model, seeing, split="all", report=tmp_path, progress_bar=False)
    page = (tmp_path / "index.html").read_text()
    assert "values alone" in page
    assert "overage" not in page + evaluation.summary()
    gaussian = train(seeing, network="small", preset=QUICK, epochs=1, progress_bar=False)
    assert "coverage" in evaluate(gaussian, seeing, split="all", progress_bar=False).summary()


def test_the_psf_of_each_galaxy_is_its_own(seeing, registered):
    registered(with_psf=psf_network)
    model = train(seeing, network="with_psf", preset=replace(POINT, epochs=2), parameters=SEEING, progress_bar=False)
    images, psfs = seeing.images(), seeing.psfs()
    own = predict(seeing, model=model, progress_bar=False)
    np.testing.assert_array_equal(predict(seeing.path, model=model, progress_bar=False).means, own.means)
    scaled = predict(images, psf=7.0 * psfs, model=model, progress_bar=False)
    np.testing.assert_allclose(scaled.means, own.means, rtol=1e-4, atol=1e-5)
    one = predict(images[:3], psf=psfs[1], model=model, progress_bar=False)
    np.testing.assert_allclose(one.means[1], own.means[1], rtol=1e-4, atol=1e-5)
    assert not np.allclose(one.means[0], own.means[0], rtol=1e-3)
    psfs[2] = 0.0
    flags = predict(images, psf=psfs, model=model, progress_bar=False).flags
    assert np.flatnonzero(flags).tolist() == [2]
    with pytest.raises(ValueError, match="takes the PSF"):
        predict(images, model=model, progress_bar=False)
    with pytest.raises(ValueError, match="positive sum"):
        predict(images, psf=psfs[2], model=model, progress_bar=False)


def test_a_network_without_a_psf_leaves_those_of_the_data_alone(seeing):
    model = train(seeing, network="small", preset=replace(POINT, epochs=1), progress_bar=False)
    assert model.psf_shape is None
    assert len(predict(seeing, model=model, progress_bar=False)) == 150


def test_a_network_with_a_psf_needs_data_with_psfs(dataset, registered):
    registered(with_psf=psf_network)
    with pytest.raises(ValueError, match="holds no PSF images; simulate from a recipe with"):
        train(dataset, network="with_psf", preset=POINT, progress_bar=False)


def test_a_network_without_a_point_head_refuses_the_objective(dataset, registered):
    def gaussian_only(image_shape, n_parameters):
        return small_network(image_shape, n_parameters)

    registered(old=gaussian_only, small=small_network)
    with pytest.raises(ValueError, match="'old' has no point head; there are small"):
        train(dataset, network="old", preset=POINT, progress_bar=False)
