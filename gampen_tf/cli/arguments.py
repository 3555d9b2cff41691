"""Arguments of the command line."""

import argparse
import json

import gampen_tf

from .verbs import (
    _calibrate,
    _crop,
    _evaluate,
    _finetune,
    _fit_limits,
    _list_models,
    _predict,
    _show_model,
    _simulate,
    _train,
    _tune_dropout,
)

_PROGRAM = "gampen-tf"


def _parser():
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        description="Posteriors of galaxy morphology from images.",
        epilog=f"'{_PROGRAM} VERB --help' tells about each; the docstrings of the Python functions tell all.",
    )
    parser.add_argument("--version", action="version", version=f"{_PROGRAM} {gampen_tf.__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name, run, summary, parents=(), of=verbs):
        # SUPPRESS: an option that is not given is not there, and the function's own default holds
        sub = of.add_parser(
            name, help=summary, description=summary, argument_default=argparse.SUPPRESS, parents=parents
        )
        sub.add_argument("--quiet", action="store_true", help="no progress bar")
        sub.add_argument("--debug", action="store_true", help="the whole traceback of an error")
        sub.set_defaults(run=run)
        return sub

    sub = verb("simulate", _simulate, "draw galaxies from a recipe")
    sub.add_argument("recipe", help="name of a recipe that ships, or path of a YAML file")
    sub.add_argument("output", help="folder of the data set")
    sub.add_argument("--n-images", type=int, required=True, metavar="N")
    sub.add_argument("--seed", type=int)
    sub.add_argument("--workers", type=int, metavar="N", help="processes; as many as cores by default")
    sub.add_argument("--format", choices=["shards", "fits"], help="what to write; shards by default")
    _add_scheduler(sub)

    training = _training_options()
    sub = verb("train", _train, "train a network", [training])
    sub.add_argument("data", nargs="+", help="data sets to join, or a recipe to simulate first (with --n-images)")
    sub.add_argument("output", help="model directory to write; a stopped run goes on there")
    sub.add_argument("--network", help="compact by default")
    sub.add_argument(
        "--network-options",
        type=json.loads,
        metavar="JSON",
        help="""more arguments of the network, such as '{"units": 256}'""",
    )

    sub = verb("finetune", _finetune, "go on training a model on other data", [training])
    sub.add_argument("model", help="name or directory")
    sub.add_argument("data", nargs="+", help="data sets to join, or a recipe to simulate first (with --n-images)")
    sub.add_argument("output", help="model directory to write; a stopped run goes on there")
    sub.add_argument(
        "--load",
        type=_names_or("all", "matching"),
        metavar="LAYERS",
        help="layers that start from the model's weights: all, matching, or patterns with commas",
    )
    sub.add_argument("--trainable", type=_names_or("all"), metavar="LAYERS", help="layers that learn: all, or patterns")
    sub.add_argument("--scaler", choices=["keep", "refit"], help="standardisation of the labels")

    reading = _reading_options()
    sub = verb("predict", _predict, "posteriors of galaxies from their images", [reading])
    sub.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="table to write: .ecsv, .fits or .parquet; a folder with --catalogue",
    )
    sub.add_argument("--overwrite", action="store_true", help="replace the table if it is there")
    sub.add_argument("--save", metavar="FILE.h5", help="save the whole posteriors too, for Posterior.load")
    sub.add_argument("--n-mc", type=int, metavar="N", help="draws that a posterior offers")
    sub.add_argument("--passes", type=_count_or_auto, metavar="N|auto", help="passes with dropout; auto by default")
    sub.add_argument("--tolerance", type=float, help="Monte Carlo error allowed by --passes auto, in posterior widths")
    sub.add_argument("--seed", type=int)
    sub.add_argument("--batch-size", type=int, metavar="N")
    sub.add_argument("--precision", choices=["auto", "float32", "bfloat16"])
    sub.add_argument(
        "--psf", metavar="FILE", help="FITS image of the PSF, or cube of one for each image, for models that take it"
    )
    sub.add_argument(
        "--no-recalibrate", dest="recalibrate", action="store_false", help="leave out the model's calibration"
    )
    sub.add_argument(
        "--catalogue",
        action="store_true",
        help="survey mode: shards of Parquet in a folder, constant memory, goes on after a stop",
    )
    sub.add_argument("--mixture", action="store_true", help="with --catalogue: keep the whole posteriors")
    sub.add_argument("--draws", type=int, metavar="N", help="with --catalogue: keep so many draws of each galaxy")
    sub.add_argument("--rows-per-shard", type=int, metavar="N", help="with --catalogue: galaxies in a file")
    _add_scheduler(sub, "with --catalogue: ")

    sub = verb("crop", _crop, "write each image as the network crops it", [reading])
    sub.add_argument("-o", "--output", required=True, metavar="FOLDER")
    sub.add_argument("--overwrite", action="store_true", help="replace crops that are there")

    sub = verb("evaluate", _evaluate, "accuracy and calibration of a model on a labelled data set")
    sub.add_argument("model", help="name or directory")
    sub.add_argument("data", help="a data set")
    sub.add_argument("--split", choices=["train", "validation", "test", "all"])
    sub.add_argument("--n-images", type=int, metavar="N", help="so many, evenly spread; all of the split by default")
    sub.add_argument("--passes", type=_count_or_auto, metavar="N|auto", help="passes with dropout; auto by default")
    sub.add_argument("--seed", type=int)
    sub.add_argument(
        "--no-recalibrate", dest="recalibrate", action="store_false", help="leave out the model's calibration"
    )
    sub.add_argument("--report", metavar="FOLDER", help="write a page with figures, and metrics.json")
    sub.add_argument("--card", action="store_true", help="write the short form into the model's directory")

    fitting = _fitting_options()
    sub = verb("tune-dropout", _tune_dropout, "coverage against the dropout rate; the model gets the best", [fitting])
    sub.add_argument("data", nargs="+", help="data sets, of whose validation split")
    sub.add_argument("--rates", type=_numbers, metavar="RATES", help="with commas; 0 to 0.2 by default")
    sub.add_argument("--split", choices=["train", "validation", "test", "all"], help="validation by default")
    sub.add_argument("--n-images", type=int, metavar="N", help="so many, evenly spread over the split; 2000 by default")

    sub = verb("calibrate", _calibrate, "fit a recalibration, which predict then applies", [fitting])
    sub.add_argument("data", nargs="+", help="data sets that neither trained nor tuned the model nor will test it")
    sub.add_argument("--kind", help="its steps, joined by +: temperature, temperature_each, conditional, quantile")
    sub.add_argument("--split", choices=["train", "validation", "test", "all"], help="validation by default")
    sub.add_argument("--n-images", type=int, metavar="N", help="so many, evenly spread over the split; all by default")

    sub = verb("limits", _fit_limits, "fit what predict flags as unlike the galaxies of training", [fitting])
    sub.add_argument("data", nargs="+", help="the data sets that the model was trained on")
    sub.add_argument(
        "--false-alarm",
        type=float,
        metavar="SHARE",
        help="of galaxies of the model's own kind that are flagged; 0.01 by default",
    )

    models = verbs.add_parser("models", help="the models that ship").add_subparsers(metavar="list|show", required=True)
    verb("list", _list_models, "one line a model", of=models)
    verb("show", _show_model, "a model's card", of=models).add_argument("name", help="name or directory")
    return parser


