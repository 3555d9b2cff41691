"""The report: what stands on the page, that it needs nothing else, and the card of a model."""

import json
import re
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest
from toy_evaluations import small_data
from toy_models import cropping_network, toy_model

from gampen_tf.evaluation import evaluate
from gampen_tf.evaluation.report import short_form
from gampen_tf.evaluation.report_parts import plus_minus


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    data = small_data(tmp_path_factory.mktemp("data") / "small", 400)
    tuning = {
        "rates": [0.0, 1e-3, 0.1],
        "levels": [0.6827, 0.9545, 0.9973],
        "coverage": np.full((3, 3, 3), 0.9).tolist(),
        "coverage_error": np.full((3, 3, 3), 0.01).tolist(),
        "parameters": ["bulge_to_total", "effective_radius", "flux"],
        "chosen": 1e-3,
        "trained_with": 0.1,
        "n_images": 5,
    }
    model = toy_model(
        provenance={
            "recipe_name": "hsc_wide_g",
            "data_seed": 7,
            "n_training": 12,
            "command": "<train>",
        },
        dropout_tuning=tuning,
    )
    model.network = cropping_network()
    return evaluate(model, data, passes=4, progress_bar=False)


@pytest.fixture(scope="module")
def page(evaluation, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    plt.close("all")  # those of other tests
    path = evaluation.report(folder)
    assert sorted(file.name for file in folder.iterdir()) == ["index.html", "metrics.json"]
    return path


class Reader(HTMLParser):
    """Tags that are open, links, images, and the text of the table cells."""

    def __init__(self, text):
        super().__init__()
        self.open, self.sources, self.anchors, self.ids, self.cells, self.words = [], [], [], set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)
        self.sources += [attributes[key] for key in ("src", "srcset") if key in attributes]
        if tag == "a":
            self.anchors.append(attributes["href"])
        if "id" in attributes:
            self.ids.add(attributes["id"])
        if tag == "img":
            assert attributes["alt"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)
        if self.open and self.open[-1] == "td":
            self.cells.append(data)


def test_page_is_whole_and_needs_nothing_else(page):
    text = page.read_text(encoding="utf-8")
    reader = Reader(text)
    assert reader.open == []
    assert len(reader.sources) > 15
    assert all(source.startswith(("data:image/png;base64,", "data:image/svg+xml;base64,")) for source in reader.sources)
    assert {anchor.removeprefix("#") for anchor in reader.anchors} <= reader.ids
    assert "<script" not in text
    assert not re.search(r"(href|src|url)\s*[=(]\s*[\"']?(https?:)?//", text)


def test_every_number_of_the_tables_has_its_error(page, evaluation):
    cells = Reader(page.read_text(encoding="utf-8")).cells
    for name in evaluation.metrics["parameters"]:
        for key in ("typical_error", "mean", "r_squared"):
            assert plus_minus(evaluation.metrics["accuracy"]["mode"][name][key]) in cells
        for level in ("68.27", "95.45", "99.73"):
            assert plus_minus(evaluation.metrics["coverage"]["hdi"][level][name], 100) in cells


def test_page_shows_the_tuning_and_the_crops(page):
    words = "".join(Reader(page.read_text(encoding="utf-8")).words)
    assert "How the dropout rate was chosen: coverage of 5 validation galaxies" in words
    assert "crops most and least" in words
    assert "Residual images" in words


def test_page_says_how_it_was_made(page, evaluation):
    text = page.read_text(encoding="utf-8")
    made_by = evaluation.metrics["made_by"]
    for name, version in made_by["versions"].items():
        assert f"{name} {version}" in text
    assert made_by["date"] in text
    assert made_by["data"]["recipe_sha256"] in text
    assert "--passes 4" in "".join(Reader(text).words)
    # what came from outside is text, not HTML
    assert "<train>" not in text
    assert "&lt;train&gt;" in text


def test_metrics_beside_the_page_are_those_of_the_evaluation(page, evaluation):
    assert json.loads((page.parent / "metrics.json").read_text()) == evaluation.metrics


def test_a_report_leaves_no_figure_open_and_no_unit_out(page):
    assert plt.get_fignums() == []
    text = page.read_text(encoding="utf-8")
    assert "arcsec" in text
    assert "nJy" in text


def test_card_keeps_what_others_wrote(evaluation, tmp_path):
    directory = evaluation.model.save(tmp_path / "model")
    (directory / "README.md").write_text("# My model\n\nWritten by hand.\n")
    (directory / "metrics.json").write_text('{"bfloat16_change_99": 0.01}')
    path = evaluation.write_card(directory)
    first = path.read_text()
    assert first.startswith("# My model\n\nWritten by hand.\n")
    assert short_form(evaluation.metrics) in first
    path.write_text(first + "\nAnd after.\n")
    evaluation.metrics["made_by"]["date"] = "another day"
    second = evaluation.write_card(directory).read_text()
    # replaced, not repeated
    assert second.count("## Measured") == 1
    assert "another day" in second
    assert second.endswith("\nAnd after.\n")
    metrics = json.loads((directory / "metrics.json").read_text())
    assert metrics["bfloat16_change_99"] == 0.01
    recipe = evaluation.metrics["made_by"]["data"]["recipe_name"]
    assert metrics["evaluation"][recipe]["coverage"] == evaluation.metrics["coverage"]
    with pytest.raises(FileNotFoundError, match="no model.json"):
        evaluation.write_card(tmp_path)


def test_short_form_is_markdown_tables(evaluation):
    lines = short_form(evaluation.metrics).splitlines()
    for i, line in enumerate(lines):
        if line.startswith("| ---"):
            assert lines[i - 1].count("|") == line.count("|") == lines[i + 1].count("|")
    assert sum(line.startswith("| ---") for line in lines) == 4


def test_summary_lines_up(evaluation):
    lines = evaluation.summary().splitlines()
    assert lines[0] == f"{evaluation.metrics['n_galaxies']} of {evaluation.metrics['n_galaxies']} galaxies measured"
    assert len(lines) == 5
    start = lines[1].index("coverage 68.27 %")
    assert all(line[start - 1] == " " and line[start] != " " for line in lines[2:])
