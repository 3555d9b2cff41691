"""Posteriors whose faults are known, and a small labelled data set."""

import numpy as np
import yaml
from astropy.table import Table
from toy_models import SIDE

from gampen_tf.calibration.coverage import coverage_of
from gampen_tf.core import LabelScaler, Parameter, ParameterSet
from gampen_tf.evaluation import Evaluation, assess
from gampen_tf.evaluation.breakdowns import by_class, by_flag, by_kind, flag_counts
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


def toy_evaluation(n=600, recipe_name="hsc_wide_g", **fields):
    """The evaluation of toy posteriors by no model, of discs and of galaxies of two components, a third of them."""
    posterior, truth = toy(n=n)
    two = np.arange(n) % 3 == 0
    catalogue = Table(
        {
            "kind": np.where(two, "disc_and_bulge", "disc"),
            "disc_flux": truth[:, 2],
            "bulge_flux": np.where(two, truth[:, 2], np.nan),
        }
    )
    quantities = {"psf_fwhm": np.linspace(0.5, 1, n)}
    metrics = assess(posterior, truth, quantities=quantities) | {
        "kinds": by_kind(posterior, truth, catalogue),
        "classes": by_class(posterior, truth),
        "before_recalibration": coverage_of(toy(width=0.5, n=n)[0], truth),
        "recalibrated": True,
        "values_alone": False,
        "flags": flag_counts(posterior.flags),
        "by_flag": by_flag(posterior, truth),
        "made_by": {"data": {"recipe_name": recipe_name}},
    }
    return Evaluation(metrics, posterior, truth, catalogue, quantities, **fields)


def small_data(folder, n_images):
    """Galaxies of the shipped recipe in small frames; few Sérsic indices, each of which costs a table."""
    document = yaml.safe_load(data_recipe("hsc_wide_g").read_text())
    document["image"]["size"] = SIDE
    for kind in document["galaxies"].values():
        for name, component in kind["components"].items():
            component["sersic_index"]["step"] = {"disc": 0.2, "bulge": 0.5}[name]
    return simulate(document, folder, n_images=n_images, seed=3, workers=1, progress_bar=False)
