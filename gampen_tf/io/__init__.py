"""Files and the machine: whole or not at all, JSON, tables, locks, where things lie. Knows no galaxy."""

from .files import read_json, sha256, to_json
from .locations import data_recipe, model_directory, sample_cutouts
from .lock import only_run
from .tables import check_table_path, write_table

__all__ = [
    "check_table_path",
    "data_recipe",
    "model_directory",
    "only_run",
    "read_json",
    "sample_cutouts",
    "sha256",
    "to_json",
    "write_table",
]
