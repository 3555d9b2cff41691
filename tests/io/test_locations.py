"""Models by name and by path."""

import pytest

from gampen_tf.io import find_model_directory


def test_models_are_found_by_path_and_by_name(tmp_path, monkeypatch):
    shipped = find_model_directory("hsc_wide_g")
    assert (shipped / "model.json").is_file()
    assert find_model_directory(shipped) == shipped
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hsc_wide_g").mkdir()
    with pytest.raises(FileNotFoundError, match="hsc_wide_g: no model.json in this directory"):
        find_model_directory("hsc_wide_g")
    (tmp_path / "hsc_wide_g" / "model.json").write_text("{}")
    assert find_model_directory("hsc_wide_g").resolve() == tmp_path / "hsc_wide_g"


def test_an_unknown_model_is_an_error_that_lists_those_that_ship(tmp_path):
    for name in ("hsc_wide_x", tmp_path / "nowhere"):
        with pytest.raises(FileNotFoundError, match=r"no model named '.*' ships .* there are: .*hsc_wide_g"):
            find_model_directory(name)
