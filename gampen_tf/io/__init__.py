"""Files written whole or not at all, JSON, tables, locks, worker processes, and places of shipped files."""

from .files import check_format, read_json, sha256, to_json, write_whole
from .locations import data_recipe, find_model_directory, sample_cutouts
from .lock import only_run
from .tables import check_table_path, write_table

__all__ = [
    "check_format",
    "check_table_path",
    "data_recipe",
    "find_model_directory",
    "only_run",
    "read_json",
    "sample_cutouts",
    "sha256",
    "to_json",
    "write_table",
    "write_whole",
]
