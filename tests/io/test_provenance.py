"""Versions and the command line, as accounts of a run hold them."""

import platform

import numpy as np
import pytest

import gampen_tf
from gampen_tf.io.provenance import command, package_versions, versions


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["/usr/local/bin/gampen-tf", "train", "my data", "out"], "gampen-tf train 'my data' out"),
        (["/site-packages/gampen_tf/__main__.py", "models"], "gampen-tf models"),
        (["/elsewhere/__main__.py", "models"], "__main__.py models"),
        (["/home/me/fit.py", "--seed=1"], "fit.py --seed=1"),
    ],
)
def test_command_is_the_program_by_its_name_with_what_a_shell_would_need(monkeypatch, arguments, expected):
    monkeypatch.setattr("sys.argv", arguments)
    assert command() == expected


def test_versions_are_those_of_what_is_installed():
    assert package_versions(["numpy", "no-such-package"]) == {"numpy": np.__version__}
    assert versions(["numpy"]) == {
        "python": platform.python_version(),
        "gampen_tf": gampen_tf.__version__,
        "numpy": np.__version__,
    }
    assert {"tensorflow", "keras", "numpy"} <= versions().keys()
