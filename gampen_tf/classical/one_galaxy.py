"""Fit of one galaxy: detection, several starts on a binned image, one fit of all pixels, uncertainties."""

import dataclasses
import time

import numpy as np
from scipy import ndimage

from .covariance import covariance_of, errors_of
from .exact_fit import ExactImages, solve_exactly
from .imfit_fit import solve_by_imfit
from .parameters import measured
from .problem import N_PARAMETERS, FitProblem, Limits, sources_of, vector_of
from .starts import detect, overlooked, two_component_starts

__all__ = ["Settings", "fit_galaxy"]

_COARSE_SIDE = 64  # pixels that a binned image has at least
_COARSE_TOLERANCE = 1.0  # in χ²
_COARSE_STEPS = 15
_ROUNDS = 3  # of a fit and a look at what it has left


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings that all galaxies of a run share; see `gampen_tf.classical.fit`."""

    profile: str
    pixel_scale: float
    zero_point: float
    sersic_index: tuple  # (low, high) of each component
    neighbours: str
    fitter: str


def fit_galaxy(image, psf, noise, mask, gain, noise_correlation, settings):
    """Fit one galaxy.

    Parameters
    ----------
    image : (H, W) float array
        Finite where ``mask`` is not True.
    psf : (h, w) float array
        With the pixel in it.
    noise : (H, W) float array
        σ of the sky per pixel.
    mask : (H, W) bool array
    gain : float or None
        Electrons per pixel unit.
    noise_correlation : (k, k) array or None
    settings : Settings

    Returns
    -------
    dict
        Values and ``…_error`` of each parameter, ``reduced_chi2``, ``converged``, ``at_limit``,
        ``n_fitted_neighbours``, ``processor_seconds``.
    """
    start = time.process_time()
    psf = np.asarray(psf, float)
    problem = FitProblem(
        np.where(mask, 0.0, image).astype(float),
        np.asarray(noise, float),
        mask,
        psf / psf.sum(),
        settings.pixel_scale,
        settings.pixel_scale,
    )
    found = detect(problem.image, problem.sigma, mask, settings.pixel_scale, _width(problem.psf))
    if settings.neighbours == "mask":
        problem = dataclasses.replace(problem, mask=mask | (found.segments > 1))
    others = found.neighbours if settings.neighbours == "fit" else ()
    if settings.neighbours == "fit":  # those too many to be fitted
        problem = dataclasses.replace(problem, mask=mask | (found.segments > 1 + len(others)))
    if gain is not None:
        problem = dataclasses.replace(problem, sigma=_with_photons(noise, _smoothed(problem.image), gain))
    limits = Limits(settings.sersic_index)
    solve = {"exact": solve_exactly, "imfit": solve_by_imfit}[settings.fitter]
    for _ in range(_ROUNDS if settings.neighbours == "fit" else 1):
        coarse = problem.binned(_binning(problem))
        solution = solve(problem, _best_start(coarse, [found.galaxy, *others], limits), limits)
        images = ExactImages(problem, [len(source.components) for source in solution.sources])
        if settings.neighbours != "fit" or _is_good(solution, problem):
            break
        rest = problem.image - images.image(solution.parameters)
        new = overlooked(
            rest, problem.sigma, problem.mask, settings.pixel_scale, _width(problem.psf), solution.sources[0]
        )
        if not new:
            break
        others = (*solution.sources[1:], *new)
    if gain is not None:  # the light of the model in place of that of the noisy image
        problem = dataclasses.replace(problem, sigma=_with_photons(noise, images.image(solution.parameters), gain))
        solution = solve(problem, solution.sources, limits)

    def derive(parameters):
        return measured(sources_of(parameters, images.n_components)[0], settings.zero_point)

    slopes = images.slopes(solution.parameters) * np.where(
        problem.mask, 0.0, 1 / np.where(problem.mask, 1.0, problem.sigma)
    )
    covariance = covariance_of(slopes, solution.free, noise_correlation)
    values = derive(solution.parameters)
    errors = errors_of(derive, solution.parameters, covariance)
    n_own = 2 + N_PARAMETERS * images.n_components[0]
    return (
        values
        | {f"{name}_error": error for name, error in errors.items()}
        | {
            "reduced_chi2": solution.chi2 / max(problem.n_pixels - int(solution.free.sum()), 1),
            "converged": solution.converged,
            "at_limit": not bool(solution.free[:n_own].all()),
            "n_fitted_neighbours": len(images.n_components) - 1,
            "processor_seconds": time.process_time() - start,
        }
    )


def _best_start(coarse, sources, limits):
    """Sources from which the fit of all pixels starts: the lowest χ² of short fits of the binned image."""
    galaxy, *others = sources
    ends = (min(low for low, _ in limits.galaxy), max(high for _, high in limits.galaxy))

    def single(index):
        component = dataclasses.replace(galaxy.components[0], sersic_index=float(np.clip(index, *ends)))
        start = [dataclasses.replace(galaxy, components=(component,)), *others]
        return solve_exactly(coarse, start, Limits((ends,)), _COARSE_TOLERANCE, _COARSE_STEPS)

    galaxy, *others = min((single(index) for index in (1.0, 3.0)), key=_chi2).sources
    if len(limits.galaxy) == 1:
        return [galaxy, *others]
    if others:  # they stay as they are while the galaxy is taken apart
        images = ExactImages(coarse, [len(other.components) for other in others])
        vector, _ = vector_of(others, limits, coarse.grid)
        coarse = dataclasses.replace(coarse, image=coarse.image - images.image(vector))
    tried = [
        solve_exactly(coarse, [start], limits, _COARSE_TOLERANCE, _COARSE_STEPS)
        for start in two_component_starts(galaxy)
    ]
    return [*min(tried, key=_chi2).sources, *others]


def _is_good(solution, problem):
    """Whether χ² is what noise alone makes, to 5 of its standard deviations."""
    return solution.chi2 < problem.n_pixels + 5 * np.sqrt(2 * problem.n_pixels)


def _chi2(solution):
    return solution.chi2 if np.isfinite(solution.chi2) else np.inf


def _binning(problem):
    """Pixels a side of a bin: of the image's own parity, so that the centre stays."""
    factor = max(1, min(problem.image.shape) // _COARSE_SIDE)
    if any(side % 2 for side in problem.image.shape) and factor % 2 == 0:
        factor -= 1
    return factor


def _width(psf):
    """σ in pixels of the Gaussian with the same peak."""
    return float(np.sqrt(psf.sum() / (2 * np.pi * psf.max())))


def _with_photons(noise, light, gain):
    return np.sqrt(np.asarray(noise, float) ** 2 + np.maximum(light, 0.0) / gain)


def _smoothed(image):
    return ndimage.uniform_filter(image, 3)
