"""Every figure can be drawn, and none is shown."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from toy_figures import NAMES, UNITS, N

from gampen_tf import plots


def every_figure(rng, truth, predicted, images):
    """Name and figure of every public function, each on fresh data of its kind."""
    draws = predicted[:, None] * (1 + 0.05 * rng.standard_normal((N, 60, 3)))
    levels = np.linspace(0.1, 0.9, 9)
    per_level = np.tile(levels[:, None], (1, 3))
    in_bins = np.full((4, 3, 3), 0.9)
    return {
        "plot_confusion": lambda: plots.plot_confusion([[5, 1], [0, 4]], ["small", "not small"]),
        "plot_coverage": lambda: plots.plot_coverage(levels, per_level, 0.01 + 0 * per_level, names=NAMES),
        "plot_coverage_against_dropout": lambda: plots.plot_coverage_against_dropout(
            [0, 1e-3, 1e-2, 0.1], in_bins, levels=(0.68, 0.95, 0.99), names=NAMES
        ),
        "plot_coverage_in_bins": lambda: plots.plot_coverage_in_bins(
            [1, 2, 3, 4], in_bins, 0.01 * in_bins, levels=(0.68, 0.95, 0.99), name="flux", unit="nJy", names=NAMES
        ),
        "plot_crop_scale": lambda: plots.plot_crop_scale(truth[:, 0], truth[:, 1]),
        "plot_crops": lambda: plots.plot_crops(images, np.linspace(0.2, 1, 8), images, pixel_scale=0.168, n_each=2),
        "plot_cutouts": lambda: plots.plot_cutouts(images, pixel_scale=0.168),
        "plot_classified_residuals": lambda: plots.plot_classified_residuals(
            predicted[:, 0], truth[:, 0], [(0, 0.1), (0.85, 1)], name="bulge_to_total"
        ),
        "plot_latents": lambda: plots.plot_latents(truth[:8, :2], images=images, title="t-SNE"),
        "plot_marginal": lambda: plots.plot_marginal(draws[0, :, 1], name="effective_radius", unit="arcsec"),
        "plot_pit": lambda: plots.plot_pit(np.linspace(0, 1, 6), np.full((5, 3), 10), [(5, 15)] * 3, names=NAMES),
        "plot_posterior": lambda: plots.plot_posterior(draws[0], names=NAMES, units=UNITS, truth=truth[0]),
        "plot_posterior_gallery": lambda: plots.plot_posterior_gallery(
            images[:2], draws[:2], names=NAMES, units=UNITS, truth=truth[:2], modes=predicted[:2]
        ),
        "plot_predicted_against_true": lambda: plots.plot_predicted_against_true(
            predicted, truth, names=NAMES, units=UNITS, scales=("linear", "log", "log")
        ),
        "plot_rank_curves": lambda: plots.plot_rank_curves(levels, per_level, levels - 0.1, levels + 0.1, names=NAMES),
        "plot_reconstructions": lambda: plots.plot_reconstructions(images, images, images**2, ["galaxy"] * 8),
        "plot_residual_histograms": lambda: plots.plot_residual_histograms(predicted, truth, names=NAMES, units=UNITS),
        "plot_residual_images": lambda: plots.plot_residual_images(
            images, 0.9 * images, noise=1.0, chi_squared=np.ones(8), pixel_scale=0.168
        ),
        "plot_residuals": lambda: plots.plot_residuals(predicted, truth, names=NAMES, units=UNITS),
        "plot_residuals_of_groups": lambda: plots.plot_residuals_of_groups(
            predicted[:, 0] - truth[:, 0], {"small": truth[:, 1] < 1, "large": truth[:, 1] >= 1}, name="bulge_to_total"
        ),
        "plot_samples": lambda: plots.plot_samples(images, n_columns=3),
        "plot_tarp": lambda: plots.plot_tarp(
            levels, levels, levels - 0.1, levels + 0.1, band=(levels - 0.2, levels + 0.2)
        ),
        "plot_traversal": lambda: plots.plot_traversal(images.reshape(2, 4, 41, 41), (-2, -1, 0, 1)),
        "plot_uncertainties": lambda: plots.plot_uncertainties(0.1 * truth, truth, names=NAMES, against_units=UNITS),
        "plot_uncertainties_against_residuals": lambda: plots.plot_uncertainties_against_residuals(
            0.1 * truth, predicted - truth, names=NAMES
        ),
        "show_cutout": lambda: plots.show_cutout(plt.figure().add_subplot(), images[0], pixel_scale=0.168),
    }


@pytest.mark.parametrize("name", plots.__all__)
def test_gives_one_figure_that_can_be_drawn(name, rng, truth, predicted, images, monkeypatch):
    def shown(*args, **kwargs):
        raise AssertionError("a figure was shown")

    monkeypatch.setattr(plt, "show", shown)
    figure = every_figure(rng, truth, predicted, images)[name]()
    assert isinstance(figure, Figure)
    assert len(plt.get_fignums()) == 1
    # layout, ticks and text are made here: missing glyphs and axes without room would warn
    figure.canvas.draw()
