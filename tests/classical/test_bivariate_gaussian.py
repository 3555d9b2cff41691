"""The best scaled bivariate Gaussian: recovery, the gradient, optimality, the likelihood in closed form."""

import numpy as np
import pytest
from scipy import optimize, stats

from gampen_tf.classical import fit_bivariate_gaussian
from gampen_tf.classical.bivariate_gaussian import BivariateGaussian, gaussian_log_likelihood

TRUTH = BivariateGaussian(500.0, 20.3, 17.6, np.array([[30.0, 8.0], [8.0, 12.0]]), 0.0, True)


def test_a_gaussian_is_found_again():
    fit = fit_bivariate_gaussian(TRUTH.image((41, 37)))
    assert fit.converged
    np.testing.assert_allclose([fit.flux, fit.x, fit.y], [TRUTH.flux, TRUTH.x, TRUTH.y], rtol=1e-5)
    np.testing.assert_allclose(fit.covariance, TRUTH.covariance, rtol=1e-4)
    assert fit.mean_squared_error < 1e-8


def test_image_is_the_density_times_the_flux():
    y, x = np.mgrid[:41, :37]
    density = stats.multivariate_normal([TRUTH.x, TRUTH.y], TRUTH.covariance).pdf(np.stack([x, y], -1))
    np.testing.assert_allclose(TRUTH.image((41, 37)), TRUTH.flux * density, rtol=1e-10)


def test_flux_and_scale_of_the_image_go_together():
    image = TRUTH.image((41, 37)) + 0.05 * np.sin(np.arange(41 * 37)).reshape(41, 37)
    one, many = fit_bivariate_gaussian(image), fit_bivariate_gaussian(1e6 * image)
    np.testing.assert_allclose(
        [many.flux, many.mean_squared_error], [1e6 * one.flux, 1e12 * one.mean_squared_error], rtol=1e-6
    )


def test_shape_in_the_fields_words():
    angle, a, b = np.radians(35), 6.0, 3.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    fit = BivariateGaussian(1.0, 50.0, 50.0, turn @ np.diag([a**2, b**2]) @ turn.T, 0.0, True)
    np.testing.assert_allclose([fit.axis_ratio, fit.position_angle], [0.5, 35.0])
    # half of the flux in the ellipse of the same area as the circle
    y, x = np.mgrid[:101, :101] - 50.0
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    image, inside = fit.image((101, 101)), np.hypot(u * np.sqrt(b / a), v * np.sqrt(a / b)) < fit.effective_radius
    assert abs(np.sum(image[inside]) - 0.5) < 0.01


def squared_error(parameters, image):
    """Mean squared error of a model with the mean, the covariance's Cholesky factor (ln a, b, ln c) and the peak."""
    x, y, log_a, b, log_c, peak = parameters
    factor = np.array([[np.exp(log_a), 0.0], [b, np.exp(log_c)]])
    flux = 2 * np.pi * np.linalg.det(factor) * peak
    return np.mean((image - BivariateGaussian(flux, x, y, factor @ factor.T, 0.0, True).image(image.shape)) ** 2)


def blended(rng):
    """A noisy exponential disc with a bright source beside it: no Gaussian."""
    y, x = np.mgrid[:33, :33] - 16.0
    image = np.exp(-np.hypot(x, y / 0.6) / 5) + 0.3 * np.exp(-(np.hypot(x - 9, y - 7) ** 2) / 4)
    return image + 0.02 * rng.normal(size=image.shape)


def test_the_error_has_no_slope_at_the_fit(rng):
    image = blended(rng)
    fit = fit_bivariate_gaussian(image)
    factor = np.linalg.cholesky(fit.covariance)
    peak = fit.flux / (2 * np.pi * np.linalg.det(factor))
    at = np.array([fit.x, fit.y, np.log(factor[0, 0]), factor[1, 0], np.log(factor[1, 1]), peak])
    assert squared_error(at, image) == pytest.approx(fit.mean_squared_error, rel=1e-9)
    slopes = optimize.approx_fprime(at, squared_error, 1e-6, image)
    np.testing.assert_allclose(slopes / np.mean(image**2), 0, atol=2e-5)


def test_no_other_minimiser_does_better_on_a_profile_that_is_no_gaussian(rng):
    """Best of several random starts of another method."""
    for _ in range(2):
        image = blended(rng)
        fit = fit_bivariate_gaussian(image)
        best = min(
            optimize.minimize(
                squared_error,
                [*rng.uniform(8, 24, 2), *rng.uniform(0, 2, 1), 0.0, *rng.uniform(0, 2, 1), 1.0],
                (image,),
                method="Nelder-Mead",
                options={"maxiter": 3000, "maxfev": 3000},
            ).fun
            for _ in range(4)
        )
        assert fit.converged
        assert fit.mean_squared_error <= best * (1 + 1e-6)


def test_likelihood_at_the_best_common_variance(rng):
    residual = rng.normal(0, 3, 200)
    best = optimize.minimize_scalar(lambda s: -np.sum(stats.norm.logpdf(residual, 0, np.exp(s)))).fun
    np.testing.assert_allclose(gaussian_log_likelihood(np.mean(residual**2), 200), -best, rtol=1e-8)


@pytest.mark.parametrize("image", [np.zeros((20, 20)), -np.ones((20, 20)), np.eye(1, 400, 210).reshape(20, 20)])
def test_odd_images_have_a_fit_all_the_same(image):
    fit = fit_bivariate_gaussian(image)
    assert np.isfinite([fit.flux, fit.x, fit.y, fit.mean_squared_error]).all()
    assert fit.mean_squared_error <= np.mean(image**2) * (1 + 1e-9)


def test_what_is_no_image_is_refused():
    with pytest.raises(ValueError, match="shape"):
        fit_bivariate_gaussian(np.zeros((3, 4, 2)))
    with pytest.raises(ValueError, match="finite"):
        fit_bivariate_gaussian(np.full((3, 4), np.nan))
