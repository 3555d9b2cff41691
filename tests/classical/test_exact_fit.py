"""Exact images and their slopes against GalSim and against long differences."""

import numpy as np
import pytest
from toy_galaxies import DISC, SCALE, drawn

from gampen_tf.classical.exact_fit import ExactImages
from gampen_tf.classical.parameters import Sersic, Source
from gampen_tf.classical.problem import FitProblem, Limits, vector_of


@pytest.mark.parametrize("shape", [(61, 61), (60, 60), (61, 50)])
def test_exact_images_are_those_of_galsim(psf, shape):
    problem = FitProblem(np.zeros(shape), np.ones(shape), np.zeros(shape, bool), psf / psf.sum(), SCALE, SCALE)
    one = Sersic(4e4, 1.2 / np.sqrt(0.5), 1.0, 0.5, 40.0)
    vector, _ = vector_of([Source(0.07, -0.12, (one,))], Limits(((0.2, 8),)), problem.grid)
    truth = drawn([DISC], shape, 0.07, -0.12)
    np.testing.assert_allclose(ExactImages(problem, [1]).image(vector), truth, atol=1e-3 * truth.max())


def test_slopes_match_long_differences(psf):
    shape = (41, 41)
    problem = FitProblem(np.zeros(shape), np.ones(shape), np.zeros(shape, bool), psf / psf.sum(), SCALE, SCALE)
    images = ExactImages(problem, [2])
    source = Source(0.03, 0.01, (Sersic(4e4, 1.5, 1.1, 0.5, 40.0), Sersic(3e4, 0.6, 3.7, 0.8, 30.0)))
    at, _ = vector_of([source], Limits(((0.2, 8),) * 2), problem.grid)
    slopes = images.slopes(at)
    for k, step in enumerate([0.02, 0.02] + [4e3, 0.02, 0.03, 0.01, 2.0] * 2):
        up, down = at.copy(), at.copy()
        up[k] += step
        down[k] -= step
        difference = (images.image(up) - images.image(down)) / (2 * step)
        assert np.abs(slopes[k] - difference).max() < 0.03 * np.abs(difference).max(), k
