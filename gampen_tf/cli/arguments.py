"""Arguments of the command line: a function for each verb, which adds what the verb takes."""

from __future__ import annotations

import argparse
import json

import gampen_tf

from . import verbs as run

__all__ = ["PROGRAM", "parser"]

PROGRAM = "gampen-tf"
_SPLITS = ["train", "validation", "test", "all"]


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; ``run`` of what it gives is the function of the verb."""
    whole = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Posteriors of galaxy morphology from images.",
        epilog=f"'{PROGRAM} VERB --help' tells about each; the docstrings of the Python functions tell all.",
    )
    whole.add_argument("--version", action="version", version=f"{PROGRAM} {gampen_tf.__version__}")
    verbs = whole.add_subparsers(dest="verb", metavar="VERB", required=True)
    for add in (
        _add_simulate,
        _add_train,
        _add_finetune,
        _add_predict,
        _add_crop,
        _add_evaluate,
        _add_tune_dropout,
        _add_calibrate,
        _add_fit_limits,
        _add_catalogue,
        _add_models,
    ):
        add(verbs)
    return whole


def _add_simulate(verbs):
    sub = _verb(verbs, "simulate", run.simulate, "draw galaxies from a recipe")
    sub.add_argument("recipe", help="name of a recipe that ships, or path of a YAML file")
    sub.add_argument("output", help="folder of the data set")
    sub.add_argument("--n-images", type=int, required=True, metavar="N")
    sub.add_argument("--seed", type=int)
    sub.add_argument("--workers", type=int, metavar="N", help="processes; as many as cores by default")
    sub.add_argument("--format", choices=["shards", "fits", "drawn"], help="of the images; shards by default")
    _add_client(sub)


def _add_train(verbs):
    sub = _verb(verbs, "train", run.train, "train a network")
    _add_data(sub, "data sets to join, or a recipe to simulate first (with --n-images)")
    sub.add_argument("output", help="model directory to write; a stopped run goes on there")
    sub.add_argument("--network", help="compact by default")
    sub.add_argument(
        "--network-options",
        type=json.loads,
        metavar="JSON",
        help="""more arguments of the network, such as '{"units": 256}'""",
    )
    _add_training_options(sub)


def _add_finetune(verbs):
    sub = _verb(verbs, "finetune", run.finetune, "go on training a model on other data")
    sub.add_argument("model", help="name or directory")
    _add_data(sub, "data sets to join, or a recipe to simulate first (with --n-images)")
    sub.add_argument("output", help="model directory to write; a stopped run goes on there")
    sub.add_argument(
        "--load",
        type=_names_or("all", "matching"),
        metavar="LAYERS",
        help="layers that start from the model's weights: all, matching, or patterns with commas",
    )
    sub.add_argument("--trainable", type=_names_or("all"), metavar="LAYERS", help="layers that learn: all, or patterns")
    sub.add_argument("--scaler", choices=["keep", "refit"], help="standardisation of the labels")
    _add_training_options(sub)


def _add_predict(verbs):
    sub = _verb(verbs, "predict", run.predict, "posteriors of galaxies from their images")
    _add_reading_options(sub, "; several that measure one parameter each, with commas")
    sub.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="table to write: .ecsv, .fits or .parquet; a folder with --catalogue",
    )
    sub.add_argument("--overwrite", action="store_true", help="replace the table if it is there")
    sub.add_argument("--save", metavar="FILE.h5", help="save the whole posteriors too, for Posterior.load")
    sub.add_argument(
        "--n-mc", type=int, metavar="N", help="draws that a posterior offers, or with --catalogue that it keeps"
    )
    _add_passes(sub)
    sub.add_argument(
        "--psf",
        metavar="FILE|COLUMN",
        help="FITS image of the PSF, cube of one for each image, PSFEx model, or column of paths in the table of "
        "images, for models that take it",
    )
    sub.add_argument(
        "--noise",
        metavar="NUMBER|FILE|COLUMN",
        help="standard deviation of a pixel, FITS image of the variance or cube of one for each image, or column of "
        "numbers or paths in the table of images, for models that take it; by default that of the files, or measured",
    )
    sub.add_argument(
        "--mask",
        metavar="FILE|COLUMN",
        help="FITS image of bad pixels (not 0), cube of one for each image, or column of paths in the table of images",
    )
    _add_no_recalibrate(sub)
    _add_catalogue_options(sub)


def _add_catalogue_options(sub):
    sub.add_argument(
        "--catalogue",
        action="store_true",
        help="survey mode: shards of Parquet in a folder, constant memory, goes on after a stop",
    )
    sub.add_argument("--mixture", action="store_true", help="with --catalogue: keep the whole posteriors")
    sub.add_argument("--rows-per-shard", type=int, metavar="N", help="with --catalogue: galaxies in a file")
    _add_client(sub, "with --catalogue: ")


def _add_crop(verbs):
    sub = _verb(verbs, "crop", run.crop, "write each image as the network crops it")
    _add_reading_options(sub)
    sub.add_argument("-o", "--output", required=True, metavar="FOLDER")
    sub.add_argument("--overwrite", action="store_true", help="replace crops that are there")
    sub.add_argument("--batch-size", type=int, metavar="N", help="images of one call; 64 by default")


def _add_evaluate(verbs):
    sub = _verb(verbs, "evaluate", run.evaluate, "accuracy and calibration of a model on a labelled data set")
    sub.add_argument("model", help="name or directory")
    _add_data(sub, "data sets to join")
    _add_part(sub, "test", "all of the split")
    _add_passes(sub)
    _add_no_recalibrate(sub)
    sub.add_argument("--report", metavar="FOLDER", help="write a page with figures, and metrics.json")
    sub.add_argument("--card", action="store_true", help="write the short form into the model's directory")


def _add_tune_dropout(verbs):
    sub = _verb(verbs, "tune-dropout", run.tune_dropout, "coverage against the dropout rate; the model gets the best")
    _add_fitted_model(sub, "data sets to join")
    sub.add_argument(
        "--passes",
        type=int,
        metavar="N",
        help="passes with dropout for each rate; 16 by default, the same for all rates",
    )
    _add_seed_and_batch(sub)
    _add_precision(sub, "float32 by default: bfloat16 was not tried at every rate")
    sub.add_argument("--rates", type=_numbers, metavar="RATES", help="with commas; 0 to 0.2 by default")
    _add_part(sub, "validation", "2000 of the split")


def _add_calibrate(verbs):
    sub = _verb(verbs, "calibrate", run.calibrate, "fit a recalibration, which predict then applies")
    _add_fitted_model(sub, "data sets that neither trained nor tuned the model nor will test it")
    sub.add_argument("--kind", help="its steps, joined by +: temperature, temperature_each, conditional, quantile")
    _add_part(sub, "validation", "all of the split")
    _add_passes(sub)


def _add_fit_limits(verbs):
    sub = _verb(verbs, "fit-limits", run.fit_limits, "fit the model's domain limits, by which predict sets flags")
    _add_fitted_model(sub, "the data sets that the model was trained on")
    sub.add_argument(
        "--passes", type=int, metavar="N", help="passes with dropout; 8 by default, since a median needs few"
    )
    _add_seed_and_batch(sub)
    sub.add_argument(
        "--false-alarm",
        type=float,
        metavar="SHARE",
        help="of galaxies of the model's own kind that are flagged; 0.01 by default",
    )


def _add_catalogue(verbs):
    catalogue = verbs.add_parser("catalogue", help="catalogues that predict --catalogue wrote")
    actions = catalogue.add_subparsers(metavar="check", required=True)
    sub = _verb(actions, "check", run.check_catalogue, "compare every file with its checksums")
    sub.add_argument("folder", help="of the catalogue")


def _add_models(verbs):
    models = verbs.add_parser("models", help="the models that ship").add_subparsers(metavar="list|show", required=True)
    _verb(models, "list", run.list_models, "one line a model")
    _verb(models, "show", run.show_model, "a model's card").add_argument("name", help="name or directory")


def _verb(verbs, name, function, summary):
    # SUPPRESS: an option that is not given is not there, and the function's own default holds
    sub = verbs.add_parser(name, help=summary, description=summary, argument_default=argparse.SUPPRESS)
    sub.add_argument("--quiet", action="store_true", help="no progress bar")
    sub.add_argument("--debug", action="store_true", help="the whole traceback of an error")
    sub.set_defaults(run=function)
    return sub


# -- what several verbs take ------------------------------------------------------------------------------------------


def _add_data(sub, help):
    sub.add_argument("data", nargs="+", help=help)


def _add_part(sub, split, n_images):
    sub.add_argument("--split", choices=_SPLITS, help=f"{split} by default")
    sub.add_argument(
        "--n-images", type=int, metavar="N", help=f"so many, evenly spread over the split; {n_images} by default"
    )


def _add_passes(sub):
    sub.add_argument("--passes", type=_count_or_auto, metavar="N|auto", help="passes with dropout; auto by default")
    sub.add_argument(
        "--tolerance",
        type=float,
        help="Monte Carlo error allowed by --passes auto, in half-widths of the posterior; 0.1 by default",
    )
    _add_seed_and_batch(sub)
    _add_precision(sub, "auto by default")


def _add_seed_and_batch(sub):
    sub.add_argument("--seed", type=int, help="of dropout masks and draws; 0 by default")
    sub.add_argument(
        "--batch-size", type=int, metavar="N", help="images times passes of one call; from the free memory by default"
    )


def _add_precision(sub, default):
    sub.add_argument("--precision", choices=["auto", "float32", "bfloat16"], help=f"arithmetic; {default}")


def _add_no_recalibrate(sub):
    sub.add_argument(
        "--no-recalibrate", dest="recalibrate", action="store_false", help="leave out the model's calibration"
    )


def _add_fitted_model(sub, data):
    sub.add_argument("model", help="directory of the model")
    _add_data(sub, data)


def _add_training_options(sub):
    sub.add_argument("--n-images", type=int, metavar="N", help="galaxies to simulate, if data is a recipe")
    sub.add_argument("--parameters", type=_names_or(), metavar="NAMES", help="what to measure, with commas")
    sub.add_argument("--preset", help="settings of the optimiser, by name")
    sub.add_argument("--epochs", type=int, metavar="N")
    sub.add_argument("--batch-size", type=int, metavar="N")
    sub.add_argument("--learning-rate", type=float, metavar="RATE")
    sub.add_argument("--dropout-rate", type=float, metavar="RATE")
    sub.add_argument("--seed", type=int)
    sub.add_argument("--precision", choices=["auto", "float32", "bfloat16"])
    sub.add_argument("--strategy", choices=["auto", "none"], help="auto: all GPUs, where there are several")
    sub.add_argument("--no-resume", dest="resume", action="store_false", help="start anew in the same directory")
    sub.add_argument("--tensorboard", action="store_true")


def _add_reading_options(sub, several_models=""):
    sub.add_argument(
        "images", nargs="+", metavar="IMAGES", help="FITS or HDF5 files, a folder, a quoted glob, or a table of paths"
    )
    sub.add_argument("--model", help=f"name or directory, hsc_wide_g by default{several_models}")
    sub.add_argument("--pixel-scale", type=float, metavar="ARCSEC", help="of the images, if not in headers")
    sub.add_argument("--unit", help="of the pixels, if not in headers: nJy, adu …")
    sub.add_argument("--zero-point", type=float, metavar="MAG", help="AB magnitude of one pixel unit")
    sub.add_argument("--pad", action="store_true", help="set zeros around images that are too small")
    sub.add_argument("--dialect", metavar="NAME", help="survey of the files: hsc, hst, legacy …; recognised by default")
    sub.add_argument("--band", help="the one to take from cubes, or from files of an image for each")
    sub.add_argument("--bands", help="order of the bands of cubes, such as grz, if not in headers")


def _add_client(sub, when=""):
    sub.add_argument("--client", metavar="ADDRESS", help=f"{when}run on the Dask cluster of the scheduler there")


def _names_or(*words):
    def read(text):
        return text if text in words else [name.strip() for name in text.split(",")]

    return read


def _numbers(text):
    return [float(number) for number in text.split(",")]


def _count_or_auto(text):
    return text if text == "auto" else int(text)
