"""The program: its start, its errors, its end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gampen_tf
from gampen_tf.cli import program as cli


@pytest.mark.parametrize("error", [ValueError("bad key\n  psf.fwhm"), FileNotFoundError("bad key psf.fwhm")])
def test_errors_of_users_are_one_line(monkeypatch, capsys, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setitem(vars(gampen_tf), "train", fail)
    assert cli.main(["train", "data", "out"]) == 2
    assert capsys.readouterr().err == "gampen-tf train: error: bad key psf.fwhm\n"
    with pytest.raises(type(error)):
        cli.main(["train", "data", "out", "--debug"])


def test_errors_of_ours_keep_their_traceback(monkeypatch):
    def fail(*_, **__):
        raise KeyError("a bug")

    monkeypatch.setitem(vars(gampen_tf), "train", fail)
    with pytest.raises(KeyError):
        cli.main(["train", "data", "out"])


def test_an_error_of_the_system_names_the_file(monkeypatch, capsys):
    monkeypatch.setitem(vars(gampen_tf), "train", lambda *a, **k: open("/nonexistent/file"))
    assert cli.main(["train", "data", "out"]) == 2
    assert capsys.readouterr().err == "gampen-tf train: error: /nonexistent/file: No such file or directory\n"


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "gampen_tf", *arguments],
        capture_output=True,
        text=True,
        cwd=Path(gampen_tf.__file__).parents[1],
        timeout=60,
        **options,
    )


def test_help_is_quick_and_loads_nothing_heavy():
    heavy = ("tensorflow", "keras", "galsim", "astropy", "matplotlib", "pandas", "h5py", "scipy")
    code = (
        "import sys; from gampen_tf.cli import main\n"
        "for arguments in (['--help'], ['predict', '--help'], ['models', 'list', '--quiet']):\n"
        "    try: main(arguments)\n"
        "    except SystemExit as end: assert end.code == 0\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    best = np.inf
    for _ in range(3):
        start = os.times().children_user
        found = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=Path(gampen_tf.__file__).parents[1],
        )
        best = min(best, os.times().children_user - start)
    assert found.stderr.strip() == "[]"
    assert "tune-dropout" in found.stdout
    assert best < 1.0


def test_unknown_verbs_and_models_end_with_2():
    assert run("fly").returncode == 2
    found = run("models", "show", "nope")
    assert found.returncode == 2
    assert found.stderr.startswith("gampen-tf models: error: no model named 'nope' ships with gampen_tf")
    assert found.stderr.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_interrupted_ends_with_130_and_one_line():
    # where the tests run in the background of a shell, SIGINT is ignored, and children inherit that
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import gampen_tf, time, sys; from gampen_tf.cli import main\n"
        "def wait(*a, **k): print('ready', flush=True); time.sleep(30)\n"
        "gampen_tf.train = wait; sys.exit(main(['train', 'a', 'b']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(gampen_tf.__file__).parents[1],
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        try:
            _, error = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 130
    assert error == "gampen-tf train: interrupted\n"
