"""Point accuracy, proper scores, errors and bins against closed forms and SciPy."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr, ndtri
from scipy.stats import energy_distance, norm, spearmanr

from gampen_tf import metrics


def test_circular_difference_takes_the_short_way():
    np.testing.assert_allclose(metrics.circular_difference([1, 179, 90, 10], [179, 1, 0, 10]), [2, -2, -90, 0])
    angles = np.random.default_rng(0).uniform(-500, 500, (2, 1000))
    # independent: through the doubled angle on the unit circle
    expected = np.rad2deg(np.angle(np.exp(2j * np.deg2rad(angles[0] - angles[1])))) / 2
    np.testing.assert_allclose(metrics.circular_difference(*angles), expected, atol=1e-9)


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


def test_large_samples_keep_their_error():
    """Resamples of a part of the rows, scaled, give the same error as whole ones: σ/√(2n) for a standard deviation."""
    values = np.random.default_rng(3).normal(size=200_000)
    found = metrics.resampled(np.std, values)
    np.testing.assert_allclose(found.error, 1 / np.sqrt(400_000), rtol=0.2)


def test_proportion_is_never_certain():
    found = metrics.proportion([0, 50, 100, 0], [100, 100, 100, 0])
    np.testing.assert_allclose(found.value, [0, 0.5, 1, np.nan])
    assert np.all(found.error[:3] > 0)
    np.testing.assert_allclose(found.error[1], 0.05)


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


# -- scores -----------------------------------------------------------------------------------------------------------


def test_crps_of_draws_is_the_double_sum():
    rng = np.random.default_rng(6)
    samples, truth = rng.gamma(2, size=(7, 40, 2)), rng.gamma(2, size=(7, 2))
    for i in range(7):
        for p in range(2):
            x = samples[i, :, p]
            pairs = np.abs(x[:, None] - x).sum() / (40 * 39)
            expected = np.mean(np.abs(x - truth[i, p])) - 0.5 * pairs
            assert metrics.crps(samples, truth)[i, p] == pytest.approx(expected, rel=1e-12)


def test_crps_closed_forms_agree_with_the_integral():
    """∫ (F(x) − 1{x ≥ y})² dx by quadrature, for a Gaussian and a mixture."""
    means, sigmas, weights, y = np.array([0.0, 1.5, 9.0]), np.array([0.5, 1.0, 1.0]), np.array([0.3, 0.7, 0.0]), 0.8

    def integral(distribution):
        return quad(lambda x: distribution(x) ** 2, -20, y)[0] + quad(lambda x: (1 - distribution(x)) ** 2, y, 20)[0]

    expected = integral(lambda x: np.sum(weights * ndtr((x - means) / sigmas)))
    found = metrics.crps_mixture(means[None, :, None], sigmas[None, :, None], [[y]], weights[None])
    assert found[0, 0] == pytest.approx(expected, rel=1e-7)
    expected = integral(lambda x: ndtr((x - 1.5) / 1.0))
    assert metrics.crps_gaussian(1.5, 1.0, y) == pytest.approx(expected, rel=1e-7)
    assert metrics.crps_mixture([[[1.5]]], [[[1.0]]], [[y]])[0, 0] == pytest.approx(expected, rel=1e-7)


def test_crps_of_draws_and_of_quantiles_approach_the_closed_form():
    rng = np.random.default_rng(7)
    truth = rng.normal(size=(2000, 1))
    closed = metrics.crps_gaussian(0.0, 1.0, truth)
    by_draws = metrics.crps(rng.normal(size=(2000, 200, 1)), truth)
    # unbiased: the mean difference within 4 of its own errors
    difference = metrics.mean(by_draws - closed)
    assert abs(difference.value[0]) < 4 * difference.error[0]
    levels = (np.arange(400) + 0.5) / 400
    quantiles = np.broadcast_to(ndtri(levels)[:, None], (2000, 400, 1))
    np.testing.assert_allclose(metrics.crps_quantiles(quantiles, levels, truth), closed, atol=2e-3)


def test_energy_score_of_one_parameter_is_its_crps():
    rng = np.random.default_rng(8)
    samples, truth = rng.normal(size=(500, 200, 1)), rng.normal(size=(500, 1))
    energy = metrics.energy_score(samples, truth, scale=[1.0], n_shuffles=64)
    difference = energy - metrics.crps(samples, truth)[:, 0]
    np.testing.assert_allclose(difference, 0, atol=0.05)
    assert abs(np.mean(difference)) < 1e-3
    # SciPy's energy distance of draws and the one truth is √(2 · score), with the pairs of a draw with itself counted
    x = samples[0, :, 0]
    fair = np.abs(x[:, None] - x).sum() / (200 * 199)
    expected = 0.5 * energy_distance(x, truth[0]) ** 2 + 0.5 * fair * 199 / 200 - 0.5 * fair
    assert metrics.crps(samples, truth)[0, 0] == pytest.approx(expected)


def test_energy_score_does_not_mind_the_order_of_draws():
    """Draws sorted by component, as stratified ones are: neighbouring pairs would underestimate the spread."""
    rng = np.random.default_rng(9)
    draws = rng.normal(size=(300, 400, 2)) + 3 * rng.integers(0, 2, (300, 400, 1))
    truth = np.zeros((300, 2))
    by_order = np.sort(draws, axis=1)
    order = np.argsort(draws[:, :, 0] + draws[:, :, 1], axis=1)[..., None]
    by_order = np.take_along_axis(draws, order, axis=1)
    plain, ordered = (np.mean(metrics.energy_score(x, truth, scale=[1, 1])) for x in (draws, by_order))
    assert plain == pytest.approx(ordered, abs=0.02)


@pytest.mark.parametrize("fault", [{"width": 0.7}, {"width": 1.4}, {"bias": 0.4}])
def test_scores_are_least_for_the_true_posterior(fault):
    rng = np.random.default_rng(10)
    n = 3000
    truth = rng.normal(size=(n, 2))
    noise = rng.normal(size=(n, 100, 2))
    wrong = fault.get("bias", 0.0) + fault.get("width", 1.0) * noise
    for score in (metrics.crps, lambda s, t: metrics.energy_score(s, t, scale=[1, 1])):
        difference = metrics.mean((score(wrong, truth) - score(noise, truth)).ravel())
        assert difference.value > 4 * difference.error


def test_scores_of_unknown_truth_are_nan():
    samples, truth = np.random.default_rng(11).normal(size=(3, 50, 2)), np.array([[0, 0], [np.nan, 0], [0, 0]])
    np.testing.assert_array_equal(np.isnan(metrics.crps(samples, truth)), np.isnan(truth))
    np.testing.assert_array_equal(np.isnan(metrics.energy_score(samples, truth)), [False, True, False])


# -- bins -------------------------------------------------------------------------------------------------------------


def test_bins_hold_each_galaxy_once():
    rng = np.random.default_rng(12)
    by = rng.lognormal(size=1000)
    by[:3] = np.nan
    for spacing in ("equal_count", "linear", "log"):
        edges = metrics.bin_edges(by, 6, spacing=spacing)
        bins = metrics.in_bins(len, by, edges, by)
        assert sum(b.n for b in bins) == 997
        assert all(b.result == b.n for b in bins if b.n >= 2)
    assert {b.n for b in metrics.in_bins(len, by, metrics.bin_edges(by, 7), by)} <= {142, 143}


def test_a_fault_in_one_bin_is_seen_there_alone():
    rng = np.random.default_rng(13)
    flux = rng.uniform(0, 4, 20_000)
    pit = ndtr(rng.normal(size=(20_000, 1)) / np.where(flux[:, None] < 1, 0.5, 1.0))
    mass = metrics.central_mass(pit)
    bins = metrics.in_bins(metrics.coverage_of_mass, flux, [0, 1, 2, 3, 4], mass)
    found = np.array([b.result.value[0, 0] for b in bins])
    np.testing.assert_allclose(found, [2 * ndtr(0.5) - 1, 0.6827, 0.6827, 0.6827], atol=4 * 0.0067)


def test_repeated_values_make_fewer_bins():
    by = np.concatenate([np.zeros(600), np.linspace(0.1, 1, 400)])
    edges = metrics.bin_edges(by, 4)
    assert np.all(np.diff(edges) > 0)
    assert sum(b.n for b in metrics.in_bins(len, by, edges, by)) == 1000
    assert metrics.in_bins(len, np.zeros(5), metrics.bin_edges(np.zeros(5)), np.zeros(5))[0].n == 5
