"""Files that ship: models, data recipes, sample cutouts."""

import pytest

from gampen_tf.io import data_recipe, find_model_directory, locations, sample_cutouts


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


def test_what_names_no_model_is_a_type_error():
    for wrong in (None, 3):
        with pytest.raises(TypeError, match="expected a model, its name or its directory, found (NoneType|int)"):
            find_model_directory(wrong)


def test_a_model_that_ships_is_no_users_own(tmp_path):
    with pytest.raises(ValueError, match="'hsc_wide_g' ships with gampen_tf and is not written to; copy its directory"):
        locations.own_model_directory("hsc_wide_g")
    (tmp_path / "model.json").write_text("{}")
    assert locations.own_model_directory(tmp_path) == tmp_path


def test_every_name_that_is_listed_is_found():
    assert {"hsc_wide_g", "hsc_wide_g_faint"} <= set(locations.names("models"))
    for name in locations.names("models"):
        assert find_model_directory(name).name == name
    for name in locations.names("data_recipes"):
        assert data_recipe(name).read_text().count(f"\nname: {name}\n") == 1
    with pytest.raises(FileNotFoundError, match=r"no data recipe named 'nowhere' ships .* there are: .*hsc_wide_g"):
        data_recipe("nowhere")
    assert (sample_cutouts() / "dataset.json").is_file()
