"""Models of any pixel scale, unit and depth: what they measure follows the units of the image."""

import numpy as np
import pytest
from toy_inputs import told_model

import gampen_tf
from gampen_tf.core import Flag, LabelScaler, Parameter, ParameterSet
from gampen_tf.inference import predict

SIDE = 95
PARAMETERS = ParameterSet(
    [
        Parameter("bulge_to_total", "", (0, 1), "logit", 0.01),
        Parameter("effective_radius", "arcsec", (0, np.inf), "log"),
        Parameter("flux", "nJy", (0, np.inf), "log"),
    ]
)


@pytest.fixture(scope="module")
def model():
    scaler = LabelScaler(PARAMETERS, [0.0, 1.5, 8.0], [1.5, 0.6, 1.2])
    return told_model(scaler=scaler, image_shape=(SIDE, SIDE, 1), pixel_scale=1.0, scale_free=True)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(8)
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    light = np.exp(rng.uniform(2, 5, 6))[:, None, None] * np.exp(-np.hypot(y, x) / rng.uniform(2, 6, 6)[:, None, None])
    return (light + rng.normal(size=light.shape)).astype(np.float32)


def measured(model, images, **given):
    return predict(images, model=model, passes=4, seed=1, progress_bar=False, **given)


def test_lengths_follow_the_pixel_scale_and_light_the_noise(model, images):
    one = measured(model, images, pixel_scale=1.0, noise=1.0)
    other = measured(model, 3.0 * images, pixel_scale=0.2, noise=3.0, unit="uJy")
    factors = np.array([1.0, 0.2, 3000.0])
    for statistic in ("median", "mean", "std"):
        np.testing.assert_allclose(getattr(other, statistic)(), getattr(one, statistic)() * factors, rtol=1e-4)
    np.testing.assert_allclose(other.interval(), one.interval() * factors[:, None], rtol=1e-3)


def test_noise_that_is_not_given_is_measured(model, images):
    told, found = measured(model, images, pixel_scale=0.2, noise=1.0), measured(model, images, pixel_scale=0.2)
    assert np.all(np.abs(found.median() - told.median()) < told.std())


def test_each_image_has_its_own_units(model, images):
    sigma = np.linspace(0.5, 2.0, len(images))
    together = measured(model, images, pixel_scale=0.2, noise=sigma)
    for row in (0, 4):
        alone = measured(model, images[row : row + 1], pixel_scale=0.2, noise=sigma[row])
        np.testing.assert_allclose(alone.median()[0], together.median()[row], rtol=1e-4)


def test_the_pixel_scale_must_be_known(model, images):
    with pytest.raises(ValueError, match="its pixel scale is not known. Pass pixel_scale="):
        measured(model, images)
    with pytest.raises(ValueError, match="pixel scale -1″ was given; expected a positive one"):
        measured(model, images, pixel_scale=-1.0)


@pytest.mark.parametrize("side", [64, 65, 95, 120])
def test_frames_of_any_side_from_64_pixels(model, images, side):
    rng = np.random.default_rng(9)
    start = (SIDE - side) // 2
    if start >= 0:
        frames = images[:, start : start + side, start : start + side]
    else:
        frames = rng.normal(size=(len(images), side, side)).astype(np.float32)
        frames[:, -start : -start + SIDE, -start : -start + SIDE] = images
    posterior = measured(model, frames, pixel_scale=0.2, noise=1.0)
    assert np.all(np.isfinite(posterior.median()))
    assert np.all((posterior.flags & int(Flag.UNMEASURABLE)) == 0)


def test_smaller_frames_are_refused(model, images):
    with pytest.raises(ValueError, match="takes sides of 64 pixels or more"):
        measured(model, images[:, :63, :70], pixel_scale=0.2)


def test_a_catalogue_holds_what_predict_gives_and_the_units(model, images, tmp_path):
    sigma = np.linspace(0.5, 2.0, len(images))
    told = {"pixel_scale": 0.2, "noise": sigma}
    posterior = measured(model, images, **told)
    folder = gampen_tf.predict_catalogue(
        images, tmp_path / "run", model=model, passes=4, seed=1, rows_per_shard=4, progress_bar=False, **told
    )
    table = gampen_tf.read_catalogue(folder)
    np.testing.assert_allclose(table["noise"].value, sigma, rtol=1e-6)
    assert np.all(table["pixel_scale"].value == 0.2)
    np.testing.assert_allclose(table["effective_radius"].value, posterior.mode()[:, 1], rtol=1e-4)
