"""The reason why one image cannot be measured, and silence about what does not matter."""

import contextlib
import threading
import warnings

__all__ = ["Refusal", "quiet_astropy"]


class Refusal(Exception):
    """Raised while one image is read; becomes the image's flag and reason, never the end of a run.

    Parameters
    ----------
    flag : gampen_tf.flags.Flag
    reason : str
        What was expected, what was found, what to do. The image's name is not part of it.
    """

    def __init__(self, flag, reason):
        super().__init__(reason)
        self.flag = flag
        self.reason = reason


_lock = threading.Lock()
_users = 0
_saved = None


@contextlib.contextmanager
def quiet_astropy():
    """Hold back astropy's warnings: one for each odd header would be a flood over a survey.

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
