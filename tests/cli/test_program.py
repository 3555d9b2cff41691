import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.table import QTable, Table

import gampen_tf
from gampen_tf.cli import program as cli
from gampen_tf.core import Flag
from gampen_tf.io import write_table


@pytest.fixture
def calls(monkeypatch):
    """What the public verbs are called with, in place of calling them."""
    found = []

    def verb(name, result=None):
        def called(*arguments, **options):
            found.append((name, arguments, options))
            return result

        monkeypatch.setitem(vars(gampen_tf), name, called)

    verb("simulate", SimpleNamespace(path="data", __len__=lambda: 3))
    for name in ("train", "finetune", "predict_catalogue", "tune_dropout"):
        verb(name)
    verb("calibrate", SimpleNamespace(kind="temperature", n_galaxies=3))
    verb("fit_limits", SimpleNamespace(novelty=SimpleNamespace(n_held_out=1000), false_alarm=0.01))
    verb("evaluate", SimpleNamespace(summary=lambda: "good"))
    return found


class Galaxies(list):
    path = "data"


def test_only_what_is_given_is_passed_on(calls, monkeypatch):
    monkeypatch.setitem(vars(gampen_tf), "simulate", lambda *a, **k: calls.append(("simulate", a, k)) or Galaxies([1]))
    cli.main(["simulate", "hsc_wide_g", "out", "--n-images", "100", "--seed", "3"])
    cli.main(["train", "out", "models/mine", "--epochs", "3", "--parameters", "flux,effective_radius", "--quiet"])
    cli.main(["finetune", "hsc_wide_g", "out", "tuned", "--load", "matching", "--trainable", "head,hidden"])
    cli.main(["predict", "a.fits", "b.fits", "-o", "folder", "--catalogue", "--passes", "20", "--zero-point", "27"])
    cli.main(["evaluate", "hsc_wide_g", "out", "--report", "page"])
    cli.main(["tune-dropout", "models/mine", "out", "--rates", "0,1e-3,0.05", "--n-images", "500"])
    shown = {"progress_bar": True}
    assert calls == [
        ("simulate", (), {"recipe": "hsc_wide_g", "output": "out", "n_images": 100, "seed": 3, **shown}),
        (
            "train",
            ("out", "models/mine"),
            {"epochs": 3, "parameters": ["flux", "effective_radius"], "progress_bar": False},
        ),
        ("finetune", ("hsc_wide_g", "out", "tuned"), {"load": "matching", "trainable": ["head", "hidden"], **shown}),
        (
            "predict_catalogue",
            (),
            {"images": ["a.fits", "b.fits"], "output": Path("folder"), "passes": 20, "zero_point": 27.0, **shown},
        ),
        ("evaluate", ("hsc_wide_g", "out"), {"report": "page", **shown}),
        ("tune_dropout", ("models/mine", "out"), {"rates": [0, 1e-3, 0.05], "n_images": 500, **shown}),
    ]


def test_models_with_commas_are_several_and_psfs_come_from_files(calls, tmp_path, capsys):
    psf = tmp_path / "psf.fits"
    fits.writeto(psf, np.ones((3, 5, 5)))
    assert cli.main(["predict", "a.fits", "-o", "folder", "--catalogue", "--model", "one,two", "--psf", str(psf)]) == 0
    assert calls[-1][2]["model"] == ["one", "two"]
    np.testing.assert_array_equal(calls[-1][2]["psf"], np.ones((3, 5, 5)))
    (tmp_path / "text.fits").write_text("no image")
    Table({"a": [1]}).write(tmp_path / "table.fits")
    for name, message in (("text.fits", "not a FITS file with an image in it"), ("table.fits", "found a table")):
        assert cli.main(["predict", "a.fits", "-o", "folder", "--catalogue", "--psf", str(tmp_path / name)]) == 2
        assert message in capsys.readouterr().err


def test_what_is_fitted_is_written_into_a_directory(calls, tmp_path, capsys):
    (tmp_path / "model.json").write_text("{}")
    model = str(tmp_path)
    assert cli.main(["calibrate", model, "out", "--kind", "temperature+quantile", "--passes", "8"]) == 0
    assert cli.main(["limits", model, "plain", "crowded", "--false-alarm", "0.02"]) == 0
    assert cli.main(["limits", model, "plain"]) == 0
    shown = {"progress_bar": True}
    assert calls == [
        ("calibrate", (model, "out"), {"kind": "temperature+quantile", "passes": 8, **shown}),
        ("fit_limits", (model, ["plain", "crowded"]), {"false_alarm": 0.02, **shown}),
        ("fit_limits", (model, "plain"), shown),
    ]
    assert "1000 held-out galaxies, 1 % of which" in capsys.readouterr().out
    for verb in ("calibrate", "limits"):
        assert cli.main([verb, "hsc_wide_g", "out"]) == 2
        assert "hsc_wide_g: expected the directory of a model" in capsys.readouterr().err


def test_every_option_is_one_of_its_function():
    """A renamed argument of a public function would otherwise show only when a user runs the command."""
    import inspect

    verbs = cli._parser()._subparsers._group_actions[0].choices
    own = {"help", "quiet", "debug", "run", "overwrite", "save", "catalogue", "version", "card"}
    for verb, functions in {
        "simulate": ["simulate"],
        "train": ["train"],
        "finetune": ["finetune"],
        "crop": ["crop"],
        "predict": ["predict", "predict_catalogue"],
        "evaluate": ["evaluate"],
        "tune-dropout": ["tune_dropout"],
        "calibrate": ["calibrate"],
        "limits": ["fit_limits"],
    }.items():
        known = {"progress_bar"}.union(*(inspect.signature(getattr(gampen_tf, name)).parameters for name in functions))
        given = {action.dest for action in verbs[verb]._actions} - own
        assert given <= known, f"{verb}: {given - known}"
        assert "progress_bar" in inspect.signature(getattr(gampen_tf, functions[0])).parameters


