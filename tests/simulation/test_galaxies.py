"""Parameters of drawn galaxies."""

import numpy as np
import pytest
from toy_recipes import toy_recipe

from gampen_tf.simulation import draw, load_recipe
from gampen_tf.simulation.catalogue import draw_catalogue
from gampen_tf.simulation.galaxies import draw_galaxy
from gampen_tf.simulation.images import draw_image
from gampen_tf.simulation.noise import signal_to_noise


def test_catalogue_obeys_table_1_of_the_paper():
    table = draw_catalogue(load_recipe("hsc_wide_g"), 3, range(4000))
    both = table["kind"] == "disc_and_bulge"
    assert abs(both.mean() - 0.75) < 0.03  # 4.4 sigma
    turn = table["bulge_position_angle"][both] - table["disc_position_angle"][both]
    turn = (np.asarray(turn) + 90) % 180 - 90
    assert abs(turn).max() <= 15.0
    assert abs(turn).max() > 14.5
    np.testing.assert_allclose(table["bulge_flux"][both], (table["bulge_to_total"] * table["flux"])[both])
    assert set(np.asarray(table["bulge_to_total"][~both])) == {0.0, 1.0}
    assert abs(np.median(table["psf_fwhm"]) - 0.85) < 0.01
    for name, low, high in [("disc_sersic_index", 0.8, 1.2), ("bulge_sersic_index", 3.5, 5.0), ("flux", 1e3, 5e6)]:
        values = np.asarray(table[name])
        values = values[np.isfinite(values)]
        assert low <= values.min() < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < values.max() <= high


def test_galaxy_depends_on_seed_and_index_alone():
    recipe = load_recipe("hsc_wide_g_crowded")
    alone = draw_image(recipe, 7, 5)
    for index in (9, 2):
        draw_image(recipe, 7, index)
    np.testing.assert_array_equal(draw_image(recipe, 7, 5), alone)
    assert draw_galaxy(recipe, 7, 5)["flux"] != draw_galaxy(recipe, 8, 5)["flux"]
    table = draw_catalogue(recipe, 7, [5])
    assert table["flux"][0] == draw_galaxy(recipe, 7, 5)["flux"]


def test_galaxies_that_do_not_stand_out_are_drawn_again():
    wanted = {"above": 50, "within": 1.5}
    faint = {"magnitude": {"uniform": [19.0, 24.0]}}
    recipe = load_recipe(toy_recipe(signal_to_noise=wanted, **faint))
    without = load_recipe(toy_recipe(**faint))
    kept = [draw_galaxy(recipe, 1, index) for index in range(80)]
    assert all(signal_to_noise(recipe, galaxy, 1.5) > 50 for galaxy in kept)
    first = [draw_galaxy(without, 1, index) for index in range(80)]
    bright = [signal_to_noise(without, galaxy, 1.5) > 50 for galaxy in first]
    assert 10 < sum(bright) < 70
    for old, new, stays in zip(first, kept, bright, strict=True):
        assert (old == new) if stays else (old["flux"] != new["flux"])  # those that stood out stay as they were
    catalogue = draw_catalogue(recipe, 1, range(80))
    np.testing.assert_allclose(catalogue["flux"], [galaxy["flux"] for galaxy in kept])


def test_a_signal_to_noise_that_no_galaxy_has_is_said(monkeypatch):
    monkeypatch.setattr("gampen_tf.simulation.galaxies._MAX_TRIES", 3)
    recipe = load_recipe(toy_recipe(signal_to_noise={"above": 1e6, "within": 1.5}))
    with pytest.raises(ValueError, match=r"recipe 'toy': none of 3 galaxies had a signal-to-noise ratio above 1e\+06"):
        draw_galaxy(recipe, 1, 0)


def test_brightness_by_magnitude_and_centres_off_the_middle():
    document = toy_recipe(
        magnitude=20.0,
        centre={"x": 0.6, "y": -0.4},
        noise={"gaussian": {"sigma": 0}},
        image={"size": 61, "pixel_scale": 0.2, "unit": "nJy", "zero_point": 31.4},
    )
    images, catalogue = draw(document, 1, [0])
    image = images[0, ..., 0].astype(np.float64)
    assert catalogue["magnitude"][0] == pytest.approx(20.0)
    assert catalogue["flux"][0] == pytest.approx(10 ** (0.4 * 11.4))
    assert image.sum() == pytest.approx(catalogue["flux"][0], rel=0.03)
    y, x = (np.indices(image.shape) - 30) * 0.2
    near = np.hypot(x - 0.6, y + 0.4) < 3
    centre = [(image * axis)[near].sum() / image[near].sum() for axis in (x, y)]
    assert centre == pytest.approx([0.6, -0.4], abs=0.01)
    assert (catalogue["x"][0], catalogue["y"][0]) == (0.6, -0.4)


def test_radius_along_the_major_axis_is_circularised_once():
    document = toy_recipe()
    part = document["galaxies"]["sersic"]["components"]["sersic"]
    del part["effective_radius"]
    part.update(semi_major_axis=1.2, axis_ratio=0.36, sersic_index=1.0, position_angle=0)
    document["noise"], document["image"]["size"] = {"gaussian": {"sigma": 0}}, 128
    images, catalogue = draw(document, 1, [0])
    assert catalogue["sersic_effective_radius"][0] == pytest.approx(1.2 * 0.6)
    assert catalogue["semi_major_axis"][0] == pytest.approx(1.2)
    # Half of the light lies in the ellipse of these axes, in the image with the PSF nearly so: widen both by the PSF.
    y, x = (np.indices((128, 128)) - 63.5) * 0.2
    image = images[0, ..., 0].astype(np.float64)
    moments = [np.sqrt((image * axis**2).sum() / image.sum()) for axis in (x, y)]
    assert moments[0] / moments[1] > 1.8  # along x
    assert 0.72 < catalogue["effective_radius"][0] < 1.2  # of the circular aperture
