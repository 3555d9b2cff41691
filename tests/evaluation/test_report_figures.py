"""Figures of the report: which there are, and that they draw the numbers of the evaluation."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from toy_evaluations import toy_evaluation
from toy_models import toy_model

from gampen_tf.evaluation.report_figures import draw_figures


@pytest.fixture(scope="module")
def evaluation():
    return toy_evaluation()


def drawn(evaluation):
    """Section and figure by caption; the figures can be looked at, though they are closed."""
    found = {}
    for section, caption, _, figure in draw_figures(evaluation):
        found[caption] = section, figure
        plt.close(figure)
    return found


@pytest.fixture(scope="module")
def figures(evaluation):
    return drawn(evaluation)


def one(figures, start):
    (found,) = [figure for caption, (_, figure) in figures.items() if caption.startswith(start)]
    return found


def test_sections_come_in_the_order_of_the_report(figures):
    sections = [section for section, _ in figures.values()]
    assert list(dict.fromkeys(sections)) == ["accuracy", "calibration", "uncertainty", "classes"]


def test_coverage_is_drawn_as_it_was_found(figures, evaluation):
    curves = one(figures, "Coverage of equal-tailed intervals").axes[0].lines[1:]
    found = evaluation.metrics["curves"]["coverage"]
    for p, curve in enumerate(curves):
        np.testing.assert_allclose(curve.get_ydata(), np.array(found["value"])[:, p])
    in_bins = one(figures, "Coverage of shortest intervals in bins of seeing").axes[2].containers[0].lines[0]
    rows = evaluation.metrics["bins"]["psf_fwhm"]
    np.testing.assert_allclose(in_bins.get_xdata(), [row["centre"] for row in rows])
    expected = [100 * (row["coverage"]["68.27"]["flux"]["value"] - 0.6827) for row in rows]
    np.testing.assert_allclose(in_bins.get_ydata(), expected)


def test_bins_of_true_values_have_no_figure(figures):
    # galaxies chosen by their truth need not be covered at the level
    captions = [caption for caption in figures if caption.startswith("Coverage of shortest intervals in bins")]
    assert len(captions) == 4
    assert not [caption for caption in captions if "true" in caption]


def test_components_are_told_from_the_catalogue(figures):
    texts = [
        text.get_text() for text in one(figures, "Residuals of the bulge's share").axes[0].get_legend().get_texts()
    ]
    assert texts[0].startswith("one component (400)")
    assert texts[1].startswith("two components (200)")


def test_confusion_matrices_count_every_galaxy(figures, evaluation):
    figure = one(figures, "Classes of B/T by predicted value")
    counts = np.array(evaluation.metrics["classes"]["value"]["confusion"]["bulge_to_total"]["counts"])
    assert f"right: {np.trace(counts)} of 600" in [text.get_text() for text in figure.axes[0].texts]


def test_values_alone_have_neither_calibration_nor_widths(evaluation):
    alone = replace(evaluation, metrics=evaluation.metrics | {"values_alone": True})
    assert {section for section, _ in drawn(alone).values()} == {"accuracy", "classes"}


def test_the_choice_of_the_dropout_rate_is_drawn_where_the_model_has_one(evaluation):
    tuning = {
        "rates": [0.01, 0.02, 0.05],
        "levels": [0.6827, 0.9545, 0.9973],
        "coverage": np.linspace(0.5, 0.95, 27).reshape(3, 3, 3).tolist(),
        "coverage_error": np.full((3, 3, 3), 0.01).tolist(),
        "parameters": ["bulge_to_total", "effective_radius", "flux"],
        "chosen": 0.02,
        "trained_with": 0.1,
        "n_images": 5,
    }
    found = drawn(replace(evaluation, model=toy_model(dropout_tuning=tuning)))
    (caption,) = [caption for caption in found if caption.startswith("How the dropout rate was chosen")]
    assert "5 validation galaxies" in caption
    assert "(with 0.1)" in caption
    line = found[caption][1].axes[0].containers[0].lines[0]
    np.testing.assert_allclose(line.get_xdata(), tuning["rates"])
    np.testing.assert_allclose(line.get_ydata(), 100 * np.array(tuning["coverage"])[:, 0, 0])
