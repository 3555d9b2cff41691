"""Tables on disk."""

import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from astropy import units as u
from astropy.table import QTable

from gampen_tf.io import write_table


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


@pytest.mark.parametrize("suffix", ["ecsv", "parquet", "fits"])
def test_names_that_are_not_utf8_do_not_stop_a_table(tmp_path, suffix):
    names = ["a.fits", "café.fits", "caf\udce9.fits"]
    table = QTable({"identifier": names})
    write_table(table, tmp_path / f"a.{suffix}")
    assert table["identifier"].tolist() == names
    found = [str(name) for name in QTable.read(tmp_path / f"a.{suffix}")["identifier"]]
    assert found == {"fits": ["a.fits", r"caf\xe9.fits", r"caf\udce9.fits"]}.get(suffix, [*names[:2], r"caf\xe9.fits"])


def test_text_is_utf8_whatever_the_locale(tmp_path):
    """In a process of an ASCII locale, which Python must not mend."""
    program = textwrap.dedent("""
        import sys
        from astropy.table import QTable
        from gampen_tf.io import read_json, to_json, write_table, write_whole
        folder = sys.argv[1]
        write_table(QTable({"identifier": ["caf\\xe9"]}), folder + "/a.ecsv")
        write_whole(folder + "/a.json", '{"unit": "\\u2033"}')
        print(ascii(read_json(folder + "/a.json")["unit"]), open(folder + "/a.json").encoding.lower())
    """)
    environment = {**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[0] == r"'\u2033'"
    assert "utf" not in done.stdout.split()[1], "this system knows no locale but UTF-8"
    assert QTable.read(tmp_path / "a.ecsv")["identifier"].tolist() == ["café"]
