"""Published numbers stand beside numbers of the same galaxies and parameters alone."""

from gampen_tf.evaluation.published import published_numbers

NAMES = ["flux", "bulge_to_total", "effective_radius"]


def metrics(recipe_name, names):
    return {"parameters": names, "made_by": {"data": {"recipe_name": recipe_name}}}


def test_numbers_of_the_paper_for_its_galaxies():
    found = published_numbers(metrics("hsc_wide_g", NAMES))
    # Ghosh et al. (2022), table 2 and § 6.2
    assert found["coverage"]["effective_radius"] == ("68.1", "95.9", "98.3")
    assert found["relative"] == {"effective_radius": "7 %", "flux": "1 %"}
    assert set(found["typical_error"]) == set(NAMES)


def test_other_galaxies_or_parameters_have_none():
    assert published_numbers(metrics("hsc_wide_g_faint", NAMES)) is None
    assert published_numbers(metrics(None, NAMES)) is None
    assert published_numbers(metrics("hsc_wide_g", NAMES[:2])) is None
    assert published_numbers(metrics("hsc_wide_g", [*NAMES, "axis_ratio"])) is None
