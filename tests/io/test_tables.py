"""Tables on disk."""

import json

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
