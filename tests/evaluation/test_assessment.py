"""Assessments of posteriors whose faults are known."""

import json

import numpy as np
import pytest
from toy_evaluations import SCALER, N, toy

from gampen_tf.evaluation import assess
from gampen_tf.metrics import SIGMA_LEVELS
from gampen_tf.posterior import Posterior


@pytest.fixture(scope="module")
def calibrated():
    posterior, truth = toy()
    return assess(posterior, truth, quantities={"signal_to_noise": truth[:, 2] / 1e4})


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


def test_metrics_are_plain_data(calibrated):
    assert json.loads(json.dumps(calibrated, allow_nan=False)) == calibrated


def test_truth_of_another_shape_is_refused():
    posterior, truth = toy(n=20)
    with pytest.raises(ValueError, match=r"\(20, 2\) for posteriors of 20 galaxies and 3 parameters"):
        assess(posterior, truth[:, :2])
