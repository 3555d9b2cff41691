"""Posteriors of galaxy morphology from images.

>>> import gampen_tf
>>> posterior = gampen_tf.predict("cutouts/*.fits", n_mc=1000, model="hsc_wide_g")
>>> posterior.to_table()

The public names are loaded when they are first used: importing the package loads neither TensorFlow nor GalSim.
"""

import importlib

from ._version import __version__ as __version__
from .io import quiet

quiet.install()

_HOMES = {
    "predict": "inference.prediction",
    "train": "training.training",
    "train_vae": "vae.training",
    "GalaxyVAE": "vae.model",
    "finetune": "training.finetuning",
    "simulate": "simulation.run",
    "evaluate": "evaluation.evaluation",
    "tune_dropout": "training.dropout_tuning",
    "calibrate": "training.recalibrating",
    "fit_limits": "training.limit_fitting",
    "crop": "inference.cropping",
    "combine": "models.combination",
    "load_model": "models.loading",
    "list_models": "models.loading",
    "load_gampen_weights": "networks.gampen_weights",
    "open_dataset": "data.dataset",
    "predict_catalogue": "inference.catalogues",
    "read_catalogue": "inference.catalogues",
    "Posterior": "posterior.posterior",
    "Flag": "core.flags",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_HOMES})
