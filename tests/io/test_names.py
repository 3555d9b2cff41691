"""Names that are not UTF-8 survive files of text."""

import os

import pytest

from gampen_tf.io.names import name_bytes, original_name, plain_name


@pytest.mark.parametrize(
    "raw", [b"cut/a.fits", "é.fits".encode(), b"caf\xe9.fits", b"a\\xff.fits", b"a\\b.fits", b"\xff\\xe9\\x5c\xc3\xa9"]
)
def test_every_path_comes_back(raw):
    name = raw.decode("utf-8", "surrogateescape")
    text = plain_name(name)
    assert text.encode().decode() == text
    assert original_name(text) == name
    assert name_bytes(original_name(text)) == raw


@pytest.mark.parametrize("name", ["G001", "cut/é″.fits", r"C:\cutouts\a.fits"])
def test_plain_names_stay_as_they_are(name):
    assert plain_name(name) == name


def test_the_system_finds_the_file_again(tmp_path):
    path = os.path.join(os.fsencode(tmp_path), b"caf\xe9")
    try:
        open(path, "wb").close()
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    (name,) = os.listdir(tmp_path)
    assert os.path.exists(tmp_path / original_name(plain_name(name)))
