"""Tables in the cache folder."""

from pathlib import Path

import numpy as np

from gampen_tf.io import cache


def test_table_is_made_once_and_a_damaged_one_again(tmp_path, monkeypatch):
    monkeypatch.setenv("GAMPEN_TF_CACHE", str(tmp_path / "cache"))
    made = []

    def make():
        made.append(1)
        return np.linspace(0, 1, 5)

    for _ in range(2):
        np.testing.assert_array_equal(cache.cached("a", 5, make), np.linspace(0, 1, 5))
    assert len(made) == 1
    (file,) = (tmp_path / "cache").iterdir()
    file.write_bytes(file.read_bytes()[:-3])
    np.testing.assert_array_equal(cache.cached("a", 5, make), np.linspace(0, 1, 5))
    assert len(made) == 2
    monkeypatch.setenv("GAMPEN_TF_CACHE", "/dev/null/nowhere")
    np.testing.assert_array_equal(cache.cached("a", 5, make), np.linspace(0, 1, 5))


def test_the_folder_is_the_one_asked_for_or_that_of_the_system(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("GAMPEN_TF_CACHE", raising=False)
    assert "gampen_tf" in str(cache.cache_folder())
    monkeypatch.setenv("GAMPEN_TF_CACHE", "/elsewhere")
    assert cache.cache_folder() == Path("/elsewhere")
