"""Readers that recognise what a user gives."""

import numpy as np
import pytest
from toy_images import EXPECTED, read

from gampen_tf.data import reader, registry
from gampen_tf.data.sources import StackSource


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(registry, "_READERS", list(registry._READERS))


def test_a_reader_of_ones_own_is_asked_before_the_others(tmp_path):
    (tmp_path / "tile.raw").write_bytes(EXPECTED.tobytes())

    @reader(recognises=lambda source: str(source).endswith(".raw"))
    def open_raw(source, spec, options):
        images = np.fromfile(source, np.float32).reshape(-1, *spec.image_shape)
        return StackSource(lambda start, stop: images[start:stop], len(images), has_header=False)

    np.testing.assert_array_equal(read(tmp_path / "tile.raw")[0][..., 0], EXPECTED)
    np.testing.assert_array_equal(read(EXPECTED)[0][..., 0], EXPECTED)


def test_options_reach_the_reader():
    seen = []

    @reader(recognises=lambda source: isinstance(source, str) and source == "here")
    def open_here(source, spec, options):
        seen.append((spec.pixel_scale, options))
        return StackSource(lambda start, stop: EXPECTED[start:stop], 5, has_header=False)

    read("here", hdu=2, column="file", bad_bits=1, dialect="lsst")
    ((scale, options),) = seen
    assert (scale, options.hdu, options.column, options.bad_bits) == (0.168, 2, "file", 1)
    assert options.dialect.name == "lsst"


def test_a_reader_that_cannot_recognise_is_in_the_error():
    @reader(recognises=lambda source: source.endswith(".raw"))
    def open_raw(source, spec, options):
        return StackSource(lambda start, stop: EXPECTED[start:stop], 5, has_header=False)

    with pytest.raises(
        TypeError,
        match=r"^reader open_raw: recognises: expected True or False about anything that a user may give, found "
        r"AttributeError about ndarray \(.*endswith.*\); test the type of the source first",
    ) as caught:
        read(EXPECTED)
    assert isinstance(caught.value.__cause__, AttributeError)
    assert read("tile.raw")[1].tolist() == [0] * 5
    with pytest.raises(
        TypeError, match=r"^reader: recognises: expected a function of what a user gives, found '\.raw'"
    ):
        reader(recognises=".raw")


def test_a_reader_that_gives_no_source_is_in_the_error():
    @reader(recognises=lambda source: str(source).endswith(".raw"))
    def open_raw(source, spec, options):
        return list(EXPECTED)

    with pytest.raises(
        TypeError, match=r"^reader open_raw: expected an image source .* found list without names, read;"
    ):
        read("tile.raw")


def test_what_no_reader_recognises_is_a_type_error():
    with pytest.raises(TypeError, match=r"cannot be read from float; .* gampen_tf\.data\.ImageSource"):
        read(1.5)
