"""The best scaled bivariate Gaussian of an image: the simplest model of a galaxy, to compare others with.

>>> fit = fit_bivariate_gaussian(image)
>>> fit.effective_radius, fit.axis_ratio, fit.mean_squared_error

Regier et al. (2015, § 3.2) fit it by BFGS over six unconstrained parameters: two of the mean, three of the Cholesky
factor of the covariance (its diagonal by the logarithm), one of the scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from ..core.ellipticity import wrapped_angle

__all__ = ["BivariateGaussian", "fit_bivariate_gaussian", "gaussian_log_likelihood"]

_WIDTHS = (1.0, 0.4, 2.0)  # of the first guesses, over the width by moments
_TOLERANCE = 1e-6  # of the gradient of the error, the image's mean square being one


@dataclass(frozen=True)
class BivariateGaussian:
    """A Gaussian of light, as fitted to an image.

    Attributes
    ----------
    flux : float
        The scale: integral over the plane, in the unit of the image's pixels.
    x, y : float
        The mean, in pixels; 0 is the centre of the first pixel.
    covariance : (2, 2) array
        In pixels², of (x, y).
    mean_squared_error : float
        Mean over the image's pixels.
    converged : bool
        Whether the optimiser found a gradient of zero.
    """

    flux: float
    x: float
    y: float
    covariance: np.ndarray
    mean_squared_error: float
    converged: bool

    def image(self, shape):
        """The model at the centres of the pixels of a (H, W) image."""
        y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
        offset = np.stack([x - self.x, y - self.y], axis=-1)
        distance = np.einsum("...i,ij,...j", offset, np.linalg.inv(self.covariance), offset)
        return self.flux / (2 * np.pi * np.sqrt(np.linalg.det(self.covariance))) * np.exp(-0.5 * distance)

    @property
    def axis_ratio(self) -> float:
        low, high = np.linalg.eigvalsh(self.covariance)
        return float(np.sqrt(low / high))

    @property
    def position_angle(self) -> float:
        """Angle of the major axis, in degrees from +x (columns) towards +y (rows), in [−90, 90)."""
        x, y = np.linalg.eigh(self.covariance)[1][:, 1]
        return float(wrapped_angle(np.degrees(np.arctan2(y, x))))

    @property
    def effective_radius(self) -> float:
        """Radius of the circle with the area of the ellipse that holds half of the light, in pixels."""
        return float(np.sqrt(2 * np.log(2)) * np.linalg.det(self.covariance) ** 0.25)

    def log_likelihood(self, n_pixels) -> float:
        """Log-likelihood of an image of that number of pixels, with the one noise variance that makes it largest."""
        return gaussian_log_likelihood(self.mean_squared_error, n_pixels)


def gaussian_log_likelihood(mean_squared_error, n_pixels):
    """Largest log-likelihood of residuals under a normal distribution: its variance is their mean square."""
    return -0.5 * n_pixels * (np.log(2 * np.pi * np.asarray(mean_squared_error)) + 1)


def fit_bivariate_gaussian(image):
    """Fit a scaled bivariate Gaussian by least squares over all pixels.

    BFGS with the exact gradient, from the image's second moments and from a narrower and a wider guess; the best of
    the three is taken.

    Parameters
    ----------
    image : (H, W) or (H, W, 1) array
        Finite, background near zero.

    Returns
    -------
    BivariateGaussian

    Raises
    ------
    ValueError
        If it is no finite image of one band.
    """
    image = np.asarray(image, float)
    image = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    if image.ndim != 2 or image.size == 0 or not np.isfinite(image).all():
        raise ValueError(f"expected a finite image (H, W) or (H, W, 1), found shape {image.shape}")
    scale = np.sqrt(np.mean(image**2)) or 1.0
    objective = _squared_error(image / scale)
    x, y, covariance = _moments(image)
    best = None
    for width in _WIDTHS:
        start = _start(image / scale, x, y, covariance * width**2)
        found = minimize(objective, start, jac=True, method="BFGS", options={"gtol": _TOLERANCE})
        if best is None or found.fun < best.fun:
            best = found
    x, y, log_a, b, log_c, amplitude = best.x
    factor = np.array([[np.exp(log_a), 0], [b, np.exp(log_c)]])
    # precision lost in the last steps is no failure where the gradient is as good as zero
    converged = bool(np.max(np.abs(best.jac)) < 100 * _TOLERANCE)
    flux = amplitude * scale * 2 * np.pi * np.exp(log_a + log_c)
    return BivariateGaussian(float(flux), float(x), float(y), factor @ factor.T, float(best.fun * scale**2), converged)


def _squared_error(image):
    """Mean squared error and its gradient, a function of (x, y, ln a, b, ln c, peak); [[a, 0], [b, c]] is Cholesky's.

    The peak stands in place of the flux: it and the widths hang together less.
    """
    rows, columns = np.arange(image.shape[0], dtype=float)[:, None], np.arange(image.shape[1], dtype=float)[None, :]

    def error(parameters):
        x, y, log_a, b, log_c, peak = parameters
        # lengths far from any image's give an error that is flat, not an overflow
        a, c = np.exp(np.clip([log_a, log_c], -20, 20))
        u = (columns - x) / a
        v = ((rows - y) - b * u) / c
        light = np.exp(-0.5 * (u**2 + v**2))
        residual = peak * light - image
        weighted = residual * light * (2 * peak / image.size)
        # with w = Σ weighted·(…): derivatives of −(u² + v²) / 2 by each parameter
        wv, wu = weighted * v, weighted * u
        sum_v, sum_u = np.sum(wv), np.sum(wu)
        vu, vv, uu = np.sum(wv * u), np.sum(wv * v), np.sum(wu * u)
        gradient = [
            (sum_u - sum_v * b / c) / a,
            sum_v / c,
            uu - vu * b / c,
            vu / c,
            vv,
            2 * np.sum(residual * light) / image.size,
        ]
        return np.mean(residual**2), np.array(gradient)

    return error


def _moments(image):
    """Centroid and covariance of the pixels above half the level of the brightest 2 %; the middle if there is none."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(float)
    level = 0.5 * np.quantile(image, 0.98)
    weight = np.where(image > level, image, 0.0) if level > 0 else np.zeros_like(image)
    total = np.sum(weight)
    if not total > 0:
        height, width = image.shape
        return (width - 1) / 2, (height - 1) / 2, np.diag([(width / 8) ** 2, (height / 8) ** 2])
    mean_x, mean_y = np.sum(weight * x) / total, np.sum(weight * y) / total
    dx, dy = x - mean_x, y - mean_y
    xx, yy, xy = (np.sum(weight * product) / total for product in (dx * dx, dy * dy, dx * dy))
    return mean_x, mean_y, np.array([[xx + 0.5, xy], [xy, yy + 0.5]])


def _start(image, x, y, covariance):
    factor = np.linalg.cholesky(covariance)
    start = np.array([x, y, np.log(factor[0, 0]), factor[1, 0], np.log(factor[1, 1]), 1.0])
    # the best peak for this shape is linear
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    u = (columns - x) / factor[0, 0]
    light = np.exp(-0.5 * (u**2 + (((rows - y) - factor[1, 0] * u) / factor[1, 1]) ** 2))
    start[5] = np.sum(light * image) / np.sum(light**2)
    return start
