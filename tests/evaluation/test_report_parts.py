"""Numbers as the report prints them."""

import re

import numpy as np
import pytest

from gampen_tf.evaluation.report_parts import plus_minus


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.0321, 0.0004, "0.03210 ± 0.00040"),
        (-1.5, 0.1, "−1.50 ± 0.10"),
        (14182.0, 359.0, "14180 ± 360"),
        (63000.0 * 10, 1234.0, "(6.300 ± 0.012)·10⁵"),
        (0.0, 4.4e-5, "(0.0 ± 4.4)·10⁻⁵"),
        (12.0, 0.0, "12"),
        (12.0, None, "12 ± ?"),
        (None, None, "–"),
    ],
)
def test_numbers_are_given_to_the_digits_of_their_errors(value, error, text):
    assert plus_minus({"value": value, "error": error}) == text


def test_rounding_agrees_with_the_number():
    rng = np.random.default_rng(5)
    for _ in range(200):
        value, error = 10.0 ** rng.uniform(-5, 7), 10.0 ** rng.uniform(-7, 5)
        text = plus_minus({"value": value, "error": error})
        found = re.fullmatch(r"\(?([\d.]+) ± ([\d.]+)\)?(?:·10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?", text)
        power = int((found[3] or "⁰").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))
        assert float(found[1]) * 10.0**power == pytest.approx(value, abs=0.051 * error)
        assert float(found[2]) * 10.0**power == pytest.approx(error, rel=0.051)
