"""Small simulated data sets."""

from toy_recipes import toy_recipe

from gampen_tf.simulation import simulate

PSF = {
    "moffat": {"beta": 3.0, "fwhm": {"uniform": [0.6, 0.9]}, "axis_ratio": 0.95, "position_angle": 0},
    "image_size": 15,
}


def make(folder, format, n_images=50, **changes):
    recipe = toy_recipe(**{"psf": PSF, **changes})
    return simulate(recipe, folder, n_images=n_images, seed=3, workers=1, format=format, progress_bar=False)
