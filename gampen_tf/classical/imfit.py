"""One χ² fit of Sérsic sources by pyimfit (Erwin 2015): Levenberg-Marquardt, the PSF convolved on the pixels."""

import numpy as np
import scipy.fft

from gampen_tf.classical.conversion import from_imfit
from gampen_tf.classical.data import Solution, vector_of

__all__ = ["solve_by_imfit"]

_LARGEST_BRIGHTNESS = 1e15      # pyimfit knows limits on both sides or none


def solve_by_imfit(data, sources, limits):
    """Fit sources to an image from where they are.

    Parameters
    ----------
    data : Data
        Not binned.
    sources : sequence of Source
        The galaxy, then its neighbours.
    limits : Limits

    Returns
    -------
    Solution
    """
    import pyimfit

    start, ranges = vector_of(sources, limits, data.frame)
    counts = [len(source.components) for source in sources]
    image, sigma, mask = _padded(data)
    fitter = pyimfit.Imfit(_description(start, ranges, counts), psf=data.sharp_psf, maxThreads=1)
    fitter.loadData(image, error=sigma, mask=mask)
    result = fitter.doFit()
    parameters = np.array(result.params, float)
    return Solution(from_imfit(parameters, counts, data.frame), parameters, ranges, float(result.fitStat),
                    bool(result.fitConverged))


def _description(parameters, ranges, n_components):
    """pyimfit's description of the model with its initial values."""
    from pyimfit import FunctionSetDescription, ModelDescription, make_imfit_function
    from pyimfit.descriptions import ParameterDescription

    description, rows = ModelDescription(), zip(parameters, ranges, strict=True)
    for number, n in enumerate(n_components):
        centre = []
        for name in ("X0", "Y0"):
            value, ends = next(rows)
            centre.append(ParameterDescription(name, value, limits=tuple(ends)))
        functions = [make_imfit_function("Sersic") for _ in range(n)]
        for function in functions:
            for parameter in function.parameterList():
                value, (low, high) = next(rows)
                parameter.setValue(value, (low, min(high, _LARGEST_BRIGHTNESS)) if np.isfinite(low) else None)
        description.addFunctionSet(FunctionSetDescription(f"source{number}", *centre, functions))
    return description


def _padded(data):
    """Image, noise and mask with masked pixels added until imfit's Fourier transforms have a length of small factors.

    imfit transforms N + 3 p − 1 pixels, p the side of the PSF, and takes several times longer where that is a prime.
    """
    extra = [(0, scipy.fft.next_fast_len(n + 3 * p - 1, real=True) - (n + 3 * p - 1))
             for n, p in zip(data.image.shape, data.psf.shape, strict=True)]
    return (np.pad(np.where(data.mask, 0.0, data.image), extra),
            np.pad(np.where(data.mask, 1.0, data.sigma), extra, constant_values=1.0),
            np.pad(data.mask.astype(float), extra, constant_values=1.0))
