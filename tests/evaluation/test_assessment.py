"""Assessments of posteriors whose faults are known."""

import json

import numpy as np
import pytest
from toy_evaluations import SCALER, N, toy

from gampen_tf.calibration.coverage import coverage_of, shares_inside
from gampen_tf.core import Flag
from gampen_tf.evaluation import assess
from gampen_tf.evaluation.assessment import by_flag
from gampen_tf.metrics import SIGMA_LEVELS
from gampen_tf.posterior import Posterior


@pytest.fixture(scope="module")
def calibrated():
    posterior, truth = toy()
    return assess(posterior, truth, quantities={"signal_to_noise": truth[:, 2] / 1e4})


@pytest.mark.parametrize("kind", ["hdi", "central"])
def test_the_mean_share_of_calibrated_posteriors_with_atoms_is_the_level(kind):
    # most of the probability of most galaxies at a bound, and the truth drawn from the posteriors themselves
    rng = np.random.default_rng(3)
    labels = rng.normal([2.3, 0, 0], 0.4, (20_000, 3)) * np.sign(rng.normal(size=(20_000, 1)))
    trils = np.broadcast_to(0.3 * np.eye(3), (20_000, 1, 3, 3))
    posterior = Posterior(labels[:, None], trils, SCALER, n_mc=1)
    truth = SCALER.inverse(labels + 0.3 * rng.standard_normal(labels.shape))
    assert np.mean(np.isin(truth[:, 0], (0, 1))) > 0.4
    ends = np.moveaxis(posterior.interval(SIGMA_LEVELS, kind=kind), 2, 0)
    shares = shares_inside(posterior, truth, ends[..., 0], ends[..., 1], kind=kind)
    plain = (truth[:, 0] >= ends[0, :, 0, 0]) & (truth[:, 0] <= ends[0, :, 0, 1])
    assert np.mean(plain) > SIGMA_LEVELS[0] + 0.05
    for level, share in zip(SIGMA_LEVELS, shares, strict=True):
        # 4.5 standard errors on 9 numbers: fails once in 16 000 such tests
        np.testing.assert_allclose(share.mean(axis=0), level, atol=4.5 * np.sqrt(level * (1 - level) / 20_000))


def test_calibrated_posteriors_are_found_to_be(calibrated):
    # 4 standard errors on 15 numbers: a calibrated posterior fails once in a thousand such tests
    for kind in ("hdi", "central"):
        for level in SIGMA_LEVELS:
            for found in calibrated["coverage"][kind][f"{100 * level:.2f}"].values():
                assert abs(found["value"] - level) < 4 * found["error"]
    for test in (*calibrated["uniformity"].values(), calibrated["tarp"]):
        assert test["p_value"] > 0.001
        assert test["n"] == N
    assert calibrated["n_measured"] == N


def test_half_the_width_covers_the_normal_integral_of_half_the_interval():
    posterior, truth = toy(width=0.5)
    found = coverage_of(posterior, truth)["central"]
    # Φ(½) − Φ(−½) = 0.3829, Φ(1) − Φ(−1) = 0.6827
    assert found["68.27"]["flux"]["value"] == pytest.approx(0.3829, abs=4 * found["68.27"]["flux"]["error"])
    assert found["95.45"]["flux"]["value"] == pytest.approx(0.6827, abs=4 * found["95.45"]["flux"]["error"])
    joint = coverage_of(posterior, truth)["joint"]["68.27"]
    # χ² with three degrees of freedom: the 68.27 % ball has radius 1.8779 σ, half of it holds 0.1697
    assert joint["value"] == pytest.approx(0.1697, abs=4 * joint["error"] + 0.01)


def test_typical_error_of_lognormal_residuals(calibrated):
    # relative residuals of the mode: exp(σ z − σ²) − 1 with σ = 0.15 · 1.0 in ln F, |…| at the 68.27th percentile
    rng = np.random.default_rng(0)
    residual = np.abs(np.exp(0.15 * rng.standard_normal(200_000) - 0.15**2) - 1)
    found = calibrated["relative_accuracy"]["mode"]["flux"]["typical_error"]
    assert found["value"] == pytest.approx(np.quantile(residual, 0.6827), abs=4 * found["error"])
    assert 0 < found["error"] < 0.05 * found["value"]
    assert "bulge_to_total" not in calibrated["relative_accuracy"]["mode"]


def test_bias_is_seen_where_it_is(calibrated):
    posterior, truth = toy(bias=0.5)
    found = assess(posterior, truth)
    for name, test in found["uniformity"].items():
        assert test["p_value"] < 0.001, name
    assert found["euclid"]["flux"]["bias"]["value"] == pytest.approx(np.expm1(0.075 - 0.15**2), abs=0.01)
    assert found["scores"]["crps"]["flux"]["value"] > calibrated["scores"]["crps"]["flux"]["value"]


def test_bins_hold_every_galaxy_once(calibrated):
    for name in ("true_flux", "predicted_effective_radius", "signal_to_noise"):
        rows = calibrated["bins"][name]
        assert sum(row["n"] for row in rows) == N
        assert all(a["high"] == b["low"] for a, b in zip(rows[:-1], rows[1:], strict=True))
        for row in rows:
            for level in SIGMA_LEVELS:
                found = row["coverage"][f"{100 * level:.2f}"]["flux"]
                assert 0 < found["error"] < 0.1
            assert row["typical_error"]["flux"]["kind"] == "relative"
            assert row["typical_error"]["bulge_to_total"]["kind"] == "absolute"


def test_galaxies_without_measurement_or_truth_count_for_nothing():
    posterior, truth = toy(n=400)
    means = posterior.means.copy()
    means[:30] = np.nan
    truth[30:60, 1] = np.nan
    broken = Posterior(means, posterior.scale_trils, SCALER, n_mc=100)
    found = assess(broken, truth)
    assert found["n_galaxies"] == 400
    assert found["n_measured"] == 370
    assert found["uniformity"]["flux"]["n"] == 370
    assert found["uniformity"]["effective_radius"]["n"] == 340
    assert found["tarp"]["n"] == 340
    intact = assess(posterior[60:], truth[60:])
    for level in ("68.27", "95.45"):
        assert (
            found["coverage"]["hdi"][level]["effective_radius"]["value"]
            == intact["coverage"]["hdi"][level]["effective_radius"]["value"]
        )


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


def test_metrics_are_plain_data(calibrated):
    assert json.loads(json.dumps(calibrated, allow_nan=False)) == calibrated


def test_truth_of_another_shape_is_refused():
    posterior, truth = toy(n=20)
    with pytest.raises(ValueError, match=r"\(20, 2\) for posteriors of 20 galaxies and 3 parameters"):
        assess(posterior, truth[:, :2])
