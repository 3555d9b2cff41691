"""Recipe in, data set out."""

from .distributions import Distribution
from .drawn import DrawnDataSet
from .images import draw
from .opening import as_dataset, open_dataset
from .recipe import Recipe
from .recipe_file import load_recipe
from .recipe_sections import RecipeError
from .redraw import redraw, reduced_chi_squared
from .run import simulate

__all__ = [
    "Distribution",
    "DrawnDataSet",
    "Recipe",
    "RecipeError",
    "as_dataset",
    "draw",
    "load_recipe",
    "open_dataset",
    "redraw",
    "reduced_chi_squared",
    "simulate",
]
