"""Posteriors with and without recalibration, and of parameters without transforms."""

import numpy as np
import pytest
from toy_posteriors import PLAIN, SCALER, UNMEASURED, components

from gampen_tf.core import Flag
from gampen_tf.posterior import Posterior, QuantileMap


@pytest.fixture(params=[None, "recalibrated"])
def posterior(request, rng):
    means, factors = components(rng)
    means[UNMEASURED] = np.nan
    flags = np.zeros(len(means), int)
    flags[UNMEASURED] = Flag.UNREADABLE
    calibration = QuantileMap.of_pits(rng.beta(1.3, 1.1, (2000, 3))) if request.param else None
    return Posterior(
        means,
        factors,
        SCALER,
        n_mc=512,
        seed=5,
        flags=flags,
        identifiers=[f"galaxy {i}" for i in range(len(means))],
        metadata={"model": "hsc_wide_g"},
        probability_map=calibration,
    )


@pytest.fixture
def plain(rng):
    return Posterior(*components(rng), PLAIN, weights=rng.dirichlet(np.ones(6), 12))
