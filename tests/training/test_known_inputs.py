"""Training of networks that are told the PSF and the noise, with masked pixels among the images."""

import numpy as np
import pytest
from toy_data import write_dataset
from toy_inputs import FLUX, told_network
from toy_recipes import toy_recipe
from toy_training import QUICK

from gampen_tf import load_model, predict, simulate
from gampen_tf.core import Flag
from gampen_tf.networks import Network
from gampen_tf.networks.informed_network import informed
from gampen_tf.training import finetune, train

TOLD = Network(told_network, stretch_inside=True, optional=("psf", "noise"), fills_masked=True)
QUIET = {"preset": QUICK, "parameters": FLUX, "precision": "float32", "progress_bar": False}


def recipe(size, stamp):
    noise = {"gaussian": {"sigma": {"log_uniform": [0.5, 8.0]}}}
    base = toy_recipe(noise=noise, parameters=["flux"])
    return toy_recipe(
        image={**base["image"], "size": size},
        noise=noise,
        psf={**base["psf"], "image_size": stamp},
        parameters=["flux"],
    )


@pytest.fixture(scope="module")
def told_data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("told") / "data"
    return simulate(recipe(15, 5), folder, n_images=160, workers=1, progress_bar=False)


@pytest.fixture(scope="module")
def model(told_data, tmp_path_factory):
    from gampen_tf.networks import registry

    folder = tmp_path_factory.mktemp("model")
    with registry.temporarily({"told": TOLD}):
        train(told_data, folder, network="told", epochs=6, **QUIET)
    return load_model(folder)


def test_the_model_knows_what_may_be_left_out_and_is_told_the_rest(model, told_data):
    assert (model.optional_inputs, model.fills_masked, model.psf_shape) == (("psf", "noise"), True, (5, 5))
    own = predict(told_data, model=model, passes=2, progress_bar=False).median()
    given = {"psf": told_data.psfs(), "noise": told_data.noise(), "model": model, "passes": 2, "progress_bar": False}
    images, units = told_data.images(), {"pixel_scale": 0.2, "unit": "nJy"}
    np.testing.assert_array_equal(predict(images, **given, **units).median(), own)
    for name, other in (("psf", None), ("noise", 3 * told_data.noise())):
        assert np.abs(predict(images, **(given | {name: other}), **units).median() / own - 1).max() > 1e-4


def test_what_was_learned_goes_on_in_finetuning(model, told_data, registered):
    registered(told=TOLD)
    tuned = finetune(model, told_data, epochs=1, precision="float32", progress_bar=False)
    assert (tuned.optional_inputs, tuned.fills_masked, tuned.psf_shape) == (("psf", "noise"), True, (5, 5))


def test_networks_learn_from_images_with_masked_pixels(told_data, registered, tmp_path):
    """A front without weights is kept, and the masked pixels with it."""
    registered(told=TOLD)
    images = told_data.images()
    images[np.random.default_rng(1).uniform(size=images.shape) < 0.03] = np.nan
    columns = {"flux": np.asarray(told_data.catalogue["flux"]), "noise_sigma": told_data.noise()}
    data = write_dataset(tmp_path / "masked", images, columns, 120, psfs=told_data.psfs())
    masked = train(data, network="told", epochs=2, **QUIET)
    assert np.all(np.isfinite([entry["loss"] for entry in masked.provenance["history"]]))
    flags = predict(data, model=masked, passes=2, progress_bar=False).flags
    assert {0, int(Flag.FILLED_PIXELS)} >= set(flags & ~int(Flag.NOT_MEASURED))
    assert np.mean(flags == Flag.FILLED_PIXELS) > 0.9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("noise_sigma", "no column 'noise_sigma' in the catalogue; add one"),
        ("psf", "holds no PSF images; simulate from a recipe with"),
        ("size", r"psf of shape \(5, 5, 1\), but network 'told' takes \(9, 9, 1\); give network_options="),
    ],
)
def test_data_without_what_the_network_is_told_are_refused(told_data, registered, tmp_path, change, message):
    registered(told=TOLD)
    columns = {"flux": np.asarray(told_data.catalogue["flux"]), "noise_sigma": told_data.noise()}
    columns.pop(change, None)
    psfs = None if change == "psf" else told_data.psfs()
    data = write_dataset(tmp_path / "data", told_data.images(), columns, 120, psfs=psfs)
    options = {"network_options": {"psf_shape": (9, 9)}} if change == "size" else {}
    with pytest.raises(ValueError, match=message):
        train(data, network="told", epochs=1, **options, **QUIET)


def test_informed_is_trained_and_measures_with_and_without_what_it_is_told(tmp_path, registered):
    registered(informed=Network(informed, stretch_inside=True, optional=("psf", "noise"), fills_masked=True))
    data = simulate(recipe(95, 25), tmp_path / "data", n_images=24, workers=1, progress_bar=False)
    options = {"filters": (4,), "units": 8, "psf_shape": (25, 25)}
    train(data, tmp_path / "model", network="informed", epochs=1, network_options=options, **QUIET)
    model = load_model(tmp_path / "model")
    images, psfs = data.images(), list(data.psfs())
    psfs[::2] = [None] * len(psfs[::2])
    mask = np.zeros(images.shape[:3], bool)
    mask[:5, 40], mask[5, 46:49, 46:49] = True, True
    options = {"pixel_scale": 0.2, "unit": "nJy", "model": model, "passes": 4, "progress_bar": False}
    posterior = predict(images, psf=psfs, mask=mask, **options)
    assert posterior.flags.tolist() == [Flag.FILLED_PIXELS] * 5 + [Flag.NOT_MEASURED] + [0] * 18
    assert np.flatnonzero(np.isnan(posterior.median()[:, 0])).tolist() == [5]
    rows = np.array([0, 1, 6, 7])
    some = predict(images[rows], psf=[psfs[row] for row in rows], mask=mask[rows], **options)
    np.testing.assert_allclose(some.median(), posterior.median()[rows], rtol=1e-4)
