"""Posteriors: intervals and contours lie where they should."""

import numpy as np
import pytest
from matplotlib.patches import Rectangle
from toy_figures import NAMES

from gampen_tf import plots


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
