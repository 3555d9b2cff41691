"""The posterior that a user holds: physical units, joint regions, other priors, tables and files."""

import warnings

import h5py
import numpy as np
import pytest
from scipy import integrate, stats

from gampen_tf.core import Flag, LabelScaler, Parameter, ParameterSet
from gampen_tf.posterior import Posterior, QuantileMap
from gampen_tf.posterior.draws import base_noise

SCALER = LabelScaler(
    ParameterSet(
        [
            Parameter("bulge_to_total", "", (0, 1), "logit", clip=0.01),
            Parameter("effective_radius", "arcsec", (0, np.inf), "log"),
            Parameter("flux", "nJy", (0, np.inf), "log"),
        ]
    ),
    mean=[0.2, 0.5, 11.0],
    scale=[2.4, 0.7, 0.9],
)
PLAIN = LabelScaler(ParameterSet([Parameter("x"), Parameter("y"), Parameter("z")]), [1.0, 2.0, 3.0], [1.0, 2.0, 0.5])
UNMEASURED = 3


def components(rng, n=12, n_components=6, *, spread=0.6):
    means = spread * rng.normal(size=(n, 1, 3)) + 0.1 * rng.normal(size=(n, n_components, 3))
    factors = np.tril(0.1 * rng.normal(size=(n, n_components, 3, 3)))
    np.einsum("...ii->...i", factors)[...] = 0.25 * np.exp(0.2 * rng.normal(size=(n, n_components, 3)))
    return means, factors


@pytest.fixture(params=[None, "recalibrated"])
def posterior(request, rng):
    means, factors = components(rng)
    means[UNMEASURED] = np.nan
    flags = np.zeros(len(means), int)
    flags[UNMEASURED] = Flag.UNREADABLE
    calibration = QuantileMap.of_pits(rng.beta(1.3, 1.1, (2000, 3))) if request.param else None
    return Posterior(
        means,
        factors,
        SCALER,
        n_mc=512,
        seed=5,
        flags=flags,
        identifiers=[f"galaxy {i}" for i in range(len(means))],
        metadata={"model": "hsc_wide_g"},
        calibration=calibration,
    )


@pytest.fixture
def plain(rng):
    return Posterior(*components(rng), PLAIN, weights=rng.dirichlet(np.ones(6), 12))


def measured(array):
    return np.delete(array, UNMEASURED, axis=0)


def test_summaries_are_those_of_many_draws(posterior):
    """100 000 stratified draws: errors below those of random draws, sqrt(1 / D) = 0.003 of the width."""
    draws = posterior.sample(100_000)
    mean, sd = draws.mean(axis=1), draws.std(axis=1)
    exact = posterior.calibration is None
    np.testing.assert_allclose(measured((posterior.mean() - mean) / sd), 0, atol=1e-3 if exact else 5e-3)
    np.testing.assert_allclose(measured(posterior.std() / sd), 1, atol=0.01 if exact else 0.05)
    for level in (0.16, 0.5, 0.9973):
        below = np.mean(draws <= posterior.quantile(level)[:, None], axis=1)
        np.testing.assert_allclose(measured(below), level, atol=0.003)
    for level in (0.6827, 0.9545):
        for kind in ("hdi", "central"):
            low, high = np.moveaxis(posterior.interval(level, kind), -1, 0)
            inside = np.mean((draws >= low[:, None]) & (draws <= high[:, None]), axis=1)
            np.testing.assert_allclose(measured(inside), level, atol=0.005)
    below = np.mean(draws <= mean[:, None], axis=1)
    np.testing.assert_allclose(measured(posterior.cdf(mean)), measured(below), atol=0.003)


def test_densities_are_slopes_of_distribution_functions(posterior):
    x = posterior.quantile([0.2, 0.5, 0.8]).swapaxes(1, 2)
    step = 1e-4 * posterior.std()[:, None]
    slope = (posterior.cdf(x + step) - posterior.cdf(x - step)) / (2 * step)
    np.testing.assert_allclose(measured(posterior.pdf(x) / slope), 1, atol=1e-2 if posterior.calibration else 1e-5)


