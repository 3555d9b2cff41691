"""A model in words, from its description."""

from dataclasses import replace

import pytest

from gampen_tf.models import Model, load_model, read_description
from gampen_tf.models.card import facts, one_line, short_card


def test_one_line_holds_parameters_images_and_psf(model):
    assert one_line(model.describe()) == "bulge_to_total, flux; 15 × 15 × 1 pixels of 0.168″ in nJy; band g"
    assert one_line(replace(model, band="").describe()).endswith("in nJy")
    assert one_line(read_description("kids_r_galnet2")).endswith("band r; with the PSF, 25 × 25")
    assert one_line(read_description("galaxy_vae")).startswith(
        "a generative model of galaxy images, 8 latents; 69 × 69"
    )


def test_facts_follow_the_description(model):
    found = facts(model.describe())
    assert found["measures"] == "bulge_to_total (logit), flux (nJy, log)"
    assert found["images"] == "15 × 15 × 1 pixels of 0.168″, in nJy (zero point 31.4 AB), band g"
    assert (found["network"], found["recalibration"]) == ("gaussian head", "yes")
    assert facts(replace(model, calibration=None, network_name="compact").describe()) == found | {
        "network": "compact, gaussian head",
        "recalibration": "none",
    }
    assert facts(read_description("kids_r_galnet2"))["PSF"] == "25 × 25 pixels, beside each image"


@pytest.mark.parametrize(
    ("name", "opened_with"), [("hsc_wide_g", "`gampen_tf.load_model`"), ("galaxy_vae", "`gampen_tf.GalaxyVAE.load`")]
)
def test_the_card_of_either_kind_holds_its_facts(name, opened_with):
    description = read_description(name)
    text = short_card(description, "mine")
    assert text.startswith("# mine\n")
    assert opened_with in text
    for heading, fact in facts(description).items():
        assert f"- {heading}: {fact}\n" in text


def test_a_model_prints_as_a_few_lines(model):
    long = replace(model, provenance={"history": [{"loss": 0.5}] * 1000})
    assert repr(long) == f"<Model 'toy': {one_line(model.describe())}>"
    lines = str(long).splitlines()
    assert len(lines) <= 10
    assert lines[0] == "Model 'toy'"
    assert all(any(fact in line for line in lines) for fact in facts(model.describe()).values())
    assert f"{model.network.count_params():,}" in str(model)


def test_saving_a_model_without_a_card_writes_one_and_keeps_one_that_is_there(model, tmp_path):
    written = (model.save(tmp_path / "mine") / "README.md").read_text()
    assert written == short_card(model.describe(), "mine")
    own = replace(model, card="# By hand\n")
    assert (own.save(tmp_path / "mine") / "README.md").read_text() == "# By hand\n"
    assert isinstance(load_model(tmp_path / "mine"), Model)
