"""Galaxies to draw, and a check that figures leave nothing behind."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from toy_figures import N


@pytest.fixture(autouse=True)
def nothing_left_behind():
    """Each test begins without figures; none may be shown, and no setting changed."""
    before = matplotlib.rcParams.copy()
    yield
    assert matplotlib.rcParams == before
    plt.close("all")


@pytest.fixture
def truth(rng):
    return np.stack([rng.random(N), rng.uniform(0.1, 5, N), rng.uniform(1e3, 5e6, N)], axis=1)


@pytest.fixture
def predicted(rng, truth):
    return truth * (1 + 0.05 * rng.standard_normal(truth.shape))


@pytest.fixture
def images(rng):
    y, x = np.mgrid[-20:21, -20:21]
    blob = 100 * np.exp(-0.5 * (x**2 + y**2) / 9)
    return blob + rng.standard_normal((8, 41, 41))
