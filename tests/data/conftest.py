"""Images for the tests of reading."""

import pytest
from toy_images import image_of, write_fits


@pytest.fixture
def image():
    return image_of(1)


@pytest.fixture
def folder(tmp_path):
    """Five images in FITS files, and a text."""
    for number in range(5):
        write_fits(tmp_path / f"galaxy_{number}.fits", image_of(number))
    (tmp_path / "notes.md").write_text("no image")
    return tmp_path
