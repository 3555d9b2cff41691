# What `import gampen_tf` gives, for Python (which loads each name when it is first used), editors and type checkers.
from .calibration import Recalibration
from .core import Flag, LabelScaler, Parameter, ParameterSet, Stretch
from .data import DataSet, JoinedDataSet, open_dataset
from .evaluation import Evaluation, evaluate
from .inference import Predictor, crop, predict, predict_catalogue, read_catalogue
from .models import Model, combine, list_models, load_model
from .networks import load_gampen_weights
from .posterior import Posterior
from .simulation import Recipe, load_recipe, simulate
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
    "combine",
    "crop",
    "evaluate",
    "finetune",
    "fit_limits",
    "list_models",
    "load_gampen_weights",
    "load_model",
    "load_recipe",
    "open_dataset",
    "predict",
    "predict_catalogue",
    "read_catalogue",
    "simulate",
    "train",
    "train_vae",
    "tune_dropout",
]

__version__: str
