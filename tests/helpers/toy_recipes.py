"""A small recipe, to be varied."""

import copy

_RECIPE = {
    "name": "toy",
    "band": "r",
    "image": {"size": 32, "pixel_scale": 0.2, "unit": "nJy", "zero_point": 31.4},
    "magnitude": {"uniform": [18.0, 20.0]},
    "galaxies": {
        "sersic": {
            "fraction": 1.0,
            "components": {
                "sersic": {
                    "effective_radius": {"uniform": [0.4, 1.0]},
                    "sersic_index": {"uniform": [0.6, 3.0]},
                    "axis_ratio": {"uniform": [0.3, 1.0]},
                    "position_angle": {"uniform": [0, 180]},
                }
            },
        }
    },
    "psf": {"moffat": {"beta": 3.5, "fwhm": 0.7, "axis_ratio": {"uniform": [0.9, 1.0]}, "position_angle": 30}},
    "noise": {"gaussian": {"sigma": 2.0}},
    "split": {"train": 0.6, "validation": 0.2, "test": 0.2},
    "parameters": ["magnitude", "effective_radius", "sersic_index"],
}


def toy_recipe(**changes):
    """The recipe as a dict, with top-level keys replaced (left out where None)."""
    recipe = {**copy.deepcopy(_RECIPE), **changes}
    return {key: value for key, value in recipe.items() if value is not None}


def changed_recipe(path, value):
    """The recipe with the key at ``path`` (with dots) set, or removed where the value is ``...``."""
    recipe = toy_recipe()
    *parents, last = path.split(".")
    place = recipe
    for parent in parents:
        place = place[parent]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return recipe
