"""Least squares with the exact images of Sérsic profiles.

imfit, as GALFIT and its kind, convolves what a profile has in each pixel with samples of the PSF. So near to a cusp
that two pixels differ much, this departs from the light that a detector counts by parts in a thousand: nothing for an eye,
but many standard errors for a bright galaxy. The images here are those of `draw_stamp`: profile, PSF and pixel are
multiplied in Fourier space, where nothing is sampled too coarsely. The fitter is SciPy's (trust region, with bounds).
"""

import dataclasses

import numpy as np
from scipy import optimize

from gampen_tf.classical.conversion import COMPONENT, from_imfit
from gampen_tf.classical.data import Solution, vector_of
from gampen_tf.simulation.psfs import MeasuredPsf
from gampen_tf.simulation.radii import circularised
from gampen_tf.simulation.stamps import Component, draw_stamp

__all__ = ["ExactImages", "solve_exactly"]

# Steps of the differences: images are float32, so that they cannot be short. Pixels, degrees, parts of the value.
_SHIFT = 0.02
_ABSOLUTE = {"PA": 0.2, "ell": 2e-3}
_RELATIVE = {"n": 2e-3, "r_e": 2e-3}


class ExactImages:
    """Images of a model and their slopes.

    Parameters
    ----------
    data : Data
    n_components : sequence of int
        Of each source.
    """

    def __init__(self, data, n_components):
        self.data, self.n_components = data, tuple(n_components)
        height, width = data.image.shape
        self._size = max(height, width)
        self._corner = (self._size - height) // 2, (self._size - width) // 2
        # where the square stamp has an odd line more, its centre is half a pixel away from the image's
        self._offset = [-0.5 * data.pixel_scale * ((self._size - side) % 2) for side in (width, height)]
        self._psf = MeasuredPsf(data.psf, data.psf_scale)

    def image(self, parameters):
        """Image of the model at imfit's vector of parameters: (H, W)."""
        sources = from_imfit(parameters, self.n_components, self.data.frame)
        return sum(self._draw(source, one) for source in sources for one in source.components)

    def slopes(self, parameters):
        """d image / d parameter, (M, H, W). Each component is drawn anew for its own parameters alone."""
        slopes, k = np.zeros((len(parameters), *self.data.image.shape)), 0
        for source in from_imfit(parameters, self.n_components, self.data.frame):
            shift = _SHIFT * self.data.pixel_scale
            for component in source.components:
                slopes[k] += self._draw(dataclasses.replace(source, x=source.x + shift), component)
                slopes[k] -= self._draw(dataclasses.replace(source, x=source.x - shift), component)
                slopes[k + 1] += self._draw(dataclasses.replace(source, y=source.y + shift), component)
                slopes[k + 1] -= self._draw(dataclasses.replace(source, y=source.y - shift), component)
            slopes[k : k + 2] /= 2 * _SHIFT
            k += 2
            for _ in source.components:
                slopes[k : k + len(COMPONENT)] = list(self._component_slopes(parameters[k : k + len(COMPONENT)], source))
                k += len(COMPONENT)
        return slopes

    def _component_slopes(self, own, source):
        """Slopes with imfit's five numbers of one component."""
        values = dict(zip(COMPONENT, own, strict=True))
        # the image is linear in the brightness; one without light has slopes nonetheless
        brightness = values["I_e"]
        values["I_e"] = 1.0
        here = self._of(values, source)
        for name in COMPONENT:
            if name == "I_e":
                yield here
                continue
            step = _ABSOLUTE.get(name) or _RELATIVE[name] * values[name]
            yield (self._of(values | {name: values[name] + step}, source) - here) * (brightness / step)

    def _of(self, values, source):
        vector = np.array([0.0, 0.0, *(values[name] for name in COMPONENT)])
        (alone,) = from_imfit(vector, [1], self.data.frame)
        return self._draw(source, alone.components[0])

    def _draw(self, source, one):
        component = Component(one.flux, circularised(one.semi_major_axis, one.axis_ratio), one.sersic_index,
                              one.axis_ratio, one.position_angle, source.x + self._offset[0],
                              source.y + self._offset[1])
        stamp = draw_stamp([component], self._psf, self._size, self.data.pixel_scale)
        height, width = self.data.image.shape
        top, left = self._corner
        return stamp[top : top + height, left : left + width].astype(float)


def solve_exactly(data, sources, limits, tolerance=1e-7, n_steps=60):
    """Fit sources to an image from where they are.

    Parameters
    ----------
    data : Data
        May be binned.
    sources : sequence of Source
        The galaxy, then its neighbours.
    limits : Limits
    tolerance : float, optional
        Relative change of χ² at which the fit ends.
    n_steps : int, optional
        After so many it has not converged.

    Returns
    -------
    Solution
    """
    start, ranges = vector_of(sources, limits, data.frame)
    images = ExactImages(data, [len(source.components) for source in sources])
    used = ~data.mask
    weight = 1 / data.sigma[used]
    low, high = ranges.T
    inside = 1e-4 * np.where(np.isfinite(high - low), high - low, 0.0)      # where this algorithm starts

    def residuals(parameters):
        return (images.image(parameters) - data.image)[used] * weight

    def jacobian(parameters):
        return (images.slopes(parameters)[:, used] * weight).T

    found = optimize.least_squares(residuals, np.clip(start, low + inside, high - inside), jacobian, bounds=(low, high),
                                   x_scale="jac", ftol=tolerance, xtol=1e-9, gtol=None, max_nfev=n_steps)
    return Solution(from_imfit(found.x, images.n_components, data.frame), found.x, ranges, 2 * float(found.cost),
                    found.status > 0)
