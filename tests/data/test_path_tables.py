"""Tables of paths in files."""

import numpy as np
import pytest
from astropy.table import Table
from toy_images import EXPECTED, opened, read


@pytest.mark.parametrize("name", ["t.csv", "t.ecsv", "t.fits", "t.parquet"])
def test_tables_of_paths_in_files_are_relative_to_the_table(folder, name):
    table = Table({"path": [f"galaxy_{number}.fits" for number in range(5)], "id": ["a", "b", "c", "d", "e"]})
    if name.endswith("parquet"):
        table.to_pandas().to_parquet(folder / name)
    else:
        table.write(folder / name)
    cutouts = opened(folder / name)
    np.testing.assert_array_equal(cutouts.images[..., 0], EXPECTED)
    assert cutouts.names == ["a", "b", "c", "d", "e"]


def test_a_table_that_cannot_be_read_is_a_clear_error(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match=r"t\.parquet: not a readable table"):
        read(tmp_path / "t.parquet")


def test_a_table_without_a_column_of_paths_is_mended_by_the_user():
    table = Table({"left": ["a.fits"], "right": ["b.fits"]})
    with pytest.raises(ValueError, match=r"one named path, .*there are left, right; rename that of the paths"):
        read(table)
