"""Images by path: files, folders, globs, data sets."""

import numpy as np
import pytest
from toy_images import EXPECTED, opened, read

import gampen_tf
from gampen_tf.data import ImageSpec, read_cutouts


def test_path_list_glob_and_folder(folder):
    paths = sorted(folder.glob("*.fits"))
    np.testing.assert_array_equal(read(paths[3])[0][0, ..., 0], EXPECTED[3])
    for source in (
        paths,
        [str(path) for path in paths],
        (path for path in paths),
        folder,
        str(folder) + "/",
        folder / "gal*_[0-4].fits",
        f"{folder}/*.fits[0]",
    ):
        found, flags, reasons = read(source)
        np.testing.assert_array_equal(found[..., 0], EXPECTED)
        assert not flags.any()
        assert reasons == [""] * 5
    assert opened(folder).names == [str(path) for path in paths]
    assert opened(paths[::-1]).names == [str(path) for path in paths[::-1]]


def test_nothing_there_is_an_error_for_one_source(tmp_path):
    for missing, what in (
        (tmp_path / "no.fits", "no such file"),
        (tmp_path / "*.fits", "no file matches"),
        (tmp_path, "no FITS file in the folder"),
    ):
        with pytest.raises(FileNotFoundError, match=what):
            read(missing)


@pytest.mark.parametrize("format", ["shards", "fits"])
def test_a_simulated_data_set_by_its_folder(tmp_path, format):
    dataset = gampen_tf.simulate(
        "hsc_wide_g", tmp_path / "set", n_images=2, seed=1, workers=1, format=format, progress_bar=False
    )
    spec = ImageSpec(dataset.image_shape, 0.168)
    for source in (tmp_path / "set", dataset):
        cutouts = read_cutouts(source, spec)
        assert len(cutouts) == 2
        np.testing.assert_array_equal(cutouts.images, dataset.images())
    if format == "fits":
        np.testing.assert_array_equal(read_cutouts(tmp_path / "set/cutouts", spec).images, dataset.images())
    with pytest.raises(ValueError, match="galaxy 0: pixel scale 0.168″ from its header, but the model .* 0.2″"):
        read_cutouts(dataset, ImageSpec(dataset.image_shape, 0.2))
