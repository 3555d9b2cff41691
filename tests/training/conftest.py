"""Data sets and networks that the tests of training share."""

import contextlib

import pytest
from toy_data import blobs, small_network, write_dataset
from toy_recipes import toy_recipe

from gampen_tf import simulate
from gampen_tf.networks import registry


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    images, labels = blobs(96)
    return write_dataset(tmp_path_factory.mktemp("toy") / "data", images, labels, n_training=70)


@pytest.fixture(scope="module")
def seeing(tmp_path_factory):
    """Galaxies of one shape behind PSFs of different widths, both images kept."""
    psf = {"moffat": {"beta": 3.5, "fwhm": {"uniform": [0.5, 1.5]}, "axis_ratio": 1.0, "position_angle": 0}}
    recipe = toy_recipe(psf={**psf, "image_size": 15}, parameters=["magnitude"])
    return simulate(recipe, tmp_path_factory.mktemp("seeing") / "data", n_images=150, workers=1, progress_bar=False)


@pytest.fixture
def registered():
    """Makes networks, given by name, all that there are for the rest of a test; at its start "small" is."""
    with contextlib.ExitStack() as stack:

        def only(**networks):
            stack.enter_context(registry.temporarily(networks))

        only(small=small_network)
        yield only
