"""Posteriors of made-up mixtures, for tests of what is computed from them."""

import numpy as np

from gampen_tf.core import LabelScaler, Parameter, ParameterSet

SCALER = LabelScaler(
    ParameterSet(
        [
            Parameter("bulge_to_total", "", (0, 1), "logit", clip=0.01),
            Parameter("effective_radius", "arcsec", (0, np.inf), "log"),
            Parameter("flux", "nJy", (0, np.inf), "log"),
        ]
    ),
    mean=[0.2, 0.5, 11.0],
    scale=[2.4, 0.7, 0.9],
)
PLAIN = LabelScaler(ParameterSet([Parameter("x"), Parameter("y"), Parameter("z")]), [1.0, 2.0, 3.0], [1.0, 2.0, 0.5])
UNMEASURED = 3


def components(rng, n=12, n_components=6, *, spread=0.6):
    means = spread * rng.normal(size=(n, 1, 3)) + 0.1 * rng.normal(size=(n, n_components, 3))
    factors = np.tril(0.1 * rng.normal(size=(n, n_components, 3, 3)))
    np.einsum("...ii->...i", factors)[...] = 0.25 * np.exp(0.2 * rng.normal(size=(n, n_components, 3)))
    return means, factors


def measured(array):
    return np.delete(array, UNMEASURED, axis=0)