def test_modes_lie_at_the_top_and_in_the_shortest_intervals(posterior):
    grid = np.moveaxis(posterior.quantile(np.linspace(0.01, 0.99, 999)), -1, 1)
    top = posterior.pdf(grid).max(axis=1)
    at_mode = posterior.pdf(posterior.mode()[:, None])[:, 0]
    assert np.all(measured(at_mode / top) > (0.999 if posterior.calibration is None else 0.99))
    interval = posterior.interval(0.3)
    assert np.all(measured((posterior.mode() >= interval[..., 0]) & (posterior.mode() <= interval[..., 1])))


def test_shortest_intervals_are_no_longer_than_any_central_one(posterior):
    shortest, central = (np.diff(measured(posterior.interval(0.6827, kind))) for kind in ("hdi", "central"))
    assert np.all(shortest <= central * (1 + 1e-9))


def test_covariance_in_physical_units_is_that_of_the_draws(rng):
    means, factors = components(rng, n=4)
    factors[..., 1, 0] = factors[..., 2, 1] = 0.2  # correlated
    means[:, :, 0] -= 1.5  # a good part in the atom at 0
    posterior = Posterior(means, factors, SCALER)
    draws = posterior.sample(400_000)
    total = posterior.covariance()
    for i in range(4):
        scale = np.sqrt(np.outer(*[np.diag(total[i])] * 2))
        np.testing.assert_allclose((np.cov(draws[i].T) - total[i]) / scale, 0, atol=0.01)
    for space in ("physical", "label"):
        parts = [posterior.covariance(kind, space=space) for kind in ("aleatoric", "epistemic")]
        np.testing.assert_allclose(sum(parts), posterior.covariance(space=space), rtol=1e-12)
    # all passes alike: the network has no doubt
    alike = Posterior(means[:, :1].repeat(6, axis=1), factors[:, :1].repeat(6, axis=1), SCALER)
    np.testing.assert_allclose(alike.covariance("epistemic"), 0, atol=1e-12 * alike.covariance().max())


def test_log_prob_is_a_density(posterior):
    """Importance sampling over all of parameter space, cells of the atoms included; 30 000 points, error some 3 %."""
    rng = np.random.default_rng(1)
    n, k = len(posterior), 30_000
    # uniform in B/T; log-normals wider than the posteriors
    radius, flux = stats.lognorm(1.0, scale=np.exp(0.5)), stats.lognorm(1.2, scale=np.exp(11.0))
    values = np.stack(
        [rng.uniform(size=(n, k)), radius.rvs((n, k), random_state=rng), flux.rvs((n, k), random_state=rng)], axis=-1
    )
    proposal = radius.logpdf(values[..., 1]) + flux.logpdf(values[..., 2])
    integral = np.mean(np.exp(posterior.log_prob(values) - proposal), axis=1)
    np.testing.assert_allclose(measured(integral), 1, atol=0.12)
    assert np.mean(measured(integral)) == pytest.approx(1, abs=0.04)


def test_log_prob_of_one_gaussian_is_scipys(rng):
    means, factors = components(rng, n=3, n_components=1)
    posterior = Posterior(means, factors, PLAIN)
    values = posterior.sample(5)
    for i in range(3):
        covariance = np.outer(PLAIN.scale, PLAIN.scale) * (factors[i, 0] @ factors[i, 0].T)
        book = stats.multivariate_normal(PLAIN.mean + PLAIN.scale * means[i, 0], covariance)
        np.testing.assert_allclose(posterior.log_prob(values)[i], book.logpdf(values[i]), rtol=1e-10)


def test_log_prob_outside_the_bounds_is_none(posterior):
    values = posterior.median()
    for column, value in ((0, -0.1), (0, 1.1), (1, 0.0), (2, -3.0)):
        outside = values.copy()
        outside[:, column] = value
        assert np.all(np.isneginf(measured(posterior.log_prob(outside))))


def test_two_parameters_at_their_bounds_have_the_orthant_probability():
    ratio = dict(bounds=(0, 1), transform="logit", clip=0.01)
    parameters = ParameterSet([Parameter("a", **ratio), Parameter("b", **ratio), Parameter("c")])
    scaler = LabelScaler(parameters, [0] * 3, [2.0] * 3)
    factor = np.array([[1.0, 0, 0], [0.6, 0.8, 0], [0.3, -0.2, 0.9]])
    mean = np.array([-2.0, 2.5, 0.1])
    posterior = Posterior(mean[None, None], factor[None, None], scaler)
    edge, covariance = np.log(99) / 2, factor @ factor.T
    c = 0.4  # in labels

    def beyond(a, b):
        return stats.multivariate_normal(mean, covariance).pdf([a, b, c])

    expected = integrate.dblquad(lambda b, a: beyond(a, b), -9, -edge, edge, 9)[0] / (0.01 * 0.01 * 2.0)
    found = np.exp(posterior.log_prob([[0.0, 1.0, 2.0 * c]])[0])
    assert found == pytest.approx(expected, rel=0.02)


