"""Tables, summaries and figures of posteriors."""

import numpy as np
import pytest
from scipy import integrate
from toy_posteriors import PLAIN, UNMEASURED

from gampen_tf.posterior import Posterior


def test_table_has_units_intervals_and_flags(posterior):
    table = posterior.to_table()
    assert table["flux"].unit == "nJy"
    assert table["effective_radius_upper_95"].unit == "arcsec"
    np.testing.assert_array_equal(table["effective_radius"].value, posterior.mode()[:, 1])
    np.testing.assert_array_equal(table["bulge_to_total_lower_68"], posterior.interval(0.6827)[:, 0, 0])
    assert table["flags_text"][UNMEASURED] == "UNREADABLE"
    assert table["identifier"][4] == "galaxy 4"
    assert table.meta["model"] == "hsc_wide_g"
    assert "1 flagged UNREADABLE" in posterior.summary()


def test_passes_that_give_values_without_widths(rng):
    """A network with a point head: its passes alone make the posterior."""
    means = rng.normal(size=(3, 64, 3))
    posterior = Posterior(means, np.zeros((3, 64, 3, 3)), PLAIN)
    np.testing.assert_allclose(posterior.mean(), PLAIN.inverse(means).mean(axis=1), rtol=1e-9)
    np.testing.assert_allclose(posterior.std(), PLAIN.inverse(means).std(axis=1), rtol=1e-9)
    assert np.all(np.isfinite(posterior.interval()))
    assert np.all(np.isfinite(posterior.mode()))


def test_figures_show_densities_of_a_measured_galaxy_alone(posterior):
    figure = posterior.plot(0, truth=[0.5, 1.5, 5e4])
    assert len(figure.axes) == 3
    # the curve is the density: below it lies all the probability but the ends'
    line = max(figure.axes[1].lines, key=lambda line: len(line.get_xdata()))
    assert integrate.trapezoid(line.get_ydata(), line.get_xdata()) == pytest.approx(0.999, abs=0.01)
    assert len(posterior.corner(0).axes) == 9
    with pytest.raises(ValueError, match="galaxy 3 .* UNREADABLE"):
        posterior.plot(UNMEASURED)
