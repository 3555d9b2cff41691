"""Point accuracy against closed forms and SciPy."""

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import norm, spearmanr

from gampen_tf import metrics


def test_residuals_of_each_kind():
    predicted, truth = np.array([2.0, 1.0, 5.0, np.nan]), np.array([1.0, 4.0, 0.0, 1.0])
    np.testing.assert_allclose(metrics.residuals(predicted, truth), [1, -3, 5, np.nan])
    np.testing.assert_allclose(metrics.residuals(predicted, truth, "relative"), [1, -0.75, np.nan, np.nan])
    np.testing.assert_allclose(metrics.residuals(predicted, truth, "log10"), np.log10([2, 0.25, np.nan, np.nan]))
    with pytest.raises(ValueError, match=r"\(4,\).*\(4, 1\)"):
        metrics.residuals(predicted, truth[:, None])


def test_accuracy_of_normal_residuals_and_its_errors():
    """Mean, σ, 68.27 % error and NMAD of N(0.2, 1): known, and the errors are the known ones of normal samples."""
    rng = np.random.default_rng(1)
    n = 4000
    truth = rng.uniform(-5, 5, (n, 1))
    result = metrics.accuracy(truth + 0.2 + rng.normal(size=(n, 1)), truth)
    typical = next(x for x in np.linspace(0.9, 1.2, 30001) if ndtr(x - 0.2) - ndtr(-x - 0.2) >= 0.6827)
    known = {
        "mean": (0.2, 1 / np.sqrt(n)),
        "median": (0.2, np.sqrt(np.pi / 2 / n)),
        "standard_deviation": (1.0, 1 / np.sqrt(2 * n)),
        "typical_error": (typical, np.sqrt(0.6827 * 0.3173 / n) / (norm.pdf(typical - 0.2) + norm.pdf(typical + 0.2))),
        "nmad": (1.0, 1.166 / np.sqrt(n)),
        "r_squared": (1 - 1.04 / (100 / 12), None),
    }
    for name, (value, error) in known.items():
        found = result[name]
        assert abs(found.value[0] - value) < 4 * found.error[0], name
        if error is not None:
            np.testing.assert_allclose(found.error[0], error, rtol=0.3, err_msg=name)
    assert result["n"].value[0] == n


@pytest.mark.slow
def test_quoted_errors_are_the_scatter_between_samples():
    """The bootstrap and order-statistics errors against the scatter of 200 samples (σ of the ratio 5 %)."""
    rng = np.random.default_rng(2)
    runs = []
    for _ in range(200):
        truth = rng.uniform(1, 5, (500, 1))
        runs.append(metrics.accuracy(truth * np.exp(0.1 * rng.standard_t(5, (500, 1))), truth, kind="relative"))
    for name in ("mean", "median", "standard_deviation", "typical_error", "nmad", "r_squared"):
        scatter = np.std([run[name].value[0] for run in runs])
        quoted = np.sqrt(np.mean([run[name].error[0] ** 2 for run in runs]))
        assert 0.8 < quoted / scatter < 1.2, name


def test_galnets_figures_by_hand():
    truth = np.array([[0.0], [1.0], [3.0], [1.0]])
    predicted = np.array([[0.1], [1.4], [3.0], [0.9]])
    result = metrics.galnets_accuracy(predicted, truth)
    assert result["outlier_fraction"].value[0] == 0.25  # (1.4 - 1) / 2 = 0.2
    delta = np.array([0.1, 0.2, 0.0, -0.05])
    assert result["nmad"].value[0] == pytest.approx(1.4826 * np.median(np.abs(delta - 0.05)), rel=1e-4)
    assert result["r_squared"].value[0] == pytest.approx(1 - 0.18 / np.sum((truth - 1.25) ** 2))
    angles, predicted_angles = np.array([[1.0], [90.0]]), np.array([[179.0], [90.0]])
    result = metrics.galnets_accuracy(predicted_angles, angles, circular=[0])
    assert result["r_squared"].value[0] == pytest.approx(1 - 4 / np.sum((angles - 45.5) ** 2))


def test_euclid_figures_by_hand():
    truth = np.full((100, 1), 2.0)
    predicted = truth * (1 + np.linspace(-0.5, 0.75, 100)[:, None])
    result = metrics.euclid_accuracy(predicted, truth)
    assert result["bias"].value[0] == pytest.approx(0.125)
    assert result["dispersion"].value[0] == pytest.approx(0.68 * 0.625, abs=0.01)
    assert result["outlier_fraction"].value[0] == 0.2


def test_spearman_agrees_with_scipy():
    rng = np.random.default_rng(4)
    first = rng.normal(size=(500, 2))
    second = np.round(first + rng.normal(size=(500, 2)) * [1, 5], 1)
    second[0, 0] = np.nan
    found = metrics.spearman(first, second)["correlation"]
    assert found.value[0] == pytest.approx(spearmanr(first[1:, 0], second[1:, 0]).statistic)
    assert found.value[1] == pytest.approx(spearmanr(first[:, 1], second[:, 1]).statistic)


def test_spearman_error_is_the_scatter_between_samples():
    rng = np.random.default_rng(5)
    first = rng.normal(size=(200, 400))
    found = metrics.spearman(first, first + rng.normal(size=(200, 400)))["correlation"]
    np.testing.assert_allclose(np.mean(found.error), np.std(found.value), rtol=0.2)
