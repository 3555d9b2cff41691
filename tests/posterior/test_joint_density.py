"""Joint densities and highest-density regions against SciPy and integrals, with and without atoms."""

import numpy as np
import pytest
from scipy import integrate, stats

from gampen_tf.posterior.draws import draw
from gampen_tf.posterior.joint_density import joint_log_density, region_mass

NO_ATOMS = np.tile([-np.inf, np.inf], (1, 2, 1))
NO_CELLS = np.zeros((2, 2))


def two_gaussians():
    """Means, Cholesky factors and weights of one galaxy with two parameters, and SciPy's Gaussians."""
    means = np.array([[[0.3, -0.2], [-0.9, 0.6]]])
    covariances = np.array([[[[0.8, 0.3], [0.3, 0.5]], [[0.4, -0.2], [-0.2, 0.9]]]])
    weights = np.array([[0.35, 0.65]])
    gaussians = [stats.multivariate_normal(m, c) for m, c in zip(means[0], covariances[0], strict=True)]
    return (means, np.linalg.cholesky(covariances), weights), gaussians


def test_density_without_atoms_is_that_of_scipy(rng):
    mixture, gaussians = two_gaussians()
    points = rng.normal(size=(1, 50, 2))
    expected = np.log(sum(w * one.pdf(points[0]) for w, one in zip(mixture[2][0], gaussians, strict=True)))
    np.testing.assert_allclose(joint_log_density(points, *mixture, NO_ATOMS, NO_CELLS)[0], expected, rtol=1e-10)


@pytest.mark.parametrize("parameter", [0, 1])
@pytest.mark.parametrize("side", [0, 1])
def test_an_atom_has_the_probability_beyond_its_edge_over_its_width(parameter, side):
    mixture, gaussians = two_gaussians()
    edge, cell, other = (-0.7, 0.9)[side], 0.25, 0.4
    edges = NO_ATOMS.copy()
    edges[0, parameter, side] = edge
    cells = np.zeros((2, 2))
    cells[parameter, side] = np.log(cell)

    def density(y):
        point = [y, other] if parameter == 0 else [other, y]
        return sum(w * one.pdf(point) for w, one in zip(mixture[2][0], gaussians, strict=True))

    beyond = integrate.quad(density, *((-12, edge) if side == 0 else (edge, 12)), epsabs=1e-12)[0]
    label = edge + (-0.5, 0.5)[side]  # wherever beyond the edge: the atom is one
    point = [label, other] if parameter == 0 else [other, label]
    found = joint_log_density(np.array([[point]]), *mixture, edges, cells)
    assert np.exp(found[0, 0]) == pytest.approx(beyond / cell, rel=1e-7)


def test_two_atoms_together_have_the_probability_of_their_quadrant():
    mixture, gaussians = two_gaussians()
    edges = np.array([[[-0.2, np.inf], [-np.inf, 0.3]]])
    found = np.exp(joint_log_density(np.array([[[-1.0, 1.0]]]), *mixture, edges, NO_CELLS)[0, 0])
    # P(y₁ < −0.2) less that with y₂ < 0.3 as well
    expected = sum(
        w * (stats.norm.cdf(-0.2, one.mean[0], np.sqrt(one.cov[0, 0])) - one.cdf([-0.2, 0.3]))
        for w, one in zip(mixture[2][0], gaussians, strict=True)
    )
    assert found == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("n_parameters", [1, 2, 3])
def test_region_of_one_gaussian_has_the_mass_of_chi_squared(rng, n_parameters):
    means = rng.normal(size=(20, 1, n_parameters))
    factors = np.tril(rng.normal(size=(20, 1, n_parameters, n_parameters))) + 2 * np.eye(n_parameters)
    labels = rng.normal(size=(20, n_parameters))
    edges, cells = np.tile([-np.inf, np.inf], (20, n_parameters, 1)), np.zeros((n_parameters, 2))
    found = region_mass(labels, means, factors, np.ones((20, 1)), edges, cells, n_mc=10, seed=0)
    squared = [
        (y - m) @ np.linalg.solve(f @ f.T, y - m) for y, m, f in zip(labels, means[:, 0], factors[:, 0], strict=True)
    ]
    np.testing.assert_allclose(found, stats.chi2.cdf(squared, n_parameters), rtol=1e-9)


def test_region_of_a_mixture_has_the_mass_of_the_integral():
    mixture, gaussians = two_gaussians()
    point = np.array([0.8, -0.9])
    axis = np.linspace(-7, 7, 701)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    density, at_point = (
        sum(w * one.pdf(at) for w, one in zip(mixture[2][0], gaussians, strict=True)) for at in (grid, point)
    )
    expected = np.sum(density[density >= at_point]) * (axis[1] - axis[0]) ** 2
    found = region_mass(point[None], *mixture, NO_ATOMS, NO_CELLS, n_mc=4096, seed=1)
    assert found[0] == pytest.approx(expected, abs=4 * 0.5 / np.sqrt(4096))


def test_regions_of_a_mixtures_own_draws_have_uniform_mass():
    mixture, _ = two_gaussians()
    edges = np.array([[[-1.2, np.inf], [-np.inf, np.inf]]])  # an atom of some 30 %
    cells = np.full((2, 2), np.log(0.05))
    truths = draw(*mixture, 400, seed=2)[0]
    copies = [np.repeat(one, 400, axis=0) for one in (*mixture, edges)]
    mass = region_mass(truths, *copies, cells, n_mc=500, seed=3)
    assert 0.2 < np.mean(truths[:, 0] <= -1.2) < 0.5
    # Kolmogorov's 1 % point
    assert stats.kstest(mass, "uniform").statistic < 1.63 / np.sqrt(400)
