# What `import gampen_tf` gives, for Python (which loads each name when it is first used), editors and type checkers.
from . import (
    calibration,
    classical,
    core,
    data,
    evaluation,
    inference,
    layers,
    metrics,
    models,
    networks,
    plots,
    posterior,
    rendering,
    simulation,
    training,
    vae,
)
from .calibration import Recalibration
from .core import Flag, LabelScaler, Parameter, ParameterSet, Stretch
from .data import DataSet, JoinedDataSet
from .evaluation import Evaluation, evaluate
from .inference import Predictor, check_catalogue, crop, predict, predict_catalogue, read_catalogue
from .models import Model, combine, list_models, load_model
from .networks import load_gampen_weights
from .posterior import Posterior
from .simulation import Recipe, load_recipe, open_dataset, simulate
from .training import Augmentation, DropoutTuning, Preset, calibrate, finetune, fit_limits, train, tune_dropout
from .vae import GalaxyVAE, train_vae

__all__ = [
    "Augmentation",
    "DataSet",
    "DropoutTuning",
    "Evaluation",
    "Flag",
    "GalaxyVAE",
    "JoinedDataSet",
    "LabelScaler",
    "Model",
    "Parameter",
    "ParameterSet",
    "Posterior",
    "Predictor",
    "Preset",
    "Recalibration",
    "Recipe",
    "Stretch",
    "calibrate",
    "calibration",
    "check_catalogue",
    "classical",
    "combine",
    "core",
    "crop",
    "data",
    "evaluate",
    "evaluation",
    "finetune",
    "fit_limits",
    "inference",
    "layers",
    "list_models",
    "load_gampen_weights",
    "load_model",
    "load_recipe",
    "metrics",
    "models",
    "networks",
    "open_dataset",
    "plots",
    "posterior",
    "predict",
    "predict_catalogue",
    "read_catalogue",
    "rendering",
    "simulate",
    "simulation",
    "train",
    "train_vae",
    "training",
    "tune_dropout",
    "vae",
]

__version__: str