def test_credible_mass_of_one_gaussian_is_chi_squared(rng):
    means, factors = components(rng, n=50, n_components=1)
    posterior = Posterior(means, factors, PLAIN)
    z = rng.normal(size=(50, 3))
    truth = PLAIN.inverse(means[:, 0] + np.einsum("nij,nj->ni", factors[:, 0], z))
    expected = stats.chi2(3).cdf(np.sum(z**2, axis=1))
    np.testing.assert_allclose(posterior.credible_mass(truth), expected, rtol=1e-10)
    # and by its draws, when it does not know that it is one Gaussian
    twice = Posterior(means.repeat(2, axis=1), factors.repeat(2, axis=1), PLAIN, n_mc=4096)
    np.testing.assert_allclose(twice.credible_mass(truth), expected, atol=4 * 0.5 / 64)


@pytest.mark.parametrize("recalibrated", [False, True])
def test_credible_mass_and_pit_of_calibrated_posteriors_are_uniform(rng, recalibrated):
    """Truths drawn from the posteriors themselves; each KS test fails one time in a thousand."""
    n = 1000
    means, factors = components(rng, n=n, spread=1.0)
    calibration = QuantileMap.of_pits(rng.beta(1.3, 1.1, (2000, 3))) if recalibrated else None
    posterior = Posterior(means, factors, SCALER, calibration=calibration, n_mc=1000)
    # one draw each, another one of the sequence for every galaxy
    truth = posterior.sample(n, seed=1)[np.arange(n), np.arange(n)]
    assert 0.02 < np.mean((truth[:, 0] == 0) | (truth[:, 0] == 1)) < 0.4
    assert stats.kstest(posterior.credible_mass(truth), "uniform").pvalue > 1e-3
    for column in posterior.pit(truth, seed=1).T:
        assert stats.kstest(column, "uniform").pvalue > 1e-3
    held = posterior.contains(truth, 0.6827).mean(axis=0)
    # atoms hold more than the level; 4.5 standard errors of a binomial
    assert np.all(np.abs(held[1:] - 0.6827) < 4.5 * np.sqrt(0.6827 * 0.3173 / n))
    assert held[0] > 0.6827 - 4.5 * np.sqrt(0.6827 * 0.3173 / n)


def test_a_galaxy_is_the_same_alone_and_in_any_company(posterior):
    order = np.array([7, 0, UNMEASURED, 11, 4])
    some = posterior[order]
    assert some.identifiers == [f"galaxy {i}" for i in order]
    np.testing.assert_allclose(some.samples, posterior.samples[order], rtol=1e-10)
    np.testing.assert_allclose(some.mode(), posterior.mode()[order], rtol=1e-9)
    np.testing.assert_allclose(some.interval(), posterior.interval()[order], rtol=1e-9)
    np.testing.assert_allclose(posterior[-1].samples, posterior.samples[-1:], rtol=1e-10)
    np.testing.assert_array_equal(posterior[posterior.flags == 0].flags, 0)
    joined = Posterior.concatenate([posterior[:5], posterior[5:]])
    np.testing.assert_allclose(joined.samples, posterior.samples, rtol=1e-10)
    with pytest.raises(IndexError):
        posterior[len(posterior)]


def test_concatenated_posteriors_may_have_different_numbers_of_passes(rng):
    few, many = Posterior(*components(rng, n=2, n_components=3), PLAIN), Posterior(*components(rng, n=2), PLAIN)
    joined = Posterior.concatenate([few, many])
    np.testing.assert_allclose(joined.median(), np.concatenate([few.median(), many.median()]), rtol=1e-12)
    np.testing.assert_allclose(joined.samples, np.concatenate([few.samples, many.samples]), rtol=1e-12)
    other = Posterior(few.means, few.scale_trils, SCALER)
    with pytest.raises(ValueError, match="different models"):
        Posterior.concatenate([few, other])


