"""What the figures draw, against numbers that are known."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import LogNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from gampen_tf import plots
from gampen_tf.plots.style import COLOURS, density_map, number

NAMES = ("bulge_to_total", "effective_radius", "flux")
UNITS = ("", "arcsec", "nJy")
N = 500


@pytest.fixture(autouse=True)
def nothing_left_behind():
    """Each test begins without figures; none may be shown, and no setting changed."""
    before = matplotlib.rcParams.copy()
    yield
    assert matplotlib.rcParams == before
    plt.close("all")


@pytest.fixture
def truth(rng):
    return np.stack([rng.random(N), rng.uniform(0.1, 5, N), rng.uniform(1e3, 5e6, N)], axis=1)


@pytest.fixture
def predicted(rng, truth):
    return truth * (1 + 0.05 * rng.standard_normal(truth.shape))


@pytest.fixture
def images(rng):
    y, x = np.mgrid[-20:21, -20:21]
    blob = 100 * np.exp(-0.5 * (x**2 + y**2) / 9)
    return blob + rng.standard_normal((8, 41, 41))


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
        "plot_fractional_residuals": lambda: plots.plot_fractional_residuals(predicted, truth, names=NAMES),
        "plot_labelled_residuals": lambda: plots.plot_labelled_residuals(
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


def test_draws_in_the_axes_that_it_is_given(truth, predicted):
    figure, axes = plt.subplots(1, 4)
    returned = plots.plot_predicted_against_true(predicted, truth, names=NAMES, units=UNITS, ax=axes[1:])
    assert returned is figure
    assert not axes[0].has_data()
    assert all(ax.has_data() for ax in axes[1:])
    with pytest.raises(ValueError, match="expected 1 x 3 axes"):
        plots.plot_predicted_against_true(predicted, truth, names=NAMES, ax=axes)


def test_units_stand_on_the_axes(truth, predicted):
    figure = plots.plot_predicted_against_true(predicted, truth, names=NAMES, units=UNITS)
    labels = [(ax.get_xlabel(), ax.get_ylabel()) for ax in figure.axes[:3]]
    for (x, y), unit in zip(labels[1:], UNITS[1:], strict=True):
        assert x.startswith("True")
        assert y.startswith("Predicted")
        assert x.endswith(f"[{unit}]")
        assert y.endswith(f"[{unit}]")
    assert "[" not in labels[0][0]
    grid = plots.plot_residuals(predicted, truth, names=NAMES, units=UNITS)
    assert grid.axes[5].get_ylabel().endswith("[arcsec]")
    assert grid.axes[5].get_xlabel().endswith("[nJy]")


def test_every_galaxy_is_in_a_hexagon_or_counted_outside(truth, predicted):
    predicted[3, 1] = 400.0
    truth[7, 2] = np.nan
    figure = plots.plot_residuals(predicted, truth, names=NAMES, units=UNITS)
    for i, ax in enumerate(figure.axes[:9]):
        drawn = int(np.sum(ax.collections[0].get_array()))
        notes = [text.get_text() for text in ax.texts]
        outside = sum(int(text.split()[0]) for text in notes if text.endswith("outside"))
        row, column = divmod(i, 3)
        assert drawn + outside == N - (2 in (row, column))
        assert isinstance(ax.collections[0].norm, LogNorm)
    # the outlier is told of in the row of its own residual
    assert figure.axes[3].texts


def test_hexagons_lie_on_the_line_of_equality_for_perfect_predictions(truth):
    figure = plots.plot_predicted_against_true(truth, truth, names=NAMES, scales=("linear", "log", "log"))
    for ax in figure.axes[:3]:
        low, high = ax.get_xlim()
        assert ax.get_ylim() == (low, high)
        line = ax.lines[0]
        np.testing.assert_array_equal(line.get_xdata(), line.get_ydata())
    # a linear panel's hexagons are placed by offsets
    offsets = figure.axes[0].collections[0].get_offsets()
    low, high = figure.axes[0].get_xlim()
    assert np.max(np.abs(offsets[:, 0] - offsets[:, 1])) < (high - low) / 45


def test_residual_histogram_holds_what_it_says(truth):
    shift = np.array([0.01, -0.2, 3e4])
    figure = plots.plot_residual_histograms(truth + shift, truth, names=NAMES, units=UNITS)
    for ax, expected in zip(figure.axes, shift, strict=True):
        assert sum(patch.get_height() for patch in ax.patches) == N
        tallest = max(ax.patches, key=lambda patch: patch.get_height())
        assert tallest.get_x() <= expected <= tallest.get_x() + tallest.get_width()
        text = ax.texts[0].get_text()
        assert f"mean {number(expected)}" in text
        assert f"68.27 %: {number(abs(expected))}" in text


def test_coverage_is_drawn_where_it_is(rng):
    levels = np.linspace(0.1, 0.9, 9)
    # posteriors of half the true width: the normal integral of half the interval
    coverage = np.stack([levels, levels**2, np.sqrt(levels)], axis=1)
    figure = plots.plot_coverage(levels, coverage, names=NAMES)
    ax = figure.axes[0]
    diagonal, *curves = ax.lines
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    for curve, expected in zip(curves, coverage.T, strict=True):
        np.testing.assert_allclose(curve.get_ydata(), expected)
        np.testing.assert_allclose(curve.get_xdata(), levels)
    # told apart without colour
    assert len({curve.get_linestyle() for curve in curves}) == 3


def test_deviations_are_differences_from_the_level():
    levels = np.linspace(0.05, 0.95, 19)
    figure = plots.plot_tarp(levels, levels + 0.02, levels + 0.01, levels + 0.03)
    found = figure.axes[0].lines[-1].get_ydata()
    np.testing.assert_allclose(found, 0.02)
    nominal = (0.6827, 0.9545, 0.9973)
    coverage = np.broadcast_to(np.array(nominal)[None, :, None] - 0.03, (4, 3, 1))
    figure = plots.plot_coverage_in_bins(
        [1, 10, 100, 1000],
        coverage,
        0 * coverage + 0.01,
        levels=nominal,
        name="flux",
        unit="nJy",
        names=NAMES[:1],
        scale="log",
    )
    for container in figure.axes[0].containers:
        np.testing.assert_allclose(container.lines[0].get_ydata(), -3)
    assert figure.axes[0].get_xlabel().endswith("[nJy]")


def test_mean_panel_of_the_dropout_figure(rng):
    coverage = rng.random((4, 3, 3))
    figure = plots.plot_coverage_against_dropout(
        [1e-4, 1e-3, 1e-2, 0.1], coverage, levels=(0.68, 0.95, 0.99), names=NAMES, chosen=1e-3
    )
    for i, container in enumerate(figure.axes[3].containers):
        np.testing.assert_allclose(container.lines[0].get_ydata(), 100 * coverage[:, i].mean(axis=1))
    with pytest.raises(ValueError, match=r"\(4, 2, 3\), found shape"):
        plots.plot_coverage_against_dropout([1, 2, 3, 4], coverage, levels=(0.68, 0.95), names=NAMES)


def test_intervals_of_the_marginal_are_shaded_where_they_end(rng):
    draws = rng.normal(2.0, 0.1, 4000)
    intervals = [(1.9, 2.1), (1.8, 2.2), (1.7, 2.3)]
    figure = plots.plot_marginal(draws, name="effective_radius", mode=2.01, truth=1.9, intervals=intervals)
    ax = figure.axes[0]
    spans = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.patches if isinstance(patch, Rectangle)]
    # the widest first, so that the narrower ones lie on top
    np.testing.assert_allclose(spans[:3], [(1.7, 2.3), (1.8, 2.2), (1.9, 2.1)])
    assert [line.get_xdata()[0] for line in ax.lines] == [2.01, 1.9]
    computed = plots.plot_marginal(draws, name="effective_radius").axes[0]
    inner = [patch for patch in computed.patches if isinstance(patch, Rectangle)][2]
    # 1 σ of a normal distribution; the ends of a shortest interval scatter by about 0.2 σ at 4000 draws
    assert inner.get_width() == pytest.approx(0.2, rel=0.05)


def test_contours_enclose_their_share_of_the_draws(rng):
    correlation = np.array([[1, 0.8], [0.8, 1]])
    draws = rng.multivariate_normal([0, 0], correlation, 40_000)
    figure = plots.plot_posterior(draws, names=("x", "y"), units=("arcsec", "arcsec"))
    ax = figure.axes[2]
    lines = ax.collections[-1]
    # a Gaussian's region of probability p has the area 2 π √det ln(1 / (1 − p)); the levels fall from the inside out
    areas = []
    for path in lines.get_paths():
        polygons = path.to_polygons()
        areas.append(max(0.5 * abs(np.sum(p[:-1, 0] * p[1:, 1] - p[1:, 0] * p[:-1, 1])) for p in polygons))
    expected = [2 * np.pi * np.sqrt(0.36) * np.log(1 / (1 - level)) for level in (0.9545, 0.6827)]
    np.testing.assert_allclose(areas, expected, rtol=0.06)


def test_posterior_without_width_is_drawn(rng):
    draws = np.stack([np.ones(300), rng.normal(2, 0.1, 300)], axis=1)
    figure = plots.plot_posterior(draws, names=NAMES[:2], truth=[1.0, 2.0])
    low, high = figure.axes[0].get_xlim()
    assert low < 1 < high


def test_confusion_counts_and_shares():
    figure = plots.plot_confusion([[90, 5], [10, 95]], ["disc", "bulge"])
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"90\n90.0 %", "10\n10.0 %", "95\n95.0 %", "right: 185 of 200"} <= texts
    with pytest.raises(ValueError, match="expected 3 x 3"):
        plots.plot_confusion([[1, 0], [0, 1]], ["a", "b", "c"])


def test_labelled_residuals_leave_the_labelled_out():
    predicted = np.linspace(0, 1, 101)
    truth = predicted - np.where(predicted > 0.5, 0.1, 0.02)
    figure = plots.plot_labelled_residuals(predicted, truth, [(0.505, 1)], name="bulge_to_total")
    texts = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert "68.27 % 0.1" in texts[0]
    assert texts[1].endswith("68.27 % 0.02")


def test_crop_frame_is_where_the_transformer_samples(images):
    scales = np.linspace(0.25, 1, 8)
    figure = plots.plot_crops(images, scales, n_each=2)
    frames = [ax.patches[0] for ax in figure.axes]
    notes = [ax.texts[0].get_text() for ax in figure.axes]
    assert notes == ["s = 0.25", "s = 0.36", "s = 0.89", "s = 1.00"]
    # 41 pixels with centres at 0 … 40: s = 1 runs from the first centre to the last, s = 0.25 over the middle 10
    np.testing.assert_allclose(frames[0].get_bbox().bounds, (15, 15, 10, 10))
    np.testing.assert_allclose(frames[-1].get_bbox().bounds, (0, 0, 40, 40))


@pytest.mark.parametrize(("spread", "warned"), [(8e-4, True), (0.1, False)])
def test_constant_crop_scale_is_called_so(rng, spread, warned):
    figure = plots.plot_crop_scale(0.8 + spread * rng.standard_normal(N), rng.random(N))
    assert ("nearly constant" in figure.axes[1].texts[0].get_text()) is warned


def test_residual_image_is_in_units_of_the_noise(images):
    figure = plots.plot_residual_images(images[:2], images[:2] - 3.0, noise=1.5, chi_squared=[4.0, 4.0], unit="nJy")
    difference = figure.axes[2].images[0]
    np.testing.assert_allclose(difference.get_array(), 2.0)
    assert difference.get_clim() == (-5, 5)
    assert "1.5 nJy" in figure.axes[-1].get_ylabel()


def test_scale_bar_has_the_length_it_says(images):
    figure = plots.plot_cutouts(images[:1], pixel_scale=0.168)
    bar = figure.axes[0].lines[0]
    length = np.ptp(bar.get_xdata()) * 0.168
    assert figure.axes[0].texts[0].get_text() == f"{length:g}″"


def test_groups_and_their_scatter(rng):
    residuals = np.concatenate([np.tile([-0.1, 0.1], 50), np.tile([-0.3, 0.3], 50)])
    narrow = np.arange(200) < 100
    figure = plots.plot_residuals_of_groups(residuals, {"one": narrow, "two": ~narrow}, name="bulge_to_total")
    texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert "= 0.1 (100)" in texts[0]
    assert "= 0.3 (100)" in texts[1]


def test_fractions_are_of_what_was_given(truth):
    fractional_of = truth.copy()
    fractional_of[:, 0] = np.nan
    figure = plots.plot_uncertainties(0.1 * truth, truth, names=NAMES, fractional_of=fractional_of, against_units=UNITS)
    # B/T as it is, and 10 % of everything else
    assert figure.axes[0].get_ylim()[1] == pytest.approx(0.105 * np.quantile(truth[:, 0], 0.998))
    assert figure.axes[4].get_ylim()[1] == pytest.approx(0.105)
    assert "/" in figure.axes[4].get_ylabel()


def luminance(colour):
    """Relative luminance (WCAG 2.2) of an sRGB colour: what print in grey keeps."""
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_density_colours_darken_steadily():
    colours = density_map()(np.linspace(0, 1, 64))
    assert np.all(np.diff([luminance(colour) for colour in colours]) < 0)


def test_colours_differ_for_every_kind_of_colour_vision():
    # Machado et al. (2009), severity 1: protanopia, deuteranopia, tritanopia, on linear RGB
    matrices = {
        "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    }
    linear = np.array([to_rgb(colour) for colour in COLOURS[:4]]) ** 2.2
    for matrix in matrices.values():
        seen = np.clip(linear @ np.array(matrix).T, 0, 1) ** (1 / 2.2)
        distances = [np.linalg.norm(seen[i] - seen[j]) for i in range(4) for j in range(i)]
        assert min(distances) > 0.3


def test_a_traversal_has_a_row_a_latent_on_one_scale(images):
    steps = (-1, 0, 1, 2)
    figure = plots.plot_traversal(images.reshape(2, 4, 41, 41, 1), steps)
    drawn = [ax.images[0] for ax in figure.axes]
    for picture, image in zip(drawn, images, strict=True):
        np.testing.assert_array_equal(picture.get_array(), image)
    assert {picture.get_clim() for picture in drawn} == {(0, images[[1, 5]].max())}
    assert [ax.get_title() for ax in figure.axes[:4]] == ["-1 σ", "0", "+1 σ", "+2 σ"]
    with pytest.raises(ValueError, match="3 steps"):
        plots.plot_traversal(images.reshape(2, 4, 41, 41), (-1, 0, 1))


def test_latents_are_all_drawn_in_a_colour_each_group(truth):
    groups = np.array(["spiral", "elliptical"])[(truth[:, 0] > 0.3).astype(int)]
    figure = plots.plot_latents(truth[:, :2], groups)
    drawn = figure.axes[0].collections
    assert sum(len(one.get_offsets()) for one in drawn) == N
    for one, label in zip(drawn, ("elliptical", "spiral"), strict=True):
        np.testing.assert_array_equal(one.get_offsets(), truth[groups == label, :2])
    with pytest.raises(ValueError, match=r"expected \(N, 2\)"):
        plots.plot_latents(truth)
