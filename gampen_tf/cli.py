"""``gampen-tf``: a sub-command for each public verb, and nothing but the handling of arguments.

What is not given on the command line is not passed on: the defaults are those of the Python functions.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import gampen_tf

__all__ = ["main"]

_PROGRAM = "gampen-tf"
_SHOWN_REASONS = 10
_OPTION = {
    "client": "--scheduler",
    "mixture": "--mixture",
    "draws": "--draws",
    "rows_per_shard": "--rows-per-shard",
    "n_mc": "--n-mc",
    "save": "--save",
    "overwrite": "--overwrite",
}
_CATALOGUE_ONLY = {"client", "mixture", "draws", "rows_per_shard"}
_TABLE_ONLY = {"n_mc", "save", "overwrite"}


def main(arguments=None):
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process if not given.

    Returns
    -------
    int
        0; 2 for an error of the user's, said in one line; 130 if interrupted.
    """
    options = vars(_parser().parse_args(arguments))
    run, debug, verb = options.pop("run"), options.pop("debug", False), options.pop("verb")
    options["progress_bar"] = not options.pop("quiet", False)
    try:
        run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print(f"{_PROGRAM} {verb}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # whoever read our output has seen enough; Python's own flush at exit must not complain again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if debug or not _is_users(error):
            raise
        print(f"{_PROGRAM} {verb}: error: {' '.join(_message(error).split())}", file=sys.stderr)
        return 2
    return 0


def _is_users(error):
    # A RuntimeError that our own code raises says what to do (a diverged training, a folder in use); TensorFlow's are
    # faults, and show where.
    if isinstance(error, RuntimeError):
        frame = error.__traceback__
        while frame.tb_next is not None:
            frame = frame.tb_next
        return frame.tb_frame.f_globals.get("__name__", "").startswith("gampen_tf.")
    return isinstance(error, ValueError | OSError | ImportError)


def _message(error):
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


# -- verbs ----------------------------------------------------------------------------------------------------------


def _simulate(options):
    dataset = _with_client(gampen_tf.simulate, options)
    print(f"{len(dataset)} galaxies in {dataset.path}")


def _train(options):
    output = options["output"]
    gampen_tf.train(_one_or_all(options.pop("data")), options.pop("output"), **options)
    print(f"model in {output}")


def _finetune(options):
    output = options["output"]
    gampen_tf.finetune(options.pop("model"), _one_or_all(options.pop("data")), options.pop("output"), **options)
    print(f"model in {output}")


def _one_or_all(data):
    return data[0] if len(data) == 1 else data


def _predict(options):
    survey = options.pop("catalogue", False)
    out_of_place = (_TABLE_ONLY if survey else _CATALOGUE_ONLY).intersection(options)
    if out_of_place:
        names = ", ".join(sorted(_OPTION[name] for name in out_of_place))
        raise ValueError(f"{names}: {'not with' if survey else 'only with'} --catalogue")
    images, output = _images(options.pop("images")), Path(options.pop("output"))
    if "psf" in options:
        options["psf"] = _psf(options["psf"])
    if "," in options.get("model", ""):
        options["model"] = options["model"].split(",")
    if survey:
        folder = _with_client(gampen_tf.predict_catalogue, {"images": images, "output": output, **options})
        print(f"catalogue in {folder}")
        return
    from .table_files import check_table_path, write_table

    # The way out is looked at before the work, not after it.
    overwrite, save = options.pop("overwrite", False), options.pop("save", None)
    check_table_path(output, overwrite=overwrite)
    posterior = gampen_tf.predict(images, **options)
    write_table(posterior.to_table(), output, overwrite=overwrite)
    if save is not None:
        posterior.save(save)
    _report_flags(posterior.identifiers, posterior.flags, (posterior.metadata or {}).get("reasons", {}))
    print(f"{len(posterior.flags)} galaxies in {output}")


def _crop(options):
    table = gampen_tf.crop(_images(options.pop("images")), options.pop("output"), **options)
    _report_flags(table["image"], table["flags"], {str(row): reason for row, reason in enumerate(table["reason"])})
    print(f"{sum(table['file'] != '')} crops, listed in {table.meta['listing']}")


def _evaluate(options):
    model, card = options.pop("model"), options.pop("card", False)
    if card:
        _to_write_into(model)
    evaluation = gampen_tf.evaluate(model, options.pop("data"), **options)
    if card:
        print(f"card in {evaluation.write_card(model)}")
    print(evaluation.summary())


def _tune_dropout(options):
    print(gampen_tf.tune_dropout(options.pop("model"), _one_or_all(options.pop("data")), **options))


def _calibrate(options):
    model = _to_write_into(options.pop("model"))
    found = gampen_tf.calibrate(model, _one_or_all(options.pop("data")), **options)
    print(f"recalibration {found.kind} from {found.n_galaxies} galaxies in {model}")


def _fit_limits(options):
    model = _to_write_into(options.pop("model"))
    limits = gampen_tf.fit_limits(model, _one_or_all(options.pop("data")), **options)
    print(
        f"limits from {limits.novelty.n_held_out} held-out galaxies, {100 * limits.false_alarm:g} % of which are "
        f"beyond each, in {model}"
    )


def _list_models(options):
    from . import resources

    names = resources.names("models")
    width = max(map(len, names), default=0) + 2
    for name in names:
        print(f"{name:<{width}}{_facts(resources.model_directory(name))}")


def _show_model(options):
    from . import resources

    name = options["name"]
    directory = Path(name) if (Path(name) / "model.json").is_file() else resources.model_directory(name)
    print(f"{directory}\n{_facts(directory)}")
    card = directory / "README.md"
    if card.is_file():
        print(f"\n{card.read_text()}")


def _facts(directory):
    # Read here rather than by model.py, which needs TensorFlow: a list should not take seconds.
    import json

    try:
        model = json.loads((directory / "model.json").read_text())
        side = " × ".join(str(size) for size in model["image_shape"])
        if model.get("kind") == "galaxy_vae":
            return f"a generative model of galaxy images, {model['n_latents']} latents; {side} pixels"
        names = ", ".join(parameter["name"] for parameter in model["scaler"]["parameters"])
        psf = f"; with the PSF, {' × '.join(map(str, model['psf_shape']))}" if model.get("psf_shape") else ""
        return (
            f"{names}; {side} pixels of {model['pixel_scale']:g}″ in {model['pixel_unit']}; band {model['band']}" + psf
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{directory / 'model.json'}: not the description of a model ({error!r})") from None


# -- what they share ------------------------------------------------------------------------------------------------


def _to_write_into(model):
    # what ships belongs to the package: there the work would be done and lost
    if not (Path(model) / "model.json").is_file():
        raise ValueError(f"{model}: expected the directory of a model, to write into; copy one that ships first")
    return model


def _images(paths):
    return paths[0] if len(paths) == 1 else paths


def _psf(path):
    from astropy.io import fits

    try:
        psf = fits.getdata(path)
    except (OSError, IndexError) as error:
        if not Path(path).is_file():
            raise
        raise ValueError(f"--psf {path}: not a FITS file with an image in it") from error
    if psf.dtype.names:
        raise ValueError(f"--psf {path}: expected an image, found a table")
    return psf


def _with_client(verb, options):
    address = options.pop("client", None)
    if address is None:
        return verb(**options)
    try:
        from dask.distributed import Client
    except ImportError:
        raise ImportError("--scheduler needs Dask: pip install 'gampen_tf[dask]'") from None
    with Client(address) as client:
        return verb(**options, client=client)


def _report_flags(names, flags, reasons):
    # reasons by row; the rows are strings, as in a posterior's metadata
    from .flags import describe, is_unmeasurable

    bad = is_unmeasurable(flags).nonzero()[0].tolist()
    for index in bad[:_SHOWN_REASONS]:
        print(f"not measured: {names[index]}: {reasons.get(str(index)) or describe(flags[index])}", file=sys.stderr)
    if len(bad) > _SHOWN_REASONS:
        print(f"not measured: {len(bad) - _SHOWN_REASONS} more, see the column of flags", file=sys.stderr)


# -- arguments ------------------------------------------------------------------------------------------------------


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
