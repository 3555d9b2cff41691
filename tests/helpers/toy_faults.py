"""Posteriors whose fault is known.

The true label is what was seen plus s times a draw of a mixture of two Gaussians, which is then the true posterior;
three parameters, the first with atoms (B/T).
"""

import numpy as np

from gampen_tf import metrics
from gampen_tf.calibration.label_pits import label_pit, true_labels
from gampen_tf.core import LabelScaler, Parameter, ParameterSet
from gampen_tf.posterior import Posterior

PARAMETERS = ParameterSet(
    [
        Parameter("bulge_to_total", "", (0, 1), "logit", 0.01),
        Parameter("effective_radius", "arcsec", (0, np.inf), "log"),
        Parameter("flux", "nJy", (0, np.inf), "log"),
    ]
)


SCALER = LabelScaler(PARAMETERS, mean=[0.0, 0.7, 13.0], scale=[3.0, 0.8, 1.5])


LEVELS = np.array(metrics.SIGMA_LEVELS)


def toy(seed, n=8000, *, width=1.0, bias=0.0, by_flux=False):
    """Posteriors of two components that claim ``width`` times the right width and are off by ``bias`` σ.

    ``by_flux``: widths too large for bright galaxies, too small for faint ones.
    """
    rng = np.random.default_rng(seed)
    observed = rng.normal(size=(n, 3))
    sigma = 0.2 * np.exp(0.3 * rng.normal(size=(n, 1))) * np.ones(3)
    component = rng.choice([-0.3, 0.3], size=(n, 1))
    truth = observed + sigma * (component + np.sqrt(0.91) * rng.normal(size=(n, 3)))
    claimed = width * sigma
    if by_flux:
        claimed = sigma * np.exp(0.5 * np.tanh(observed[:, 2:]))
    offsets = np.array([-0.3, 0.3])[:, None] * np.ones(3)
    means = observed[:, None] + (bias * sigma)[:, None] + offsets * claimed[:, None]
    trils = np.broadcast_to((np.sqrt(0.91) * claimed)[:, None, :, None] * np.eye(3), (n, 2, 3, 3))
    return Posterior(means, trils, SCALER, n_mc=2), SCALER.inverse(truth)


def pits(posterior, truth, seed=9):
    labels = true_labels(posterior, truth)
    return np.stack([label_pit(posterior, labels[:, p], p, seed=seed) for p in range(3)], axis=1)


def coverage(mass):
    return metrics.coverage_of_mass(metrics.central_mass(mass)).value
