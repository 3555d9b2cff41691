"""What is written back after a change, and what is not."""

import shutil

import numpy as np
import pytest
from memory_data import MemoryDataSet
from toy_models import toy_images, toy_model

from gampen_tf.io import find_model_directory
from gampen_tf.models import load_model
from gampen_tf.training import calibrate, fit_limits, tune_dropout
from gampen_tf.training.saving import directory_to_save


def test_a_model_that_ships_is_not_written_to(tmp_path):
    for verb in (calibrate, fit_limits, tune_dropout):
        with pytest.raises(ValueError, match="'hsc_wide_g' ships with gampen_tf.*copy its directory"):
            verb("hsc_wide_g", None)
    assert directory_to_save("hsc_wide_g", False) is None
    shutil.copytree(find_model_directory("hsc_wide_g"), tmp_path / "copy")
    assert directory_to_save(tmp_path / "copy", True) == tmp_path / "copy"
    with pytest.raises(FileNotFoundError, match="no model named 'hsc_wide_x'"):
        directory_to_save("hsc_wide_x", True)


def test_several_models_are_not_changed_at_once():
    for verb in (calibrate, fit_limits, tune_dropout):
        with pytest.raises(ValueError, match="expected one model, found 2 of them; give each by itself"):
            verb([toy_model(), toy_model()], None)


def test_a_loaded_model_is_changed_in_memory_alone(tmp_path):
    toy_model().save(tmp_path / "model")
    model, images = load_model(tmp_path / "model"), toy_images(200)
    columns = {"bulge_to_total": np.full(200, 0.5), "effective_radius": np.ones(200), "flux": np.full(200, 1e5)}
    calibrate(model, MemoryDataSet(images, columns), kind="temperature", passes=2, progress_bar=False)
    assert model.calibration["kind"] == "temperature"
    assert load_model(tmp_path / "model").calibration is None
