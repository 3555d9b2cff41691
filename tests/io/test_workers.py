"""Worker processes: answers, errors, deaths, ends."""

import os
import pickle
import signal
import subprocess
import sys
import time

import pytest
import toy_jobs

from gampen_tf.io.workers import WorkerDied, WorkerProcesses, in_parts


def test_each_future_holds_the_answer_to_its_job():
    """Stray prints, of the import and of each job, are no answers."""
    with WorkerProcesses(toy_jobs.double, 2) as workers:
        futures = [workers.submit(job) for job in range(20)]
        assert [future.result() for future in futures] == [2 * job for job in range(20)]


def test_errors_come_back_as_they_were_raised():
    with WorkerProcesses(toy_jobs.act, 1) as workers:
        full, refused, fine = [workers.submit(job) for job in (("fill", 28), ("refuse", 5), ("", 7))]
        with pytest.raises(OSError, match="the disk is full") as caught:
            full.result()
        assert caught.value.errno == 28
        with pytest.raises(RuntimeError, match="Refusal: 5: no"):
            refused.result()
        assert fine.result() == 7


def test_a_worker_that_dies_costs_one_job():
    with WorkerProcesses(toy_jobs.act, 2) as workers:
        futures = [workers.submit(("die" if number == 3 else "", number)) for number in range(10)]
        with pytest.raises(WorkerDied, match=r"ended before its work was done \(status 3\)"):
            futures[3].result()
        assert [futures[i].result() for i in range(10) if i != 3] == [0, 1, 2, 4, 5, 6, 7, 8, 9]


def test_leaving_the_block_ends_what_is_under_way():
    started = time.monotonic()
    with WorkerProcesses(toy_jobs.act, 2) as workers:
        waiting = [workers.submit(("wait", 600)) for _ in range(5)]
    assert time.monotonic() - started < 60
    assert all(future.done() for future in waiting)


def test_workers_load_what_their_function_needs():
    with WorkerProcesses(toy_jobs.loaded, 1) as workers:
        assert workers.submit(["toy_jobs", "tensorflow", "keras", "pytest"]).result() == ["toy_jobs"]


def test_a_worker_ends_when_its_input_does(tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "gampen_tf.io.workers"]
    worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    worker.stdin.write(pickle.dumps(toy_jobs.double) + pickle.dumps(4))
    worker.stdin.flush()
    assert pickle.load(worker.stdout) == (8, None)
    worker.stdin.close()
    assert worker.wait(timeout=10) == 0
    worker.stdout.close()


_UNGUARDED = """
import sys, toy_jobs
from gampen_tf.io.workers import WorkerProcesses
with WorkerProcesses(toy_jobs.act, 2) as workers:
    futures = [workers.submit(("", number)) for number in range(4)]
    print([future.result() for future in futures], flush=True)
    workers.submit(("wait", 3)).result()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs process groups")
@pytest.mark.parametrize("way", ["SIGKILL", "SIGINT"])
def test_workers_end_with_their_parent(tmp_path, way):
    """Of a main module without a guard, killed, or stopped by Ctrl-C, which all of its group receive."""
    (tmp_path / "main.py").write_text(_UNGUARDED)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    parent = subprocess.Popen(
        [sys.executable, tmp_path / "main.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    assert parent.stdout.readline() == "a stray print of an import\n"
    assert parent.stdout.readline() == "[0, 1, 2, 3]\n"
    if way == "SIGKILL":
        os.kill(parent.pid, signal.SIGKILL)
    else:
        os.killpg(parent.pid, signal.SIGINT)
    # the workers hold the same end of the pipe of errors: it is read to its end only when they are gone
    _, errors = parent.communicate(timeout=30)
    assert errors.count("Traceback") == (way == "SIGINT")


@pytest.mark.parametrize("n_workers", [1, 2])
def test_parts_come_in_order(n_workers):
    parts = list(in_parts(toy_jobs.double_all, list(range(25)), 4, n_workers))
    assert [len(part) for part in parts] == [4] * 6 + [1]
    assert sum(parts, []) == [2 * item for item in range(25)]
    assert list(in_parts(toy_jobs.double_all, [], 4, n_workers)) == []
