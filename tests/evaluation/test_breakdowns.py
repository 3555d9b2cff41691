"""Numbers by kind, class and flag, against those of the galaxies that each group was made of."""

import numpy as np
import pytest
from astropy.table import Table
from toy_evaluations import SCALER, N, toy

from gampen_tf.core import Flag, LabelScaler, Parameter, ParameterSet
from gampen_tf.evaluation.breakdowns import by_class, by_flag, by_kind, flag_counts, quantities_of
from gampen_tf.posterior import Posterior


def test_signal_to_noise_is_that_of_the_half_light_circle():
    # √(3² + 4²) = 5″ = 10 px, of noise √(100 π); half of the flux is 1000 √π
    catalogue = Table(
        {"flux": [2000 * np.sqrt(np.pi)], "effective_radius": [3.0], "noise_sigma": [1.0], "psf_fwhm": [8.0]}
    )
    found = quantities_of(catalogue, pixel_scale=0.5)
    assert found["signal_to_noise"] == pytest.approx(100)
    assert found["psf_fwhm"] == pytest.approx(8)
    del catalogue["psf_fwhm"]
    assert quantities_of(catalogue, pixel_scale=0.5)["signal_to_noise"] == pytest.approx(100 * 5 / 3)
    assert quantities_of(catalogue["flux", "effective_radius"], pixel_scale=0.5) == {}


def test_each_kind_has_the_scatter_it_was_given():
    scaler = LabelScaler(ParameterSet([Parameter("flux", "nJy")]), [0.0], [1.0])
    kind = np.repeat(["disc", "bulge"], [200, 100])
    truth = np.linspace(1, 2, 300)[:, None]
    means = truth + np.where(kind == "disc", 0.1, 0.3)[:, None] * np.tile([-1, 1], 150)[:, None]
    posterior = Posterior(means[:, None], np.full((300, 1, 1, 1), 0.2), scaler, n_mc=1)
    found = by_kind(posterior, truth, Table({"kind": kind}))
    assert {name: entry["n"] for name, entry in found.items()} == {"disc": 200, "bulge": 100}
    for name, scatter in (("disc", 0.1), ("bulge", 0.3)):
        for key in ("standard_deviation", "typical_error"):
            assert found[name]["flux"][key]["value"] == pytest.approx(scatter)
    assert by_kind(posterior, truth, Table({"flux": truth[:, 0]})) == {}


def test_classes_by_probability_are_right_more_often_than_the_threshold():
    posterior, truth = toy()
    found = by_class(posterior, truth)
    assert [rule["parameter"] for rule in found["rules"]] == ["bulge_to_total", "bulge_to_total", "effective_radius"]
    for name, entry in found["probability"]["quality"].items():
        assert entry["precision"]["value"] > found["threshold"], name
        assert entry["n"] > 100
        # by value more galaxies have a class, and fewer of these are right
        by_value = found["value"]["quality"][name]
        assert by_value["precision"]["value"] < entry["precision"]["value"]
        assert by_value["completeness"]["value"] > entry["completeness"]["value"]
    for side in ("value", "probability"):
        assert np.sum(found[side]["confusion"]["bulge_to_total"]["counts"]) == N


def test_without_a_parameter_of_the_rules_there_are_no_classes():
    scaler = LabelScaler(ParameterSet([Parameter("flux", "nJy")]), [0.0], [1.0])
    posterior = Posterior(np.ones((2, 1, 1)), np.ones((2, 1, 1, 1)), scaler, n_mc=1)
    assert by_class(posterior, np.ones((2, 1))) is None


def test_flags_are_counted_by_name():
    flags = [0, int(Flag.BRIGHT_NEIGHBOUR), int(Flag.BRIGHT_NEIGHBOUR | Flag.NOT_MEASURED)]
    assert flag_counts(flags) == {"BRIGHT_NEIGHBOUR": 2, "NOT_MEASURED": 1}


def test_errors_with_and_without_flagged_galaxies():
    """Every tenth galaxy is flagged and 10 σ off; every twentieth has no measurement."""
    posterior, truth = toy()
    flags = np.zeros(N, np.int64)
    flags[::10] = int(Flag.OUT_OF_DISTRIBUTION | Flag.BRIGHT_NEIGHBOUR)
    flags[5::20] = int(Flag.NOT_MEASURED)
    means = posterior.means.copy()
    means[::10] += 1.5
    means[5::20] = np.nan
    found = by_flag(Posterior(means, posterior.scale_trils, SCALER, n_mc=10, flags=flags), truth)
    assert set(found) == {"all", "without a flag", "flagged", "OUT_OF_DISTRIBUTION", "BRIGHT_NEIGHBOUR"}
    assert [found[group]["n"] for group in ("all", "without a flag", "flagged")] == [2850, 2550, 300]
    assert found["flagged"] == found["OUT_OF_DISTRIBUTION"] == found["BRIGHT_NEIGHBOUR"]
    assert found["flagged"]["flux"]["coverage"]["value"] == 0
    good = found["without a flag"]["flux"]
    assert abs(good["coverage"]["value"] - 0.6827) < 4 * good["coverage"]["error"]
    covered = (good["coverage"]["value"] * 2550 + 0 * 300) / 2850
    assert found["all"]["flux"]["coverage"]["value"] == pytest.approx(covered)
    # ln F is 1.5 too large and the mode a variance below: e^{1.5 − 0.0225} − 1 = 3.38 at the median, more at 68.27 %
    error = found["flagged"]["flux"]["typical_error"]
    assert error["kind"] == "relative"
    assert error["value"] == pytest.approx(np.exp(1.5 - 0.15**2 + 0.475 * 0.15) - 1, abs=4 * error["error"])
    assert by_flag(posterior, truth) == {}
