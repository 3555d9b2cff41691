"""Model directories: written whole, checked when they are read."""

import json
import shutil
from dataclasses import replace

import pytest
from toy_inputs import told_model

from gampen_tf.io.locations import find_model_directory
from gampen_tf.models import FORMAT_VERSIONS, fingerprint, list_models, load_model, read_description


def test_saving_again_replaces_and_leaves_nothing_behind(model, directory):
    (directory / "log.csv").write_text("mine")
    model.save(directory)
    assert sorted(path.name for path in directory.iterdir()) == [
        "README.md",
        "log.csv",
        "metrics.json",
        "model.json",
        "model.keras",
    ]


@pytest.mark.parametrize("damage", ["changed", "truncated"])
def test_changed_weights_are_refused(directory, damage):
    path = directory / "model.keras"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content[:-100] if damage == "truncated" else content)
    with pytest.raises(ValueError, match=r"model\.keras: changed or truncated; model\.json expects sha256"):
        load_model(directory)


def test_missing_weights_and_damaged_descriptions_are_refused(directory):
    (directory / "model.keras").unlink()
    with pytest.raises(ValueError, match=r"model\.keras: not there"):
        load_model(directory)
    (directory / "model.json").write_text('{"format_version": 1, "sca')
    with pytest.raises(ValueError, match=r"model\.json: not valid JSON"):
        load_model(directory)
    (directory / "model.json").write_text("{}")
    with pytest.raises(ValueError, match="no format_version"):
        load_model(directory)


@pytest.mark.parametrize("lost", ["scaler", "sha256", "zero_point"])
def test_an_incomplete_description_is_refused(directory, lost):
    description = json.loads((directory / "model.json").read_text())
    del description[lost]
    (directory / "model.json").write_text(json.dumps(description))
    with pytest.raises(ValueError, match=rf"model\.json: without {lost}"):
        load_model(directory)


def test_a_newer_format_is_refused(directory):
    description = json.loads((directory / "model.json").read_text())
    description["format_version"] = FORMAT_VERSIONS["posterior"] + 1
    (directory / "model.json").write_text(json.dumps(description))
    with pytest.raises(ValueError, match="install a newer gampen_tf"):
        read_description(directory)


def test_models_are_found_by_name_and_by_path(tmp_path):
    names = list_models()
    assert {"hsc_wide_g", "galaxy_vae"} <= set(names)
    shutil.copytree(find_model_directory("kids_r_galnet1"), tmp_path / "mine")
    shipped, mine = load_model("kids_r_galnet1"), load_model(tmp_path / "mine")
    assert (shipped.name, mine.name) == ("kids_r_galnet1", str(tmp_path / "mine"))
    assert fingerprint(shipped) == fingerprint(mine)
    with pytest.raises(FileNotFoundError, match=f"no model named 'shallow'.* are: {', '.join(names)}"):
        load_model("shallow")
    with pytest.raises(FileNotFoundError, match="holds no finished model"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    "words", [{"labels": "range"}, {"network": "compact", "network_options": {"noise": 2.0}}, None]
)
def test_format_1_is_read_with_what_its_provenance_tells(model, directory, words):
    description = json.loads((directory / "model.json").read_text())
    for key in ("network_name", "network_options", "objective", "huber_delta", "label_scaling", "dropout_posterior"):
        del description[key]
    old = description | {"format_version": 1, "provenance": {} if words is None else {"settings": words}}
    (directory / "model.json").write_text(json.dumps(old))
    loaded, words = load_model(directory), words or {}
    assert loaded.network_name == words.get("network")
    assert loaded.network_options == words.get("network_options", {})
    assert loaded.label_scaling == words.get("labels", "standard")
    assert (loaded.objective, loaded.dropout_posterior) == ("gaussian_nll", False)
    assert fingerprint(loaded) == fingerprint(model)
    # what is written is today's format, in which provenance is an account and nothing else
    again = json.loads((loaded.save(directory.parent / "new") / "model.json").read_text())
    assert again["format_version"] == FORMAT_VERSIONS["posterior"]
    again["provenance"] = {}
    (directory.parent / "new" / "model.json").write_text(json.dumps(again))
    assert load_model(directory.parent / "new").label_scaling == loaded.label_scaling


def test_a_tuning_in_the_account_of_the_training_becomes_the_models(model, directory):
    description = json.loads((directory / "model.json").read_text())
    del description["dropout_tuning"]
    description["provenance"] |= {"dropout_tuning": {"chosen": 0.02}}
    (directory / "model.json").write_text(json.dumps(description))
    loaded = load_model(directory)
    assert loaded.dropout_tuning == {"chosen": 0.02}
    assert loaded.provenance == json.loads(json.dumps(model.provenance, default=float))
    assert fingerprint(loaded) == fingerprint(model)
    assert load_model(loaded.save(directory.parent / "new")).dropout_tuning == {"chosen": 0.02}


def test_what_may_be_left_out_is_kept_and_need_not_be_written(model, directory, tmp_path):
    description = json.loads((directory / "model.json").read_text())
    for key in ("optional_inputs", "fills_masked"):
        del description[key]
    (directory / "model.json").write_text(json.dumps(description))
    loaded = load_model(directory)
    assert (loaded.optional_inputs, loaded.fills_masked) == ((), False)
    assert fingerprint(loaded) == fingerprint(model)
    told = told_model()
    again = load_model(told.save(tmp_path / "told"))
    assert (again.optional_inputs, again.fills_masked) == (("psf", "noise"), True)
    assert again.inputs_beside == told.inputs_beside == ("noise", "psf")
    assert fingerprint(again) == fingerprint(told)
    # a model that must be told another thing gives other posteriors
    assert fingerprint(replace(told, optional_inputs=("psf",))) != fingerprint(told)
    assert fingerprint(replace(told, fills_masked=False)) != fingerprint(told)
    assert "with the PSF where it is known" in repr(again)
    with pytest.raises(ValueError, match=r"optional_inputs \('psf',\): the network takes \(\)"):
        replace(model, optional_inputs=("psf",))


def test_descriptions_are_told_apart_by_their_kind(directory):
    assert read_description(directory)["kind"] == "posterior"
    assert read_description("galaxy_vae")["kind"] == "galaxy_vae"
    with pytest.raises(ValueError, match=r"open it with gampen_tf\.GalaxyVAE\.load"):
        load_model("galaxy_vae")


def test_shipped_models_are_in_todays_format():
    for name in list_models():
        text = (find_model_directory(name) / "model.json").read_text()
        description = read_description(name)
        assert json.loads(text)["format_version"] == FORMAT_VERSIONS[description["kind"]]
