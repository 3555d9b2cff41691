"""Tables of the report: their numbers are the metrics, each with its error, in the columns of their heads."""

import re

import pytest
from toy_evaluations import toy_evaluation

from gampen_tf.evaluation.report_parts import plus_minus
from gampen_tf.evaluation.report_tables import overview_table, tables

SECTIONS = ("accuracy", "calibration", "classes", "flags")


@pytest.fixture(scope="module")
def metrics():
    return toy_evaluation().metrics


def test_every_row_fits_its_head(metrics):
    found = [table for section in SECTIONS for table in tables(section, metrics)]
    assert len(found) > 10
    for table in [overview_table(metrics), *found]:
        assert table["rows"]
        assert all(len(row) == len(table["head"]) for row in table["rows"]), table["caption"]
        assert all(isinstance(cell, str) for row in table["rows"] for cell in row)


def test_numbers_without_an_error_are_those_of_papers(metrics):
    for table in [*tables("accuracy", metrics), tables("classes", metrics)[0]]:
        for row in table["rows"]:
            for head, cell in zip(table["head"], row, strict=True):
                if re.fullmatch(r"−?\d+\.\d+", cell):
                    assert head == "Ghosh et al. 2022"


def test_overview_gives_the_coverage_in_per_cent(metrics):
    table = overview_table(metrics)
    rows = {row[0]: dict(zip(table["head"], row, strict=True)) for row in table["rows"]}
    assert list(rows) == ["B/T", "effective radius", "flux"]
    for level in ("68.27", "95.45", "99.73"):
        expected = plus_minus(metrics["coverage"]["hdi"][level]["flux"], 100)
        assert rows["flux"][f"coverage {level} %"] == expected
    assert rows["flux"]["relative"].endswith("%")
    assert rows["B/T"]["relative"] == ""


def test_values_alone_have_no_coverage(metrics):
    alone = metrics | {"values_alone": True}
    assert not [head for head in overview_table(alone)["head"] if head.startswith("coverage")]
    assert tables("calibration", alone) == tables("flags", alone) == []
    assert tables("accuracy", alone) == tables("accuracy", metrics)


def test_coverage_before_recalibration_stands_beside(metrics):
    rows = {(row[0], row[1]): row[2:] for row in tables("calibration", metrics)[0]["rows"]}
    for word, side in (("shortest", "coverage"), ("shortest, before recalibration", "before_recalibration")):
        assert rows["flux", word][0] == plus_minus(metrics[side]["hdi"]["68.27"]["flux"], 100)
    assert rows["flux", "Ghosh et al. 2022"] == ["78.7", "98.2", "99.9"]
    never = tables("calibration", metrics | {"before_recalibration": None})[0]
    assert not [row for row in never["rows"] if "before" in row[1]]


def test_small_p_values_are_upper_limits(metrics):
    faulty = metrics["uniformity"]["flux"] | {"p_value": 2.5e-4, "inside_95": False}
    rows = tables("calibration", metrics | {"uniformity": {"flux": faulty}})[1]["rows"]
    assert rows[0] == ["PIT of flux", "< 0.001", "no", "600"]
    assert rows[1][0] == "TARP, all together"


def test_flagged_galaxies_have_their_table(metrics):
    assert tables("flags", metrics) == []
    error = {"value": 0.031, "error": 0.002}
    entry = {
        name: {"typical_error": error | {"kind": kind}, "coverage": {"value": 0.7, "error": 0.05}}
        for name, kind in (("bulge_to_total", "absolute"), ("effective_radius", "relative"), ("flux", "relative"))
    }
    groups = {"all": 200, "without a flag": 150, "flagged": 50, "OUT_OF_DISTRIBUTION": 50}
    (table,) = tables("flags", metrics | {"by_flag": {name: {"n": n} | entry for name, n in groups.items()}})
    assert table["rows"][3][:5] == ["out of distribution", "50", "25.0 ± 3.1 %", "0.0310 ± 0.0020", "70.0 ± 5.0"]
    assert table["rows"][3][5] == "3.10 ± 0.20 %"


def test_recipe_without_a_paper_has_no_paper_column(metrics):
    other = metrics | {"made_by": {"data": {"recipe_name": "another"}}}
    assert "Ghosh et al. 2022" in tables("accuracy", metrics)[0]["head"]
    assert "Ghosh et al. 2022" not in tables("accuracy", other)[0]["head"]
    assert all("Ghosh et al. 2022" not in row for row in tables("calibration", other)[0]["rows"])
