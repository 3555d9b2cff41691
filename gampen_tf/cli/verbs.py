"""One function for each verb of the command line, from its options to what it prints."""

import sys
from pathlib import Path

import gampen_tf

from ..core.flags import describe, is_unmeasurable
from ..io import locations
from ..io.tables import check_table_path, write_table
from ..models.card import one_line
from ..models.directory import read_description

__all__ = [
    "calibrate",
    "check_catalogue",
    "crop",
    "evaluate",
    "finetune",
    "fit_limits",
    "list_models",
    "predict",
    "show_model",
    "simulate",
    "train",
    "tune_dropout",
]

_SHOWN_REASONS = 10
_OPTION = {
    "client": "--client",
    "mixture": "--mixture",
    "rows_per_shard": "--rows-per-shard",
    "n_mc": "--n-mc",
    "save": "--save",
    "overwrite": "--overwrite",
}
_CATALOGUE_ONLY = {"client", "mixture", "rows_per_shard"}
_TABLE_ONLY = {"save", "overwrite"}


def simulate(options):
    dataset = gampen_tf.simulate(**options)
    print(f"{len(dataset)} galaxies in {dataset.path}")


def train(options):
    output = options["output"]
    gampen_tf.train(_one_or_all(options.pop("data")), options.pop("output"), **options)
    print(f"model in {output}")


def finetune(options):
    output = options["output"]
    gampen_tf.finetune(options.pop("model"), _one_or_all(options.pop("data")), options.pop("output"), **options)
    print(f"model in {output}")


def predict(options):
    survey = options.pop("catalogue", False)
    out_of_place = (_TABLE_ONLY if survey else _CATALOGUE_ONLY).intersection(options)
    if out_of_place:
        names = ", ".join(sorted(_OPTION[name] for name in out_of_place))
        raise ValueError(f"{names}: {'not with' if survey else 'only with'} --catalogue")
    images, output = _one_or_all(options.pop("images")), Path(options.pop("output"))
    if "noise" in options:
        options["noise"] = _number_or_text(options["noise"])
    if "," in options.get("model", ""):
        options["model"] = options["model"].split(",")
    if survey:
        folder = gampen_tf.predict_catalogue(images, output, **options)
        print(f"catalogue in {folder}")
        return
    # The way out is looked at before the work, not after it.
    overwrite, save = options.pop("overwrite", False), options.pop("save", None)
    check_table_path(output, overwrite=overwrite)
    posterior = gampen_tf.predict(images, **options)
    write_table(posterior.to_table(), output, overwrite=overwrite)
    if save is not None:
        posterior.save(save)
    _report_flags(posterior.identifiers, posterior.flags, (posterior.metadata or {}).get("reasons", {}))
    print(f"{len(posterior.flags)} galaxies in {output}")


def crop(options):
    table = gampen_tf.crop(_one_or_all(options.pop("images")), options.pop("output"), **options)
    _report_flags(table["image"], table["flags"], {str(row): reason for row, reason in enumerate(table["reason"])})
    print(f"{sum(table['file'] != '')} crops, listed in {table.meta['listing']}")


def evaluate(options):
    model, card = options.pop("model"), options.pop("card", False)
    if card:
        locations.own_model_directory(model)  # refused before the work, not after it
    evaluation = gampen_tf.evaluate(model, _one_or_all(options.pop("data")), **options)
    if card:
        print(f"card in {evaluation.write_card(model)}")
    print(evaluation.summary())


def tune_dropout(options):
    print(gampen_tf.tune_dropout(options.pop("model"), _one_or_all(options.pop("data")), **options))


def calibrate(options):
    model = options.pop("model")
    found = gampen_tf.calibrate(model, _one_or_all(options.pop("data")), **options)
    print(f"recalibration {found.kind} from {found.n_galaxies} galaxies in {model}")


def fit_limits(options):
    model = options.pop("model")
    limits = gampen_tf.fit_limits(model, _one_or_all(options.pop("data")), **options)
    print(
        f"domain limits from {limits.novelty.n_held_out} held-out galaxies, {100 * limits.false_alarm:g} % of which "
        f"are beyond each, in {model}"
    )


def check_catalogue(options):
    faults = gampen_tf.check_catalogue(options["folder"])
    if faults:
        raise ValueError("; ".join(faults[:_SHOWN_REASONS]) + (" …" if len(faults) > _SHOWN_REASONS else ""))
    print(f"{options['folder']}: all shards are as they were written")


def list_models(options):
    names = gampen_tf.list_models()
    width = max(map(len, names), default=0) + 2
    for name in names:
        print(f"{name:<{width}}{one_line(read_description(name))}")


def show_model(options):
    directory = locations.find_model_directory(options["name"])
    print(f"{directory}\n{one_line(read_description(directory))}")
    card = directory / "README.md"
    if card.is_file():
        print("\n" + card.read_text(encoding="utf-8"))


def _one_or_all(given):
    return given[0] if len(given) == 1 else given


def _number_or_text(given):
    try:
        return float(given)
    except ValueError:
        return given


def _report_flags(names, flags, reasons):
    # reasons by row; the rows are strings, as in a posterior's metadata
    bad = is_unmeasurable(flags).nonzero()[0].tolist()
    for index in bad[:_SHOWN_REASONS]:
        print(f"not measured: {names[index]}: {reasons.get(str(index)) or describe(flags[index])}", file=sys.stderr)
    if len(bad) > _SHOWN_REASONS:
        print(f"not measured: {len(bad) - _SHOWN_REASONS} more, see the column of flags", file=sys.stderr)
