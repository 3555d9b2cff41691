"""One run at a time in a folder."""

import os
from contextlib import contextmanager
from pathlib import Path

__all__ = ["only_run"]


@contextmanager
def only_run(folder):
    """Context that one process at a time can be in for a folder.

    The package filelock does the same, but without the process and host that hold the lock.
    The lock is the operating system's, on the open file ``lock``: it ends with the process, however that ends, so
    that a killed run leaves none behind.

    Parameters
    ----------
    folder : path
        Made if it is not there.

    Raises
    ------
    RuntimeError
        If another run is in it, with its process number and host.
    """
    path = Path(folder) / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+", encoding="utf-8") as file:
        try:
            _lock(file)
        except OSError:
            file.seek(0)
            raise RuntimeError(
                f"{folder}: another run is writing here ({file.read() or 'of unknown process'}); "
                "wait for it, or choose another folder"
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {os.uname().nodename if hasattr(os, 'uname') else 'this host'}")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _lock(file):
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        file.seek(1 << 20)  # a byte that nobody reads
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