def posterior_of(flags, reasons):
    n = len(flags)
    values = np.where(np.array(flags) == 0, 1.0, np.nan)
    table = QTable(
        {"image": [f"g{i}.fits" for i in range(n)], "flux": values * u.nJy, "flags": flags, "reason": reasons},
        meta={"model": "hsc_wide_g"},
    )
    return SimpleNamespace(
        to_table=lambda: table,
        flags=np.array(flags),
        identifiers=list(table["image"]),
        metadata={"reasons": {str(i): reason for i, reason in enumerate(reasons) if reason}},
        save=lambda path: Path(path).write_text("posterior"),
    )


@pytest.mark.parametrize("suffix", ["ecsv", "fits", "parquet"])
def test_predict_writes_units_flags_and_reasons(monkeypatch, tmp_path, capsys, suffix):
    reason = "pixel scale 0.396″ from its header"
    posterior = posterior_of([0, int(Flag.WRONG_PIXEL_SCALE)], ["", reason])
    monkeypatch.setitem(vars(gampen_tf), "predict", lambda images, **options: posterior)
    output = tmp_path / f"out.{suffix}"
    arguments = ["predict", "a.fits", "-o", str(output), "--save", str(tmp_path / "p.h5")]
    assert cli.main(arguments) == 0
    table = QTable.read(output)
    assert table["flux"].unit == u.nJy
    np.testing.assert_array_equal(table["flux"].value, [1, np.nan])
    assert table["flags"].tolist() == [0, 64]
    assert str(table["reason"][1]) == (reason if suffix != "fits" else reason.replace("″", '"'))
    assert (tmp_path / "p.h5").is_file()
    captured = capsys.readouterr()
    assert captured.out == f"2 galaxies in {output}\n"
    assert captured.err == f"not measured: g1.fits: {reason}\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == [output.name, "p.h5"]
    assert cli.main(arguments) == 2
    assert "is there already" in capsys.readouterr().err
    assert cli.main([*arguments, "--overwrite"]) == 0


def test_an_impossible_output_is_refused_before_the_work(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(vars(gampen_tf), "predict", lambda *a, **k: pytest.fail("the work was done"))
    for output, what in (
        ("a.xlsx", "expected a name that ends in .ecsv, .fits, .parquet"),
        ("no/a.fits", "there is no folder"),
    ):
        assert cli.main(["predict", "a.fits", "-o", str(tmp_path / output)]) == 2
        assert what in capsys.readouterr().err
    assert cli.main(["predict", "a.fits", "-o", "a.ecsv", "--mixture", "--scheduler", "x"]) == 2
    assert capsys.readouterr().err == "gampen-tf predict: error: --mixture, --scheduler: only with --catalogue\n"
    assert cli.main(["predict", "a.fits", "-o", "a", "--catalogue", "--n-mc", "5"]) == 2
    assert capsys.readouterr().err == "gampen-tf predict: error: --n-mc: not with --catalogue\n"


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
        start = time.perf_counter()
        found = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=Path(gampen_tf.__file__).parents[1],
        )
        best = min(best, time.perf_counter() - start)
    assert found.stderr.strip() == "[]"
    assert "tune-dropout" in found.stdout
    assert best < 1.0


def test_unknown_verbs_and_models_end_with_2():
    assert run("fly").returncode == 2
    found = run("models", "show", "nope")
    assert found.returncode == 2
    assert found.stderr.startswith("gampen-tf models: error: no model named 'nope' ships with gampen_tf")
    assert found.stderr.count("\n") == 1


def test_a_model_is_shown_by_its_directory(tmp_path):
    (tmp_path / "model.json").write_text(
        '{"image_shape": [239, 239, 1], "pixel_scale": 0.168, "pixel_unit": "nJy", '
        '"band": "g", "scaler": {"parameters": [{"name": "flux"}]}}'
    )
    (tmp_path / "README.md").write_text("# A card")
    shown = run("models", "show", str(tmp_path))
    assert shown.stdout == f"{tmp_path}\nflux; 239 × 239 × 1 pixels of 0.168″ in nJy; band g\n\n# A card\n"
    (tmp_path / "model.json").write_text("{}")
    assert "not the description of a model" in run("models", "show", str(tmp_path)).stderr


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


def test_a_table_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.ecsv"
    write_table(QTable({"x": [1]}), path)
    with pytest.raises(Exception, match=".*"):
        write_table(QTable({"x": [object()]}), path, overwrite=True)
    assert QTable.read(path)["x"].tolist() == [1]
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.ecsv"]


def test_metadata_of_all_kinds_survive_in_fits_without_a_warning(tmp_path):
    table = QTable(
        {"x": [1.0] * u.nJy},
        meta={
            "model_hash": "5" * 64,
            "tolerance": 0.05,
            "limits": None,
            "monte_carlo_error": np.nan,
            "reasons": {"3": "no ″ in it" * 20},
        },
    )
    write_table(table, tmp_path / "a.fits")  # a warning would fail the test
    meta = {key.lower(): value for key, value in QTable.read(tmp_path / "a.fits").meta.items()}
    assert (meta["model_hash"], meta["tolerance"], meta["monte_carlo_error"]) == ("5" * 64, 0.05, "NaN")
    assert json.loads(meta["reasons"])["3"].startswith("no ")
