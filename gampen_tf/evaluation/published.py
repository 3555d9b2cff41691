"""Numbers of publications that the report prints beside its own, by the recipe of their galaxies."""

from __future__ import annotations

__all__ = ["SOURCE", "published_numbers"]

#: Ghosh et al. (2022, ApJ 935, 138).
SOURCE = "Ghosh et al. 2022"

# Table 2, § 6.2 and 6.4, for simulated galaxies of HSC-Wide g: 68.27 % errors, in the parameter's unit and relative,
# and coverage in per cent at the levels of 1, 2 and 3 σ.
_PUBLISHED: dict[str, dict[str, dict]] = {
    "hsc_wide_g": {
        "typical_error": {"bulge_to_total": "0.10", "effective_radius": "0.17", "flux": "63000"},
        "relative": {"effective_radius": "7 %", "flux": "1 %"},
        "coverage": {
            "bulge_to_total": ("71.8", "96.9", "98.9"),
            "effective_radius": ("68.1", "95.9", "98.3"),
            "flux": ("78.7", "98.2", "99.9"),
        },
    },
}


def published_numbers(metrics: dict) -> dict | None:
    """The published numbers for galaxies of the same recipe and the same parameters, as text; None if there are none.

    Parameters
    ----------
    metrics : dict
        Of an `Evaluation`.

    Returns
    -------
    dict or None
        ``typical_error``, ``relative`` and ``coverage``, each by parameter.
    """
    found = _PUBLISHED.get(metrics["made_by"]["data"]["recipe_name"])
    return found if found and set(found["coverage"]) == set(metrics["parameters"]) else None
