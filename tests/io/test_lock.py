"""One run at a time in a folder."""

import os

import pytest

from gampen_tf.io import only_run


def test_a_second_run_is_refused_while_the_first_goes_on(tmp_path):
    folder = tmp_path / "new"
    with only_run(folder):
        with pytest.raises(RuntimeError, match=rf"new: another run is writing here \(process {os.getpid()} on "):
            only_run(folder).__enter__()
    with only_run(folder):
        pass


def test_a_run_that_fails_leaves_no_lock(tmp_path):
    with pytest.raises(KeyError), only_run(tmp_path):
        raise KeyError("a bug")
    with only_run(tmp_path):
        pass
