"""Tables of the report: captions, heads and rows of text."""

from __future__ import annotations

from ..metrics.draws import SIGMA_LEVELS
from ..metrics.estimates import proportion
from .published import SOURCE, published_numbers
from .report_parts import plain_name, plus_minus

__all__ = ["overview_table", "tables"]

_LEVELS = [f"{100 * level:.2f}" for level in SIGMA_LEVELS]


def overview_table(metrics):
    """Typical errors and the three coverages, a row a parameter; values without a posterior have no coverage."""
    rows, levels = [], () if metrics.get("values_alone") else _LEVELS
    for name, unit in zip(metrics["parameters"], metrics["units"], strict=True):
        relative = metrics["relative_accuracy"].get("mode", {}).get(name)
        rows.append(
            [
                plain_name(name),
                plus_minus(metrics["accuracy"]["mode"][name]["typical_error"], unit=unit),
                "" if relative is None else plus_minus(relative["typical_error"], 100, "%"),
                *(plus_minus(metrics["coverage"]["hdi"][level][name], 100) for level in levels),
            ]
        )
    head = ["parameter", "typical error", "relative", *(f"coverage {level} %" for level in levels)]
    return {"caption": "", "head": head, "rows": rows, "folded": False}


def tables(section, metrics):
    """Tables of a section: dicts of ``caption``, ``head``, ``rows`` and, where they are long, ``folded``."""
    make = {
        "accuracy": _accuracy_tables,
        "calibration": _calibration_tables,
        "classes": _class_tables,
        "flags": _flag_tables,
    }
    if metrics.get("values_alone"):
        del make["calibration"], make["flags"]
    return [{"folded": False} | table for table in make[section](metrics)] if section in make else []


def _accuracy_tables(metrics):
    tables = [_residual_table(metrics), _table_as_papers_count(metrics)]
    return [*tables, _kind_table(metrics)] if metrics["kinds"] else tables


def _residual_table(metrics):
    paper = published_numbers(metrics)
    rows = []
    for name, unit in zip(metrics["parameters"], metrics["units"], strict=True):
        found = metrics["accuracy"]["mode"][name]
        relative = metrics["relative_accuracy"].get("mode", {}).get(name)
        rows.append(
            [
                plain_name(name),
                unit or "–",
                plus_minus(found["typical_error"]),
                "–" if relative is None else plus_minus(relative["typical_error"], 100, "%"),
                *(plus_minus(found[key]) for key in ("mean", "median", "standard_deviation", "nmad", "r_squared")),
            ]
        )
        if paper:
            rows[-1].append(" / ".join([paper["typical_error"][name], *filter(None, [paper["relative"].get(name)])]))
    head = ["parameter", "unit", "68.27 % error", "relative", "mean", "median", "σ", "NMAD", "R²"]
    return {
        "caption": "Residuals of the mode, predicted minus true.",
        "head": head + [SOURCE] if paper else head,
        "rows": rows,
    }


def _table_as_papers_count(metrics):
    rows = []
    for name in metrics["parameters"]:
        euclid, galnets = metrics["euclid"][name], metrics["galnets"][name]
        rows.append(
            [
                plain_name(name),
                *(plus_minus(euclid[key]) for key in ("bias", "dispersion")),
                plus_minus(euclid["outlier_fraction"], 100, "%"),
                plus_minus(galnets["r_squared"]),
                plus_minus(galnets["outlier_fraction"], 100, "%"),
                plus_minus(galnets["nmad"]),
            ]
        )
    return {
        "caption": "The same as the Euclid Morphology Challenge counts it (median, 68th percentile and share "
        "beyond 0.5 of the residual, relative for sizes and fluxes) and as Li et al. (2022) do "
        "(Δp = (p − t)/(1 + t)).",
        "head": ["parameter", "bias", "dispersion", "outliers", "R²", "outliers (Li)", "NMAD (Li)"],
        "rows": rows,
    }


def _kind_table(metrics):
    names, keys = metrics["parameters"], {"σ": "standard_deviation", "68.27 %": "typical_error"}
    return {
        "caption": "By kind of galaxy: standard deviation and 68.27 % error of the residuals.",
        "head": ["kind", "galaxies", *(f"{plain_name(name)} {word}" for name in names for word in keys)],
        "rows": [
            [
                plain_name(kind),
                str(entry["n"]),
                *(plus_minus(entry[name][key]) for name in names for key in keys.values()),
            ]
            for kind, entry in metrics["kinds"].items()
        ],
    }


def _calibration_tables(metrics):
    bins = [_bin_table(by, rows, metrics) for by, rows in metrics["bins"].items() if rows]
    return [_coverage_table(metrics), _uniformity_table(metrics), _score_table(metrics), *bins]


def _coverage_table(metrics):
    names, paper = metrics["parameters"], published_numbers(metrics)
    sides = [("shortest", metrics["coverage"]["hdi"]), ("equal-tailed", metrics["coverage"]["central"])]
    if metrics["before_recalibration"]:
        sides.append(("shortest, before recalibration", metrics["before_recalibration"]["hdi"]))
    rows = [
        [plain_name(name), word, *(plus_minus(side[level][name], 100) for level in _LEVELS)]
        for word, side in sides
        for name in names
    ]
    joint = metrics["coverage"]["joint"]
    rows.append(["all together", "highest density", *(plus_minus(joint[level], 100) for level in _LEVELS)])
    if paper:
        rows += [[plain_name(name), SOURCE, *paper["coverage"][name]] for name in names]
    return {
        "caption": "Coverage in per cent: how often the true value lies in the interval. Where galaxies sit "
        "exactly at a bound (B/T of 0 or 1), an interval that reaches it holds more than its level; they count "
        "with the share that makes up the level.",
        "head": ["parameter", "interval", *(f"{level} %" for level in _LEVELS)],
        "rows": rows,
    }


