"""Notes and warnings of other packages, hidden where they would be too many.

TensorFlow writes notes to the process's standard error from C++ while it is being imported and when it first looks for
devices, before its log level can be set. The programs (`gampen-tf`, the demo) hold them back by
:func:`hide_tensorflow_notes`; the library never does, since what is shown is for the user's own program to choose.
"""

import contextlib
import importlib.machinery
import os
import re
import sys
import tempfile
import threading
import warnings

__all__ = ["hide_tensorflow_notes", "quiet_astropy"]

_NOTES = re.compile(
    rb"^(I\d{4} "  # information
    rb"|WARNING: All log messages before absl::InitializeLog"
    rb"|E\d{4} .*(failed call to cuInit|Unable to register cu)"  # no GPU is no error
    rb"|.*This TensorFlow binary is optimized|To enable the following instructions)"
)


def hide_tensorflow_notes():
    """Hide the notes that TensorFlow writes while it is imported; its warnings and errors are shown.

    Standard error is held back during that import and then written out but for the known notes. Nothing happens if
    TensorFlow is there already.
    """
    if "tensorflow" not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finder of TensorFlow alone, whose loader holds back standard error; it removes itself when it is used."""

    def find_spec(self, name, path=None, target=None):
        if name != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = _quiet(spec.loader.exec_module)
        return spec


def _quiet(exec_module):
    def run(module):
        with _without_notes():
            exec_module(module)
            # the search for devices has notes of its own
            module.config.list_physical_devices()

    return run


@contextlib.contextmanager
def _without_notes():
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # no standard error to keep clean
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            for line in held:
                if not _NOTES.match(line):
                    os.write(2, line)


_lock = threading.Lock()
_users = 0
_saved = None


@contextlib.contextmanager
def quiet_astropy():
    """Hide astropy's warnings, which over a survey come with every odd header.

    ``warnings.catch_warnings`` restores the wrong filters when threads leave it in another order than they entered it;
    here the first one in and the last one out change them.
    """
    from astropy.utils.exceptions import AstropyWarning

    global _users, _saved
    with _lock:
        if _users == 0:
            _saved = warnings.catch_warnings()
            _saved.__enter__()
            warnings.simplefilter("ignore", AstropyWarning)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _saved.__exit__(None, None, None)
                _saved = None
