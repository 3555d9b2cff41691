"""Posteriors of galaxy morphology from images.

>>> import gampen_tf
>>> posterior = gampen_tf.predict("cutouts/*.fits", n_mc=1000, model="hsc_wide_g")
>>> posterior.to_table()

The public names are loaded when they are first used: importing the package loads neither TensorFlow nor GalSim.
"""

import importlib

from . import _startup

__version__ = "0.1.0"

_startup.install()

_HOMES = {
    "predict": "inference",
    "train": "training",
    "train_vae": "vae_training",
    "GalaxyVAE": "vae",
    "finetune": "finetuning",
    "simulate": "simulation",
    "evaluate": "evaluation",
    "tune_dropout": "tuning",
    "calibrate": "calibration",
    "fit_limits": "trust",
    "crop": "cropping",
    "combine": "combination",
    "load_model": "model",
    "list_models": "model",
    "load_gampen_weights": "networks",
    "open_dataset": "datasets",
    "predict_catalogue": "catalogues",
    "read_catalogue": "catalogues",
    "Posterior": "posterior",
    "Flag": "flags",
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
