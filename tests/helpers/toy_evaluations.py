"""Posteriors whose faults are known, and a small labelled data set."""

import numpy as np
import yaml
from toy_models import SIDE

from gampen_tf.core import LabelScaler, Parameter, ParameterSet
from gampen_tf.io import data_recipe
from gampen_tf.posterior import Posterior
from gampen_tf.simulation import simulate

PARAMETERS = ParameterSet(
    [
        Parameter("bulge_to_total", "", (0, 1), "logit", 0.01),
        Parameter("effective_radius", "arcsec", (0, np.inf), "log"),
        Parameter("flux", "nJy", (0, np.inf), "log"),
    ]
)
SCALER = LabelScaler(PARAMETERS, [0.0, 0.5, 13.0], [2.0, 0.6, 1.0])
N = 3000


def toy(width=1.0, bias=0.0, n=N):
    """Posteriors that claim ``width`` times the right width and are off by ``bias`` standard deviations."""
    rng = np.random.default_rng(11)
    sigma = 0.15
    truth = rng.normal(0, 0.8, (n, 3))
    means = truth + sigma * (rng.standard_normal((n, 3)) + bias)
    trils = np.broadcast_to(width * sigma * np.eye(3), (n, 1, 3, 3))
    return Posterior(means[:, None], trils, SCALER, n_mc=200), SCALER.inverse(truth)


def small_data(folder, n_images):
    """Galaxies of the shipped recipe in small frames; few Sérsic indices, each of which costs a table."""
    document = yaml.safe_load(data_recipe("hsc_wide_g").read_text())
    document["image"]["size"] = SIDE
    for kind in document["galaxies"].values():
        for name, component in kind["components"].items():
            component["sersic_index"]["step"] = {"disc": 0.2, "bulge": 0.5}[name]
    return simulate(document, folder, n_images=n_images, seed=3, workers=1, progress_bar=False)
