"""The sample galaxies and what the demo says of them."""

import numpy as np
import pytest

from gampen_tf import demo, open_dataset
from gampen_tf.core import LabelScaler, Parameter, ParameterSet
from gampen_tf.io import sample_cutouts
from gampen_tf.posterior import Posterior
from gampen_tf.simulation import load_recipe


def test_the_samples_are_what_the_shipped_recipe_draws():
    from gampen_tf.simulation.images import draw_image_and_psf

    samples = open_dataset(sample_cutouts())
    recipe = load_recipe("hsc_wide_g_crowded")
    assert samples.provenance["recipe_sha256"] == recipe.sha256
    drawn, _ = draw_image_and_psf(recipe, samples.seed, 3)
    # another machine's arithmetic may differ in the last digits
    np.testing.assert_allclose(samples.images(3)[0, ..., 0], drawn, rtol=1e-4, atol=1e-3)


def test_the_samples_show_both_ends_of_bulge_to_total():
    values = open_dataset(sample_cutouts()).truth(["bulge_to_total"])[:, 0]
    assert {0.0, 1.0} <= set(values)
    assert np.sum((values > 0) & (values < 1)) >= 6


def test_a_star_marks_the_truth_outside_its_interval():
    parameters = ParameterSet([Parameter("effective_radius", "arcsec", (0, np.inf), "log"), Parameter("x", "arcsec")])
    scaler = LabelScaler(parameters, [0.0, 0.0], [1.0, 1.0])
    posterior = Posterior(np.zeros((2, 1, 2)), np.broadcast_to(0.1 * np.eye(2), (2, 1, 2, 2)), scaler)
    # normal in ln R: 0.05 is half a sigma out, 0.25 two and a half
    text = demo.comparison(posterior, np.array([[np.exp(0.05), 0.05], [np.exp(0.25), -0.25]]))
    first, second = (line for line in text.splitlines() if line.startswith(("     0", "     1")))
    assert (first.count("*"), second.count("*")) == (0, 2)
    assert "effective_radius 1, x 1" in text
    assert "[-0.1, 0.1]" in first


@pytest.mark.slow
def test_the_demo_measures_all_samples_and_most_truths_lie_inside(tmp_path, capsys):
    posterior = demo.main(tmp_path)
    truth = open_dataset(sample_cutouts()).truth(posterior.names)
    # 36 values at 68.27 %: fewer than 15 has a chance of 1e-3 were they independent
    assert posterior.contains(truth).sum() >= 15
    assert posterior.contains(truth, 0.9973).mean() > 0.85
    assert "Inside, of 12" in capsys.readouterr().out
    assert (tmp_path / "posteriors.png").stat().st_size > 20_000
