"""Cutouts read in batches."""

import numpy as np
import pytest
from toy_images import header_of, image_of, opened, read, write_fits

from gampen_tf.core import Flag
from gampen_tf.data import ImageSpec, RawImage, read_cutouts


def test_images_do_not_depend_on_batch_size_or_workers():
    stack = np.random.default_rng(2).normal(size=(70, 11, 10))
    stack[13, 5, 5] = np.nan
    cutouts = opened(stack)
    whole = cutouts.read(0, None)
    for size, workers in ((1, 1), (7, 3), (33, 2), (100, 4)):
        batches = list(cutouts.batches(size, workers=workers))
        assert [len(batch[0]) for batch in batches[:-1]] == [size] * (len(batches) - 1)
        np.testing.assert_array_equal(np.concatenate([batch[0] for batch in batches]), whole[0])
        np.testing.assert_array_equal(np.concatenate([batch[1] for batch in batches]), whole[1])
        assert sum((batch[2] for batch in batches), []) == whole[2]
    part = cutouts.read(12, 15)
    np.testing.assert_array_equal(part[1] & Flag.NONFINITE_PIXELS != 0, [False, True, False])


def test_one_source_wrong_in_scale_or_unit_is_an_error_that_says_what_to_do(tmp_path):
    path = write_fits(tmp_path / "sdss.fits", image_of(0), header_of(0.396))
    with pytest.raises(
        ValueError,
        match=r"sdss\.fits: pixel scale 0\.396″ from its header, but model 'hsc' was "
        r"trained at 0\.168″\. Give images at 0\.168″, or pass pixel_scale=0\.168",
    ):
        read(path)
    assert read(path, check=False)[1].tolist() == [Flag.WRONG_PIXEL_SCALE]
    np.testing.assert_array_equal(read(path, pixel_scale=0.168)[0][0, ..., 0], image_of(0))
    path = write_fits(tmp_path / "bare.fits", image_of(0), header_of(BUNIT=None))
    with pytest.raises(ValueError, match=r"neither pixel unit nor zero point.*Pass zero_point="):
        read(path)
    np.testing.assert_allclose(read(path, zero_point=28.9)[0][0, ..., 0], 10 * image_of(0), rtol=1e-6)


def test_all_of_many_wrong_is_an_error_and_most_of_many_is_not(tmp_path):
    paths = [write_fits(tmp_path / f"{number:02}.fits", image_of(number), header_of(0.3)) for number in range(20)]
    with pytest.raises(ValueError, match=r"00\.fits: pixel scale 0\.3″.*So are all 16 images looked at, of 20"):
        read(paths)
    with pytest.raises(ValueError, match="pixel scale 0.3″"):
        read([*paths[:3], tmp_path / "missing.fits"])
    good = write_fits(tmp_path / "good.fits", image_of(0))
    flags = read([*paths[:3], good])[1]
    assert flags.tolist() == [Flag.WRONG_PIXEL_SCALE] * 3 + [0]


def test_stopping_early_ends_the_reading(folder):
    import threading

    cutouts = opened(folder)
    for _ in cutouts.batches(1):
        break
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("cutouts") and thread.is_alive()]


@pytest.mark.parametrize("too_many", [-1, 1])
def test_a_source_that_gives_another_number_of_images_is_refused(too_many):
    class Miscounting:
        names = ("a", "b")

        def __len__(self):
            return 2

        def read(self, start, stop):
            return [RawImage(np.ones((5, 5, 1)), pixel_scale=(1.0, 1.0))] * (stop - start + too_many)

    with pytest.raises(ValueError, match=r"Miscounting.read\(\d, \d\) gave \d images, expected \d; one that cannot"):
        list(read_cutouts(Miscounting(), ImageSpec((5, 5, 1), 1.0), check=False).batches(2))
