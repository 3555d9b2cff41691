"""Report of an evaluation: a self-contained page, its metrics, and a short form for the model's card."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

from ..io.files import read_json, write_whole
from .report_figures import draw_figures
from .report_tables import overview_table, tables

__all__ = ["short_form", "summary_lines", "write_card", "write_report"]

_SECTIONS = {
    "accuracy": "Accuracy",
    "calibration": "Calibration",
    "uncertainty": "Uncertainties",
    "classes": "Classes",
    "flags": "Flags",
    "galaxies": "Galaxies",
}
_BEGIN, _END = "<!-- evaluation of {}: begin -->", "<!-- evaluation of {}: end -->"


def write_report(evaluation, folder):
    """Write the report: ``index.html``, which holds all that it shows, and ``metrics.json``.

    Parameters
    ----------
    evaluation : Evaluation
    folder : path
        Made if it is not there; the two files are replaced.

    Returns
    -------
    Path
        Of the page.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    figures = {section: [] for section in _SECTIONS}
    for section, caption, form, figure in draw_figures(evaluation):
        figures[section].append({"caption": caption, "source": _encoded(figure, form)})
    page = _template().render(
        title=f"{_model_name(evaluation)} on {evaluation.metrics['made_by']['data']['recipe_name'] or 'a data set'}",
        metrics=evaluation.metrics,
        facts=_facts(evaluation),
        overview=overview_table(evaluation.metrics),
        sections=[
            {"id": key, "title": title, "tables": tables(key, evaluation.metrics), "figures": figures[key]}
            for key, title in _SECTIONS.items()
        ],
        versions=", ".join(f"{name} {version}" for name, version in evaluation.metrics["made_by"]["versions"].items()),
    )
    write_whole(folder / "metrics.json", json.dumps(evaluation.metrics, indent=1) + "\n")
    write_whole(folder / "index.html", page)
    return folder / "index.html"


def write_card(evaluation, directory):
    """Put the short form into a model directory's ``README.md``, between two marks, and the metrics beside it.

    Each recipe has its own marks. What stands outside of them is left alone; without marks the short form is appended.

    Returns
    -------
    Path
    """
    directory = Path(directory)
    if not (directory / "model.json").is_file():
        raise FileNotFoundError(f"{directory}: no model.json; a card belongs into a model directory")
    path = directory / "README.md"
    card = path.read_text(encoding="utf-8") if path.is_file() else f"# {directory.name}\n"
    recipe = evaluation.metrics["made_by"]["data"]["recipe_name"]
    begin, end = _BEGIN.format(recipe), _END.format(recipe)
    block = f"{begin}\n{short_form(evaluation.metrics)}\n{end}"
    if begin in card and end in card:
        before, rest = card.split(begin, 1)
        card = before + block + rest.split(end, 1)[1]
    else:
        card = card.rstrip() + "\n\n" + block + "\n"
    metrics = directory / "metrics.json"
    kept = read_json(metrics) if metrics.is_file() else {}
    short = {key: value for key, value in evaluation.metrics.items() if key != "curves"}
    kept |= {"evaluation": kept.get("evaluation", {}) | {recipe: short}}
    write_whole(metrics, json.dumps(kept, indent=1) + "\n")
    write_whole(path, card)
    return path


def short_form(metrics) -> str:
    """Accuracy, coverage, classes and flags in Markdown, each number with its error, and the call that made them."""
    made_by = metrics["made_by"]
    data = made_by["data"]
    lines = [
        f"## Measured on {data['recipe_name']}",
        "",
        f"On {metrics['n_measured']} galaxies of {data['recipe_name']} (seed {data['seed']}, "
        f"{made_by['settings']['split']} split), {made_by['date']}; ± is one standard error.",
    ]
    chosen = [("accuracy", 1), ("calibration", 2), ("classes", 1), ("flags", 1)]
    for table in [table for section, n in chosen for table in tables(section, metrics)[:n]]:
        lines += ["", f"{table['caption']}", "", _markdown(table)]
    lines += ["", f"Made by `{made_by['call']}` with gampen_tf {made_by['versions']['gampen_tf']}."]
    return "\n".join(lines)


def summary_lines(metrics):
    """Accuracy and coverage in a few lines of plain text, for a terminal."""
    lines = [f"{metrics['n_measured']} of {metrics['n_galaxies']} galaxies measured"]
    table = overview_table(metrics)
    rows = [table["head"], *table["rows"]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table["head"]))]
    lines += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return lines


def _facts(evaluation):
    """Facts about model and data, as (name, text)."""
    metrics = evaluation.metrics
    made_by = metrics["made_by"]
    data = made_by["data"]
    facts = []
    if evaluation.model is not None:
        model = evaluation.model
        height, width, channels = model.image_shape
        facts += [
            ("Model", _model_name(evaluation)),
            (
                "Images",
                f"{height} × {width} px, {channels} band(s) {model.band}, {model.pixel_scale}″ per pixel, "
                f"{model.pixel_unit}, zero point {model.zero_point} AB",
            ),
            ("Network", f"{model.network.name}, {model.network.count_params():,} weights, {model.head.name} head"),
            ("Trained on", _training(model.provenance)),
            ("Recalibration", "applied" if metrics["recalibrated"] else "none"),
        ]
    passes = metrics["passes"]["n_passes"]
    facts += [
        (
            "Data",
            f"{data['recipe_name']}, seed {data['seed']}, {data['n_images']} images; "
            f"{made_by['settings']['split']} split, "
            f"{metrics['n_galaxies']} galaxies, {metrics['n_measured']} measured",
        ),
        ("Passes", f"{passes['mean']:.1f} per galaxy on average" if passes else "none"),
        ("Flags", ", ".join(f"{name} {count}" for name, count in metrics["flags"].items()) or "none"),
    ]
    return facts


def _training(provenance):
    texts = {"recipe_name": "recipe {}", "data_seed": "seed {}", "n_training": "{} galaxies", "command": "by “{}”"}
    known = [text.format(provenance[key]) for key, text in texts.items() if provenance.get(key) is not None]
    return ", ".join(known) or "not recorded"


def _model_name(evaluation):
    return "posteriors" if evaluation.model is None else Path(str(evaluation.model.name)).name


def _markdown(table):
    lines = ["| " + " | ".join(table["head"]) + " |", "| " + " | ".join("---" for _ in table["head"]) + " |"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in table["rows"]])


def _encoded(figure, form):
    """A figure as a data URI; the figure is closed."""
    import matplotlib.pyplot as plt

    stream = io.BytesIO()
    # a date in the file would make two equal reports differ
    figure.savefig(stream, format=form, dpi=120, metadata={"Date": None} if form == "svg" else None)
    plt.close(figure)
    kind = {"svg": "image/svg+xml", "png": "image/png"}[form]
    return f"data:{kind};base64,{base64.b64encode(stream.getvalue()).decode()}"


def _template():
    import jinja2

    loader = jinja2.PackageLoader("gampen_tf.evaluation", "templates")
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined).get_template(
        "report.html"
    )
