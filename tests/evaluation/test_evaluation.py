"""Evaluations of posteriors whose faults are known, and of a small model on a small data set."""

import json

import numpy as np
import pytest
import yaml
from toy_models import SIDE, toy_model

from gampen_tf.calibration import Recalibration
from gampen_tf.calibration.coverage import coverage_of, shares_inside
from gampen_tf.core import Flag, LabelScaler, Parameter, ParameterSet
from gampen_tf.evaluation import assess, evaluate
from gampen_tf.evaluation.assessment import by_flag
from gampen_tf.io import locations as resources
from gampen_tf.metrics import SIGMA_LEVELS
from gampen_tf.posterior import Posterior
from gampen_tf.simulation import redraw, reduced_chi_squared, simulate

PARAMETERS = ParameterSet(
    [
        Parameter("bulge_to_total", "", (0, 1), "logit", 0.01),
        Parameter("effective_radius", "arcsec", (0, np.inf), "log"),
        Parameter("flux", "nJy", (0, np.inf), "log"),
    ]
)
SCALER = LabelScaler(PARAMETERS, [0.0, 0.5, 13.0], [2.0, 0.6, 1.0])
N = 3000


def toy(width=1.0, bias=0.0, n=N):
    """Posteriors that claim ``width`` times the right width and are off by ``bias`` standard deviations."""
    rng = np.random.default_rng(11)
    sigma = 0.15
    truth = rng.normal(0, 0.8, (n, 3))
    means = truth + sigma * (rng.standard_normal((n, 3)) + bias)
    trils = np.broadcast_to(width * sigma * np.eye(3), (n, 1, 3, 3))
    return Posterior(means[:, None], trils, SCALER, n_mc=200), SCALER.inverse(truth)


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


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    document = yaml.safe_load(resources.data_recipe("hsc_wide_g").read_text())
    document["image"]["size"] = SIDE
    # few Sérsic indices, each of which costs a table; enough galaxies for a bin of the test split's 15 %
    for kind in document["galaxies"].values():
        for name, component in kind["components"].items():
            component["sersic_index"]["step"] = {"disc": 0.2, "bulge": 0.5}[name]
    folder = tmp_path_factory.mktemp("data") / "small"
    return simulate(document, folder, n_images=500, seed=3, workers=1, progress_bar=False)


@pytest.fixture(scope="module")
def evaluation(data):
    return evaluate(toy_model(), data, passes=4, progress_bar=False)


def test_an_evaluation_is_of_the_split_that_was_asked_for(evaluation, data):
    test = data.split("test")
    np.testing.assert_array_equal(evaluation.indices, test)
    np.testing.assert_array_equal(evaluation.truth, data.labels(["bulge_to_total", "effective_radius", "flux"])[test])
    assert len(evaluation.posterior.means) == evaluation.metrics["n_galaxies"] == len(test)
    assert evaluation.metrics["passes"]["n_passes"]["value"] == 4
    assert "split" not in evaluation.metrics["made_by"]["call"]
    n_double = np.sum(evaluation.catalogue["kind"] == "disc_and_bulge")
    assert evaluation.metrics["kinds"]["disc_and_bulge"]["n"] == n_double
    assert evaluation.metrics["before_recalibration"] is None
    few = evaluate(toy_model(), data, split="validation", n_images=20, passes=4, progress_bar=False)
    assert few.metrics["n_galaxies"] == 20
    assert "--split validation --n-images 20 --passes 4" in few.metrics["made_by"]["call"]


def test_an_evaluation_gives_the_posterior_of_predict(evaluation, data):
    from gampen_tf import predict

    again = predict(data.images(evaluation.indices[:5]), model=toy_model(), passes=4, progress_bar=False)
    np.testing.assert_allclose(evaluation.posterior.median()[:5], again.median(), rtol=1e-5)


def test_coverage_before_recalibration_is_reported_beside(evaluation, data):
    model = toy_model()
    model.calibration = Recalibration.fit(evaluation.posterior, evaluation.truth, kind="temperature").to_dict()
    repaired = evaluate(model, data, passes=4, progress_bar=False)
    assert repaired.metrics["recalibrated"]
    assert repaired.metrics["before_recalibration"] == evaluation.metrics["coverage"]
    assert repaired.metrics["coverage"] != evaluation.metrics["coverage"]
    raw = evaluate(model, data, passes=4, recalibrate=False, progress_bar=False)
    assert raw.metrics["coverage"] == evaluation.metrics["coverage"]


def test_images_of_another_kind_are_refused(data):
    coarse = toy_model()
    coarse.pixel_scale = 0.2
    with pytest.raises(ValueError, match=r"pixel_scale 0.168, but model 'unnamed' was trained with 0.2"):
        evaluate(coarse, data, progress_bar=False)
    with pytest.raises(ValueError, match="zero_point"):
        evaluate(toy_model(zero_point=27.0), data, progress_bar=False)


def test_redrawn_with_its_true_values_a_galaxy_is_itself(data):
    names = ["bulge_to_total", "effective_radius", "flux"]
    rows = np.arange(6)
    truth = data.labels(names)[rows]
    images, models = data.images(rows)[..., 0], redraw(data, rows, truth, names)
    # what is left is the noise: χ² of 256 pixels has a standard deviation of √(2/256) = 0.088
    chi_squared = reduced_chi_squared(images, models, 1.6, np.full(6, 10.0), 0.168)
    np.testing.assert_allclose(chi_squared, 1.0, atol=0.4)
    # twice the flux is twice the image, wherever the light is
    doubled = redraw(data, rows, truth * [1, 1, 2], names)
    np.testing.assert_allclose(doubled, 2 * models, rtol=1e-4, atol=1e-3 * np.max(models))
    for absurd in (np.nan, 1e30):
        assert np.all(np.isnan(redraw(data, rows[:1], np.full((1, 3), absurd), names)))


def test_redrawn_galaxies_have_the_radius_that_was_measured(data):
    from gampen_tf.rendering import light_within
    from gampen_tf.simulation import load_recipe
    from gampen_tf.simulation.galaxies import draw_galaxy
    from gampen_tf.simulation.redraw import _as_measured

    recipe = load_recipe(data.metadata["recipe"])
    measured = {"bulge_to_total": 0.3, "effective_radius": 1.7, "flux": 5e5}
    for index in range(8):
        components = _as_measured(draw_galaxy(recipe, 3, index), measured, recipe)
        flux = np.array([component.flux for component in components])
        assert flux.sum() == pytest.approx(5e5)
        arrays = [
            np.array([getattr(component, key) for component in components])
            for key in ("effective_radius", "axis_ratio", "sersic_index")
        ]
        inside, _ = light_within(np.full(len(components), 1.7), *arrays)
        assert np.sum(flux * inside) == pytest.approx(2.5e5, rel=1e-6)


def test_chi_squared_counts_the_circle_alone():
    model = np.zeros((1, 21, 21))
    image = np.full((1, 21, 21), 100.0)
    y, x = np.mgrid[-10:11, -10:11]
    image[0, np.hypot(x, y) <= 5] = 3.0
    assert reduced_chi_squared(image, model, 1.5, [5.0], 1.0)[0] == pytest.approx(4.0)
