"""Each verb: how it calls its function, and what it prints and writes."""

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
from gampen_tf.io import find_model_directory


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
        ("predict_catalogue", (["a.fits", "b.fits"], Path("folder")), {"passes": 20, "zero_point": 27.0, **shown}),
        ("evaluate", ("hsc_wide_g", "out"), {"report": "page", **shown}),
        ("tune_dropout", ("models/mine", "out"), {"rates": [0, 1e-3, 0.05], "n_images": 500, **shown}),
    ]


def test_the_address_of_a_cluster_is_passed_on(calls):
    cli.main(["predict", "a.fits", "-o", "folder", "--catalogue", "--client", "tcp://here:8786"])
    assert calls[-1][2]["client"] == "tcp://here:8786"


def test_models_with_commas_are_several(calls):
    assert cli.main(["predict", "a.fits", "-o", "folder", "--catalogue", "--model", "one,two"]) == 0
    assert calls[-1][2]["model"] == ["one", "two"]


def test_maps_are_files_or_columns_and_noise_may_be_a_number(calls):
    given = ["predict", "a.csv", "-o", "folder", "--catalogue", "--psf", "psf.fits", "--mask", "mask_path"]
    for noise, expected in (("1.6", 1.6), ("sky", "sky"), ("variance.fits", "variance.fits")):
        assert cli.main([*given, "--noise", noise, "--band", "r", "--bands", "grz"]) == 0
        maps = {"psf": "psf.fits", "mask": "mask_path", "noise": expected}
        assert calls[-1][2] == {**maps, "band": "r", "bands": "grz", "progress_bar": True}


def test_a_map_that_cannot_be_read_is_one_line(tmp_path, capsys):
    fits.writeto(tmp_path / "a.fits", np.ones((9, 9)))
    (tmp_path / "text.fits").write_text("no image")
    Table({"a": [1]}).write(tmp_path / "table.fits")
    for name, message in (("text.fits", "not a readable FITS image"), ("table.fits", "no image in it")):
        command = ["predict", str(tmp_path / "a.fits"), "-o", str(tmp_path / "b.ecsv"), "--psf", str(tmp_path / name)]
        assert cli.main(command) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1


def test_what_is_fitted_is_written_into_a_directory(calls, tmp_path, capsys):
    (tmp_path / "model.json").write_text("{}")
    model = str(tmp_path)
    assert cli.main(["calibrate", model, "out", "--kind", "temperature+quantile", "--passes", "8"]) == 0
    assert cli.main(["fit-limits", model, "plain", "crowded", "--false-alarm", "0.02"]) == 0
    assert cli.main(["fit-limits", model, "plain"]) == 0
    shown = {"progress_bar": True}
    assert calls == [
        ("calibrate", (model, "out"), {"kind": "temperature+quantile", "passes": 8, **shown}),
        ("fit_limits", (model, ["plain", "crowded"]), {"false_alarm": 0.02, **shown}),
        ("fit_limits", (model, "plain"), shown),
    ]
    assert "1000 held-out galaxies, 1 % of which" in capsys.readouterr().out


def test_a_card_is_not_written_into_what_ships(calls, capsys):
    assert cli.main(["evaluate", "hsc_wide_g", "out", "--card"]) == 2
    assert "'hsc_wide_g' ships with gampen_tf and is not written to; copy its directory" in capsys.readouterr().err
    assert calls == []


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
    assert cli.main(["predict", "a.fits", "-o", "a.ecsv", "--mixture", "--client", "x"]) == 2
    assert capsys.readouterr().err == "gampen-tf predict: error: --client, --mixture: only with --catalogue\n"
    assert cli.main(["predict", "a.fits", "-o", "a", "--catalogue", "--save", "5"]) == 2
    assert capsys.readouterr().err == "gampen-tf predict: error: --save: not with --catalogue\n"


def test_a_model_is_shown_by_its_directory(tmp_path, capsys):
    description = (find_model_directory("kids_r_galnet2") / "model.json").read_text()
    (tmp_path / "model.json").write_text(description)
    (tmp_path / "README.md").write_text("# A card")
    assert cli.main(["models", "show", str(tmp_path)]) == 0
    assert capsys.readouterr().out == (
        f"{tmp_path}\nx, y, magnitude, semi_major_axis, sersic_index, eta1, eta2; 61 × 61 × 1 pixels of 0.2″ in nJy; "
        "band r; with the PSF, 25 × 25\n\n# A card\n"
    )
    (tmp_path / "model.json").write_text("{}")
    assert cli.main(["models", "show", str(tmp_path)]) == 2
    assert "this is not the description of a gampen_tf model" in capsys.readouterr().err


def test_a_checked_catalogue_is_sound_or_each_fault_is_a_line(monkeypatch, capsys):
    monkeypatch.setitem(vars(gampen_tf), "check_catalogue", lambda folder: [])
    assert cli.main(["catalogue", "check", "run"]) == 0
    assert "run" in capsys.readouterr().out
    faults = ["shard-000003.parquet: damaged", "shard-000007.parquet: not there"]
    monkeypatch.setitem(vars(gampen_tf), "check_catalogue", lambda folder: faults)
    assert cli.main(["catalogue", "check", "run"]) == 2
    printed = capsys.readouterr()
    assert all(fault in printed.out + printed.err for fault in faults)
