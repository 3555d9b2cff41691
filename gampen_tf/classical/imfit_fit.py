"""One χ² fit of Sérsic sources by pyimfit (Erwin 2015): Levenberg-Marquardt, the PSF convolved on the pixels."""

import numpy as np
import scipy.fft

from .parameters import from_imfit, to_imfit
from .problem import N_PARAMETERS, Solution, sources_of, vector_of

__all__ = ["solve_by_imfit"]

_LARGEST_BRIGHTNESS = 1e15  # pyimfit knows limits on both sides or none


def solve_by_imfit(problem, sources, limits):
    """Fit sources to an image by pyimfit, from their initial values.

    Parameters
    ----------
    problem : FitProblem
        Not binned.
    sources : sequence of Source
        The galaxy, then its neighbours.
    limits : Limits

    Returns
    -------
    Solution
    """
    import pyimfit

    counts = [len(source.components) for source in sources]
    start, ranges = vector_of(sources, limits, problem.grid)
    image, sigma, mask = _padded(problem)
    description = _description(sources_of(start, counts), problem.grid, ranges)
    fitter = pyimfit.Imfit(description, psf=problem.sharp_psf, maxThreads=1)
    fitter.loadData(image, error=sigma, mask=mask)
    result = fitter.doFit()
    found = from_imfit(np.array(result.params, float), counts, problem.grid)
    parameters, _ = vector_of(found, limits, problem.grid)
    return Solution(found, parameters, ranges, float(result.fitStat), bool(result.fitConverged))


def _description(sources, grid, ranges):
    """pyimfit's description of the model, with initial values and limits."""
    from pyimfit import FunctionSetDescription, ModelDescription, make_imfit_function
    from pyimfit.descriptions import ParameterDescription

    description, k = ModelDescription(), 0
    for number, source in enumerate(sources):
        centre, components = to_imfit(source, grid)
        middle = grid.centre
        offsets = [
            ParameterDescription(name, value, limits=tuple(zero + ranges[k + axis] / grid.pixel_scale))
            for axis, (name, value, zero) in enumerate(zip(("X0", "Y0"), centre, middle, strict=True))
        ]
        k += 2
        functions = []
        for component in components:
            _, radius, index, ratio, _ = ranges[k : k + N_PARAMETERS]
            ends = {
                "ell": 1 - ratio[::-1],
                "n": index,
                "I_e": (0.0, _LARGEST_BRIGHTNESS),
                "r_e": np.exp(radius) / grid.pixel_scale,
            }
            function = make_imfit_function("Sersic")
            for parameter in function.parameterList():
                value = component[parameter.name]
                if parameter.name in ends:
                    value = float(np.clip(value, *ends[parameter.name]))
                parameter.setValue(value, ends.get(parameter.name))
            functions.append(function)
            k += N_PARAMETERS
        description.addFunctionSet(FunctionSetDescription(f"source{number}", *offsets, functions))
    return description


def _padded(problem):
    """Image, noise and mask with masked pixels added until imfit's Fourier transforms have a length of small factors.

    imfit transforms N + 3 p − 1 pixels, p the side of the PSF, and takes several times longer where that is a prime.
    """
    extra = [
        (0, scipy.fft.next_fast_len(n + 3 * p - 1, real=True) - (n + 3 * p - 1))
        for n, p in zip(problem.image.shape, problem.psf.shape, strict=True)
    ]
    return (
        np.pad(np.where(problem.mask, 0.0, problem.image), extra),
        np.pad(np.where(problem.mask, 1.0, problem.sigma), extra, constant_values=1.0),
        np.pad(problem.mask.astype(float), extra, constant_values=1.0),
    )
