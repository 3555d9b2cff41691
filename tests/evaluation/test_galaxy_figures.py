"""Figures of single galaxies: the right ones are chosen, and crops are those of the network."""

import matplotlib.pyplot as plt
import numpy as np
from memory_data import MemoryDataSet
from toy_evaluations import SCALER, toy
from toy_models import cropping_network, toy_images, toy_model

from gampen_tf.evaluation import Evaluation
from gampen_tf.evaluation.galaxy_figures import draw_galaxy_figures
from gampen_tf.posterior import Posterior

FARTHEST = 17


def evaluation(n=30, **fields):
    """Toy posteriors of images in memory; one galaxy lies 30 σ from its truth, and two have no measurement."""
    posterior, truth = toy(n=n)
    means = posterior.means.copy()
    means[FARTHEST] += 30 * 0.15
    means[[0, 5]] = np.nan
    posterior = Posterior(means, posterior.scale_trils, SCALER, n_mc=200)
    data = MemoryDataSet(toy_images(n), {"flux": truth[:, 2], "noise_sigma": np.ones(n)})
    return Evaluation({}, posterior, truth, data.catalogue, data=data, indices=np.arange(n), **fields)


def drawn(one):
    """Figure by caption."""
    found = {}
    for section, caption, _, figure in draw_galaxy_figures(one):
        assert section == "galaxies"
        found[caption] = figure
        plt.close(figure)
    return found


def titles(figure):
    """Texts in the corners of the cutouts, the first panel of each row."""
    return [ax.texts[-1].get_text() for ax in figure.axes[::4]]


def test_first_measured_and_worst_galaxies_are_shown():
    first, worst, joint = drawn(evaluation()).values()
    assert titles(first) == ["1", "2", "3", "4"]
    assert titles(worst)[0] == str(FARTHEST)
    assert not {"0", "5"} & set(titles(worst))
    assert len(joint.axes) == 9


def test_without_images_or_measurements_nothing_is_drawn():
    one = evaluation()
    one.data = None
    assert drawn(one) == {}
    one = evaluation()
    one.posterior = Posterior(np.full((30, 1, 3), np.nan), one.posterior.scale_trils, SCALER, n_mc=1)
    assert drawn(one) == {}


def test_crops_have_the_scale_that_the_network_gives():
    model = toy_model()
    model.network = cropping_network(scale=0.5)
    found = drawn(evaluation(model=model))
    (crops,) = [figure for caption, figure in found.items() if "crops most and least" in caption]
    assert {ax.texts[-1].get_text() for ax in crops.axes} == {"s = 0.50"}
    (scales,) = [figure for caption, figure in found.items() if caption.startswith("Scale of the crop")]
    np.testing.assert_allclose(scales.axes[0].lines[0].get_ydata(), 0.5, rtol=1e-6)
    assert len(scales.axes[0].lines[0].get_ydata()) == 28


def test_a_network_without_a_crop_has_no_figure_of_it():
    assert not [caption for caption in drawn(evaluation(model=toy_model())) if "crop" in caption.lower()]