def _training_options():
    parent = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    parent.add_argument("--n-images", type=int, metavar="N", help="galaxies to simulate, if data is a recipe")
    parent.add_argument("--parameters", type=_names_or(), metavar="NAMES", help="what to measure, with commas")
    parent.add_argument("--preset", help="settings of the optimiser, by name")
    parent.add_argument("--epochs", type=int, metavar="N")
    parent.add_argument("--batch-size", type=int, metavar="N")
    parent.add_argument("--learning-rate", type=float, metavar="RATE")
    parent.add_argument("--dropout-rate", type=float, metavar="RATE")
    parent.add_argument("--seed", type=int)
    parent.add_argument("--precision", choices=["auto", "float32", "mixed_bfloat16"])
    parent.add_argument("--strategy", choices=["auto", "none"], help="auto: all GPUs, where there are several")
    parent.add_argument("--no-resume", dest="resume", action="store_false", help="start anew in the same directory")
    parent.add_argument("--tensorboard", action="store_true")
    return parent


def _fitting_options():
    parent = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    parent.add_argument("model", help="directory of the model")
    parent.add_argument("--passes", type=_count_or_auto, metavar="N", help="passes with dropout")
    parent.add_argument("--seed", type=int)
    return parent


def _reading_options():
    parent = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    parent.add_argument(
        "images", nargs="+", metavar="IMAGES", help="FITS or HDF5 files, a folder, a quoted glob, or a table of paths"
    )
    parent.add_argument(
        "--model", help="name or directory, hsc_wide_g by default; several that measure one parameter each, with commas"
    )
    parent.add_argument("--pixel-scale", type=float, metavar="ARCSEC", help="of the images, if headers do not say")
    parent.add_argument("--unit", help="of the pixels, if headers do not say: nJy, adu …")
    parent.add_argument("--zero-point", type=float, metavar="MAG", help="AB magnitude of one pixel unit")
    parent.add_argument("--pad", action="store_true", help="set zeros around images that are too small")
    return parent


def _add_scheduler(parser, when=""):
    parser.add_argument("--scheduler", dest="client", metavar="ADDRESS", help=f"{when}run on the Dask cluster there")


def _names_or(*words):
    def read(text):
        return text if text in words else [name.strip() for name in text.split(",")]

    return read


def _numbers(text):
    return [float(number) for number in text.split(",")]


def _count_or_auto(text):
    return text if text == "auto" else int(text)