def test_reasons_stay_with_their_rows(rng):
    posterior = Posterior(*components(rng, n=4), PLAIN, metadata={"reasons": {"1": "late", "3": "lost"}, "seed": 2})
    assert posterior[1:].metadata == {"reasons": {"0": "late", "2": "lost"}, "seed": 2}
    assert posterior[0].metadata["reasons"] == {}
    joined = Posterior.concatenate([posterior[[3]], posterior[:2]])
    assert joined.metadata["reasons"] == {"0": "lost", "2": "late"}
    with pytest.raises(ValueError, match="no posteriors"):
        Posterior.concatenate([])


@pytest.mark.parametrize("n_mc", [0, -1, 2.5])
def test_numbers_of_draws_are_whole_and_positive(rng, n_mc):
    with pytest.raises(ValueError, match="expected a number of draws"):
        Posterior(*components(rng, n=1), PLAIN, n_mc=n_mc)


def test_negative_seeds_are_seeds(rng):
    one, other, wrapped = (base_noise(64, 2, seed)[1] for seed in (-1, -2, 2**64 - 1))
    assert np.all(one != other)
    np.testing.assert_array_equal(one, wrapped)


def test_draws_depend_on_the_seed_and_nothing_else(posterior):
    np.testing.assert_array_equal(posterior.sample(64, seed=9), posterior.sample(64, seed=9))
    assert np.all(measured(posterior.sample(64, seed=9) != posterior.sample(64, seed=10)).mean(axis=1) > 0.5)
    assert posterior.samples is posterior.samples
    assert posterior.samples.shape == (12, 512, 3)


def test_galaxies_without_a_measurement_are_nan_without_a_warning(posterior):
    values = posterior.median()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for result in (
            posterior.mean(),
            posterior.std(),
            posterior.mode(),
            posterior.interval(),
            posterior.samples,
            values,
            posterior.pdf(values),
            posterior.log_prob(values),
            posterior.credible_mass(values),
            posterior.covariance(),
        ):
            assert np.all(np.isnan(result[UNMEASURED]))
            assert np.all(np.isfinite(measured(result)))
        nothing = posterior[[UNMEASURED]]
        assert np.all(np.isnan(nothing.interval([0.5, 0.9])))
        assert "0 measured" in nothing.summary()
    assert not posterior.contains(values)[UNMEASURED].any()


def test_flagged_galaxies_are_nan_whatever_their_numbers(rng):
    means, factors = components(rng)
    flags = np.zeros(12, int)
    flags[2], flags[4] = Flag.NONFINITE_PIXELS, Flag.CROPPED
    mode = Posterior(means, factors, SCALER, flags=flags).mode()
    assert np.all(np.isnan(mode[2]))
    assert np.all(np.isfinite(mode[4]))


def test_rescaling_widens_about_the_mean(plain):
    factors = np.array([2.0, 0.5, 1.0])
    wide = plain.rescaled(factors)
    np.testing.assert_allclose(wide.mean(), plain.mean(), rtol=1e-12)
    np.testing.assert_allclose(wide.covariance(), plain.covariance() * np.outer(factors, factors), rtol=1e-9)
    np.testing.assert_allclose(np.diff(wide.interval()), np.diff(plain.interval()) * factors[:, None], rtol=1e-7)
    moved = plain.rescaled(1.0, shifts=[1.0, 0.0, -1.0])
    np.testing.assert_allclose(moved.mean() - plain.mean(), np.tile([1.0, 0, -0.5], (12, 1)), atol=1e-12)


