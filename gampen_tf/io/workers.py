"""Worker processes that share a list of jobs.

>>> with WorkerProcesses(function, 4) as workers:
...     futures = [workers.submit(job) for job in jobs]
...     for future in concurrent.futures.as_completed(futures):
...         print(future.result())

Each worker is a Python of its own that reads jobs from its input and answers each. It needs no guarded main module of
the user's, loads nothing but what the function needs (no TensorFlow, unless that does), and ends with its parent,
however that ends, because its input does.
"""

# Not loky (joblib): it needs no guarded main either and is as fast, but when the parent is killed its workers stay, go
# on with what is queued, and wait for minutes; and one worker that dies takes the jobs of all others with it. Not
# concurrent.futures: its processes import the main module of the user's anew.

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

__all__ = ["ONE_THREAD", "WorkerDied", "WorkerProcesses", "in_parts", "n_cores", "serve"]

#: Environment of workers, each of which keeps to one core.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)

_COMMAND = (sys.executable, "-m", "gampen_tf.io.workers")


class WorkerDied(RuntimeError):
    """A worker process ended before it had answered; the message holds its status."""


# Jobs and answers are pickled, as multiprocessing does: they come by a pipe from children of this process, never from a
# file.
class WorkerProcesses:
    """A function of one job, called in processes that last as long as the ``with`` block.

    A process that dies costs the job that it had; another takes its place.

    Parameters
    ----------
    function : callable
        Of one argument; of a module, or a `functools.partial` of such a one, so that it can be pickled.
    n_workers : int
    environment : dict of str, optional
        Environment variables of the workers, besides those of this process.
    """

    def __init__(self, function: Callable, n_workers: int, environment: Mapping[str, str] | None = None):
        self._function = pickle.dumps(function)
        paths = os.pathsep.join(filter(None, sys.path))
        self._environment = {**os.environ, "PYTHONPATH": paths, **(environment or {})}
        self._threads = ThreadPoolExecutor(n_workers)
        self._idle: queue.SimpleQueue[subprocess.Popen] = queue.SimpleQueue()
        self._processes: list[subprocess.Popen] = []
        self._lock, self._closed = threading.Lock(), False

    def submit(self, job: Any) -> Future:
        """Queue a job; its future holds the answer, what the function raised, or `WorkerDied`."""
        return self._threads.submit(self._answer, job)

    def __enter__(self) -> WorkerProcesses:
        return self

    def __exit__(self, *_) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._closed = True
        for process in self._processes:
            process.kill()  # a thread that waits for an answer finds the pipe closed
        self._threads.shutdown()
        for process in self._processes:
            _close(process)

    def _answer(self, job):
        """What a worker answers, in one of as many threads as there are workers."""
        packed = pickle.dumps(job)
        try:
            process = self._idle.get_nowait()
        except queue.Empty:
            process = self._start()
        try:
            process.stdin.write(packed)
            process.stdin.flush()
            answer, error = pickle.load(process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):  # a closed pipe, or half an answer
            process.kill()
            message = f"a worker process ended before its work was done (status {process.wait()})"
            raise WorkerDied(message) from None
        self._idle.put(process)
        if error is not None:
            raise error
        return answer

    def _start(self):
        with self._lock:
            if self._closed:
                raise WorkerDied("no more jobs are taken")
            process = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environment)
            self._processes.append(process)
        with contextlib.suppress(OSError):  # where it is dead already, the first job raises
            process.stdin.write(self._function)
        return process


def _close(process):
    process.wait()
    with contextlib.suppress(BrokenPipeError):  # of what was never read
        process.stdin.close()
    process.stdout.close()


def in_parts(function: Callable, items: Sequence, size: int, n_workers: int) -> Iterator:
    """Generate ``function(part)`` for parts of a sequence, in order, from worker processes of one thread each.

    Parameters
    ----------
    function : callable
        See `WorkerProcesses`.
    items : sequence
        Cut into parts of `size`.
    size, n_workers : int
        One worker is this process itself.
    """
    parts = [items[first : first + size] for first in range(0, len(items), size)]
    if n_workers == 1 or len(parts) < 2:
        yield from map(function, parts)
        return
    with WorkerProcesses(function, n_workers, ONE_THREAD) as workers:
        # a few answers ahead: all of them at once would fill the memory
        waiting: list[Future] = []
        for part in parts:
            waiting.append(workers.submit(part))
            if len(waiting) > 2 * n_workers:
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()


def n_cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def serve() -> None:
    """Answer jobs from standard input until it ends: what a worker process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent, which ends its workers
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print must not look like an answer
    jobs = sys.stdin.buffer
    function = pickle.load(jobs)
    while True:
        try:
            job = pickle.load(jobs)
        except EOFError:
            return
        try:
            answers.write(_packed_answer(function, job))
            answers.flush()
        except BrokenPipeError:  # the parent has ended
            os._exit(1)


def _packed_answer(function, job):
    """(answer, None) or (None, error), pickled; an error that does not survive pickling as a RuntimeError."""
    try:
        return pickle.dumps((function(job), None))
    except Exception as error:
        try:
            packed = pickle.dumps((None, error))
            pickle.loads(packed)
        except Exception:
            packed = pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
        return packed


if __name__ == "__main__":
    serve()
