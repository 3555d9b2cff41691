"""One fit by pyimfit: recovery from other values, masked pixels, limits."""

import dataclasses

import numpy as np
import pytest
from toy_galaxies import DISC, SCALE, drawn

pytest.importorskip("pyimfit")

from gampen_tf.classical.imfit_fit import solve_by_imfit
from gampen_tf.classical.parameters import Sersic, Source
from gampen_tf.classical.problem import FitProblem, Limits

TRUTH = Sersic(4e4, 1.2 / np.sqrt(0.5), 1.0, 0.5, 40.0)
LIMITS = Limits(((0.2, 8.0),))


@pytest.fixture
def problem(psf):
    image = drawn([DISC], (37, 41), x=0.11, y=-0.07)
    cut = psf[18:43, 18:43]
    return FitProblem(image, np.full(image.shape, 5.0), np.zeros(image.shape, bool), cut / cut.sum(), SCALE, SCALE)


def check(solution):
    (source,) = solution.sources
    (one,) = source.components
    assert solution.converged
    assert (source.x, source.y) == pytest.approx((0.11, -0.07), abs=5e-3)
    assert one.flux == pytest.approx(TRUTH.flux, rel=0.02)
    assert one.axis_ratio == pytest.approx(0.5, abs=0.01)
    assert one.position_angle == pytest.approx(40.0, abs=0.5)
    assert one.sersic_index == pytest.approx(1.0, abs=0.05)


def test_a_galaxy_is_recovered_from_other_values(problem):
    start = dataclasses.replace(TRUTH, flux=3e4, semi_major_axis=1.2, sersic_index=2.0, axis_ratio=0.7)
    solution = solve_by_imfit(problem, [Source(0.0, 0.0, (start,))], LIMITS)
    check(solution)
    assert solution.free.all()


def test_masked_pixels_do_not_matter(problem):
    spoiled = problem.image.copy()
    spoiled[5:8, 5:8] = 1e5
    mask = np.zeros(spoiled.shape, bool)
    mask[5:8, 5:8] = True
    check(solve_by_imfit(dataclasses.replace(problem, image=spoiled, mask=mask), [Source(0.1, 0.0, (TRUTH,))], LIMITS))


def test_limits_hold(problem):
    start = dataclasses.replace(TRUTH, sersic_index=3.0)
    solution = solve_by_imfit(problem, [Source(0.1, 0.0, (start,))], Limits(((2.0, 4.0),)))
    assert solution.sources[0].components[0].sersic_index == pytest.approx(2.0, abs=1e-3)
    assert not solution.free.all()
