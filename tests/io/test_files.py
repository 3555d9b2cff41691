"""Files written whole, versions of formats, JSON."""

import errno

import numpy as np
import pytest

from gampen_tf.io.files import check_format, damage_named, read_json, to_json, whole_file, write_whole


def test_a_failed_write_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "new folder" / "a.txt"
    write_whole(path, "old")
    write_whole(path, b"older")

    def fail(file):
        file.write(b"half")
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        write_whole(path, fail)
    with pytest.raises(KeyError), whole_file(path):
        raise KeyError("a bug")
    assert path.read_text() == "older"
    assert [one.name for one in path.parent.iterdir()] == ["a.txt"]


def test_a_file_has_its_name_at_the_end_alone(tmp_path):
    path = tmp_path / "a.txt"
    with whole_file(path) as scratch:
        scratch.write_text("all")
        assert not path.exists()
        assert scratch.parent == tmp_path
    assert path.read_text() == "all"


def test_a_full_disk_is_an_error_with_a_cure(tmp_path):
    def fail(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match=r"the disk is full: .*a\.txt did not fit\. Make room") as caught:
        write_whole(tmp_path / "a.txt", fail)
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.parametrize("found", [None, "1", True, 1.0])
def test_a_file_without_a_version_is_not_what_was_expected(found):
    with pytest.raises(ValueError, match="run.json: no format_version; this is not the account of a run"):
        check_format(found, 3, "run.json", "the account of a run")


def test_newer_formats_are_refused():
    check_format(3, 3, "run.json", "the account of a run")
    check_format(np.int64(1), 3, "run.json", "the account of a run")
    with pytest.raises(ValueError, match=r"run\.json: format version 4, this gampen_tf reads up to 3; install a newer"):
        check_format(4, 3, "run.json", "the account of a run")


def test_json_holds_arrays_and_paths_and_refuses_the_rest(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(to_json({"a": np.arange(2), "b": np.float32(0.5), "c": tmp_path}))
    assert read_json(path) == {"a": [0, 1], "b": 0.5, "c": str(tmp_path)}
    with pytest.raises(TypeError, match="set cannot be written as JSON"):
        to_json({"a": {1}})
    path.write_text("{")
    with pytest.raises(ValueError, match=r"a\.json: not valid JSON"):
        read_json(path)


@pytest.mark.parametrize("error", [KeyError("a"), TypeError("b"), RecursionError(), MemoryError(), ValueError("c")])
def test_all_that_a_damaged_file_raises_becomes_an_error_that_names_it(error):
    with pytest.raises(ValueError, match=rf"^a\.npz: cannot be read \({type(error).__name__}.*copy it again"):
        with damage_named("a.npz"):
            raise error


@pytest.mark.parametrize("error", [FileNotFoundError("a.npz"), PermissionError("a.npz"), ValueError("a.npz: too old")])
def test_what_is_no_damage_passes(error):
    with pytest.raises(type(error)) as caught, damage_named("a.npz"):
        raise error
    assert caught.value is error


def test_text_with_a_name_that_is_not_utf8_is_written(tmp_path):
    write_whole(tmp_path / "card.md", "# caf\udce9 ″\n")
    assert (tmp_path / "card.md").read_text(encoding="utf-8") == "# caf\\udce9 ″\n"
