"""Distributions of a recipe against their laws."""

import numpy as np
import pytest
from scipy import stats
from toy_recipes import toy_recipe

from gampen_tf.simulation import Distribution, load_recipe
from gampen_tf.simulation.distributions import SHAPES


def rng(seed=1):
    return np.random.Generator(np.random.Philox(seed))


@pytest.mark.parametrize(
    ("shape", "arguments", "law"),
    [
        ("uniform", (2.0, 5.0), stats.uniform(2, 3)),
        ("log_uniform", (0.1, 10.0), stats.loguniform(0.1, 10)),
        ("normal", (1.0, 2.0), stats.norm(1, 2)),
        ("log10_normal", (-0.1, 0.4), stats.lognorm(0.4 * np.log(10), scale=10**-0.1)),
        ("exponential", (0.5,), stats.expon(scale=0.5)),
        ("f", (30.0, 5.0), stats.f(30, 5)),
    ],
)
def test_draws_follow_their_law(shape, arguments, law):
    distribution = Distribution(shape, arguments)
    generator = rng()
    draws = [distribution.draw(generator) for _ in range(2000)]
    assert stats.kstest(draws, law.cdf).pvalue > 1e-3  # one seed in a thousand a case would fail
    low, high = distribution.support
    assert low <= min(draws)
    assert max(draws) <= high


def test_annulus_is_uniform_per_area():
    generator = rng()
    radii = np.array([Distribution("annulus", (1.0, 3.0)).draw(generator) for _ in range(2000)])
    assert stats.kstest(radii, lambda r: (r**2 - 1) / 8).pvalue > 1e-3


def test_exponential_below_grows_towards_its_end():
    generator = rng()
    draws = np.array([Distribution("exponential_below", (22.0, 1.0), (17, 22)).draw(generator) for _ in range(2000)])
    law = stats.truncexpon(b=5.0)
    assert stats.kstest(22 - draws, law.cdf).pvalue > 1e-3


def test_within_draws_again_and_gives_up_with_the_key():
    inside = Distribution("normal", (0.0, 1.0), within=(1.0, 1.5))
    generator = rng()
    draws = [inside.draw(generator) for _ in range(500)]
    law = stats.truncnorm(1.0, 1.5)
    assert stats.kstest(draws, law.cdf).pvalue > 1e-3
    with pytest.raises(ValueError, match=r"psf\.fwhm: none of 10000 draws of normal \[0.0, 1.0\] fell within \[50"):
        Distribution("normal", (0.0, 1.0), within=(50, 60), key="psf.fwhm").draw(generator)


def test_step_rounds_to_its_multiples():
    generator = rng()
    draws = {Distribution("uniform", (0.8, 1.2), step=0.01).draw(generator) for _ in range(2000)}
    assert draws == {round(0.8 + 0.01 * number, 10) for number in range(41)}


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_every_shape_can_be_written_in_a_recipe(shape):
    arguments = {"choice": [18.0, 19.0], "constant": 18.0, "f": [30, 5], "poisson": 18}.get(shape)
    count = SHAPES[shape][0]
    value = arguments if arguments is not None else 18.0 if count == 1 else [18.0, 19.0]
    recipe = load_recipe(toy_recipe(magnitude={shape: value, "within": [0.0, 60.0]}))
    assert 0 <= recipe.brightness.draw(rng()) <= 60