def _uniformity_table(metrics):
    tests = {f"PIT of {plain_name(name)}": test for name, test in metrics["uniformity"].items()}
    tests["TARP, all together"] = metrics["tarp"]
    return {
        "caption": "Tests of uniformity; the band holds for the whole curve, 95 times in 100.",
        "head": ["quantity", "p-value", "inside the band", "galaxies"],
        "rows": [
            [quantity, _p_value(test["p_value"]), "yes" if test["inside_95"] else "no", str(test["n"])]
            for quantity, test in tests.items()
        ],
    }


def _p_value(value):
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"


def _score_table(metrics):
    rows = [
        [
            plain_name(name),
            plus_minus(metrics["scores"]["crps"][name], unit=unit),
            plus_minus(metrics["sharpness"][name], unit=unit),
            plus_minus(metrics["spearman"][name]),
        ]
        for name, unit in zip(metrics["parameters"], metrics["units"], strict=True)
    ]
    return {
        "caption": "Scores: mean CRPS, median width of the 68.27 % interval, rank correlation of width and "
        "|residual|. "
        f"Energy score of the labels, jointly: {plus_minus(metrics['scores']['energy_of_labels'])}.",
        "head": ["parameter", "CRPS", "width", "Spearman's ρ"],
        "rows": rows,
    }


def _bin_table(by, rows, metrics):
    names = metrics["parameters"]
    return {
        "caption": f"In bins of {plain_name(by)}: coverage of the shortest 68.27 % and 95.45 % intervals in per cent, "
        "and the 68.27 % error (relative for sizes and fluxes)."
        + (" Galaxies chosen by their true value need not be covered at the level." if by.startswith("true_") else ""),
        "head": [
            "from",
            "to",
            "galaxies",
            *(
                f"{plain_name(name)} {word}"
                for name in names
                for word in (*(f"{level} %" for level in _LEVELS[:2]), "error")
            ),
        ],
        "rows": [
            [
                f"{row['low']:.3g}",
                f"{row['high']:.3g}",
                str(row["n"]),
                *(
                    cell
                    for name in names
                    for cell in (
                        *(plus_minus(row["coverage"][level][name], 100) for level in _LEVELS[:2]),
                        plus_minus(
                            row["typical_error"][name],
                            *((100, "%") if row["typical_error"][name]["kind"] == "relative" else ()),
                        ),
                    )
                ),
            ]
            for row in rows
        ],
        "folded": True,
    }


def _class_tables(metrics):
    classes = metrics["classes"]
    if classes is None:
        return []
    ways = {"value": "by value", "probability": f"by probability > {classes['threshold']}"}
    quality = {
        "caption": "Classes: how many of those given are right, how many are not the opposite extreme, and how many of "
        "those deserved are given.",
        "head": ["class", "given", "galaxies", "right", "not opposite", "complete"],
        "rows": [
            [
                name,
                word,
                str(entry["n"]),
                *(plus_minus(entry[key], 100, "%") for key in ("precision", "not_opposite", "completeness")),
            ]
            for way, word in ways.items()
            for name, entry in classes[way]["quality"].items()
        ],
    }
    before_and_after = ("typical_before", "typical_after", "deviation_before", "deviation_after")
    errors = {
        "caption": "Errors of all galaxies, and of those that keep their number.",
        "head": ["parameter", "classes", "68.27 % before", "after", "σ before", "after", "classified"],
        "rows": [
            [
                plain_name(name),
                word,
                *(plus_minus(entry[key]) for key in before_and_after),
                plus_minus(entry["classified_fraction"], 100, "%"),
            ]
            for way, word in ways.items()
            for name, entry in classes[way]["errors"].items()
        ],
    }
    return [quality, errors]


def _flag_tables(metrics):
    """Errors and coverage by flag; no table where no measured galaxy has a flag."""
    if not metrics["by_flag"]:
        return []
    names = metrics["parameters"]
    n_all = metrics["by_flag"]["all"]["n"]
    rows = []
    for group, entry in metrics["by_flag"].items():
        n, cells = entry["n"], []
        for name in names:
            error = entry[name]["typical_error"]
            cells += [
                plus_minus(error, *((100, "%") if error["kind"] == "relative" else ())),
                plus_minus(entry[name]["coverage"], 100),
            ]
        share = dict(zip(("value", "error"), map(float, proportion(n, n_all)), strict=True))
        rows.append([plain_name(group.lower()), str(n), plus_minus(share, 100, "%"), *cells])
    return [
        {
            "caption": "Measured galaxies with each flag and without any: their 68.27 % errors (relative for sizes and "
            "fluxes) and their coverage at 68.27 % in per cent.",
            "head": [
                "galaxies",
                "number",
                "share",
                *(f"{plain_name(name)} {word}" for name in names for word in ("error", "coverage")),
            ],
            "rows": rows,
        }
    ]
