"""Rows of tensors that are kept: their precision, and folders that outlive the process."""

import numpy as np
import pytest

from gampen_tf.training import compressed_tensors
from gampen_tf.training.compressed_tensors import CompressedTensors, StoredTensors

SHAPES = [(5, 5, 1), (3,)]


def test_half_precision_keeps_eleven_bits_of_any_brightness():
    rng = np.random.default_rng(4)
    images = rng.normal(size=(6, 5, 5, 1)) * np.logspace(-3, 8, 6)[:, None, None, None]
    features = rng.normal(size=(6, 3)) * 1e9
    kept = CompressedTensors(6, SHAPES)
    kept.write(slice(0, 6), [images, features])
    restored = kept.values[0].astype(float) * kept.scales[0][:, None, None, None]
    assert np.max(np.abs(restored / images - 1)) <= 2.0**-11
    np.testing.assert_allclose(kept.values[1], features, rtol=1e-7)
    np.testing.assert_array_equal(kept.read(0, [4, 1]), restored[[4, 1]].astype(np.float32))


@pytest.fixture
def rows():
    rng = np.random.default_rng(5)
    return rng.normal(size=(20, 5, 5, 1)).astype(np.float32), rng.normal(size=(20, 3)).astype(np.float32)


def written(folder, rows, last, of="these"):
    """Tensors of which the first `last` rows were written, four at a time."""
    kept = StoredTensors(len(rows[0]), SHAPES, folder, of)
    for first in range(kept.n_written, last, 4):
        kept.write(slice(first, first + 4), [tensor[first : first + 4] for tensor in rows])
    return kept


def test_what_was_written_is_there_after_a_stop(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(compressed_tensors, "_ROWS_A_RECORD", 8)
    assert written(tmp_path, rows, 12).n_written == 8  # the record is behind what was written, never before
    again = written(tmp_path, rows, 20)
    whole = CompressedTensors(20, SHAPES)
    whole.write(slice(0, 20), rows)
    for number in (0, 1):
        np.testing.assert_array_equal(again.read(number, np.arange(20)), whole.read(number, np.arange(20)))
    assert StoredTensors(20, SHAPES, tmp_path, "these").n_written == 20


def test_rows_of_something_else_or_lost_files_begin_anew(tmp_path, rows):
    written(tmp_path, rows, 20)
    assert StoredTensors(20, SHAPES, tmp_path, "others").n_written == 0
    written(tmp_path, rows, 20)
    (tmp_path / "0.bin").unlink()
    assert StoredTensors(20, SHAPES, tmp_path, "these").n_written == 0
    written(tmp_path, rows, 20)
    (tmp_path / "rows.json").write_text("{")
    assert StoredTensors(20, SHAPES, tmp_path, "these").n_written == 0