def test_reweighting_gives_the_product_of_gaussians(rng):
    """A flat training prior and a Gaussian new one: the mean and width of the product are known."""
    means, factors = np.zeros((2, 1, 3)), np.tile(np.eye(3), (2, 1, 1, 1))
    posterior = Posterior(means, factors, PLAIN)
    centre, width = 2.0, 1.5  # of x, which is N(1, 1)
    prior = stats.norm(centre, width)
    new = posterior.reweight(lambda v: prior.logpdf(v[:, 0]), lambda v: np.zeros(len(v)), n_draws=20_000)
    variance = 1 / (1 + 1 / width**2)
    mean = variance * (1 + centre / width**2)
    np.testing.assert_allclose(new.mean(), np.tile([mean, 2, 3], (2, 1)), atol=0.02)
    np.testing.assert_allclose(new.std()[:, 0], np.sqrt(variance), rtol=0.01)
    np.testing.assert_allclose(new.interval(0.6827)[0, 0], mean + np.array([-1, 1]) * np.sqrt(variance), atol=0.03)
    np.testing.assert_allclose(new.resampled(5000).std(axis=1)[:, 0], np.sqrt(variance), rtol=0.03)
    # E[w]² / E[w²] of the ratio of these Gaussians
    expected = integrate.quad(lambda x: stats.norm(1).pdf(x) * stats.norm(centre, width).pdf(x), -9, 9)[0] ** 2
    expected /= integrate.quad(lambda x: stats.norm(1).pdf(x) * stats.norm(centre, width).pdf(x) ** 2, -9, 9)[0]
    np.testing.assert_allclose(new.effective_sample_size, expected * 20_000, rtol=0.02)


def test_reweighting_to_where_no_draws_are_warns(plain):
    with pytest.warns(UserWarning, match="12 of 12 galaxies keep fewer than 50"):
        new = plain.reweight(lambda v: -0.5 * ((v[:, 0] - 30) / 0.1) ** 2, lambda v: np.zeros(len(v)))
    assert np.all(new.effective_sample_size < 2)
    with pytest.raises(ValueError, match="training prior that excludes no draw"):
        plain.reweight(lambda v: np.zeros(len(v)), lambda v: np.full(len(v), -np.inf))
    with pytest.raises(ValueError, match="new_log_prior gave shape"):
        plain.reweight(lambda v: np.zeros(3), lambda v: np.zeros(len(v)))


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


def test_saved_and_loaded_posteriors_are_the_same(posterior, tmp_path):
    path = tmp_path / "posteriors.h5"
    posterior.save(path)
    posterior.save(path)  # replaces
    loaded = Posterior.load(path)
    np.testing.assert_array_equal(loaded.samples, posterior.samples)
    np.testing.assert_array_equal(loaded.interval(), posterior.interval())
    np.testing.assert_array_equal(loaded.flags, posterior.flags)
    assert (loaded.identifiers, loaded.metadata) == (posterior.identifiers, posterior.metadata)
    assert [p.name for p in tmp_path.iterdir()] == ["posteriors.h5"]


def test_files_that_are_none_of_ours_are_refused(posterior, tmp_path):
    other, newer = tmp_path / "other.h5", tmp_path / "newer.h5"
    with h5py.File(other, "w") as file:
        file["means"] = [1.0]
    with pytest.raises(ValueError, match="expected a posterior"):
        Posterior.load(other)
    posterior.save(newer)
    with h5py.File(newer, "a") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(ValueError, match="version 99"):
        Posterior.load(newer)


def test_shapes_and_options_that_do_not_fit_are_refused(plain):
    with pytest.raises(ValueError, match="expected means"):
        Posterior(np.zeros((2, 4, 2)), np.zeros((2, 4, 2, 2)), PLAIN)
    with pytest.raises(ValueError, match="identifiers"):
        Posterior(plain.means, plain.scale_trils, PLAIN, identifiers=["one"])
    with pytest.raises(ValueError, match="expected values of shape"):
        plain.cdf(np.zeros((5, 3)))
    with pytest.raises(ValueError, match="between 0 and 1"):
        plain.interval(68.27)
    with pytest.raises(ValueError, match="'hdi' or 'central'"):
        plain.interval(0.5, kind="shortest")
    with pytest.raises(ValueError, match="'total', 'aleatoric'"):
        plain.covariance("both")


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


def test_an_atom_with_the_majority_is_the_mode():
    # a peak a hundredth of a cell wide at the clip: higher than the atom as a density, and with less probability
    edge = SCALER.clip_labels[0, 0]
    means = np.array([[edge - 0.0004, 0.0, 0.0], [edge + 0.0004, 0.0, 0.0]])[:, None]
    posterior = Posterior(means, np.broadcast_to(np.diag([0.001, 0.1, 0.1]), (2, 1, 3, 3)), SCALER)
    assert posterior.mode()[0, 0] == 0
    assert posterior.mode()[1, 0] == pytest.approx(0.01, rel=0.01)
    np.testing.assert_array_equal(posterior.interval(0.5)[0, 0], 0)
