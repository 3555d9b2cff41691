"""Jobs for worker processes, in a module that they can import."""

import os
import sys
import time

print("a stray print of an import")


class Refusal(Exception):
    """An error that pickle cannot make anew: it takes two arguments and hands on one."""

    def __init__(self, what, why):
        super().__init__(f"{what}: {why}")


def double(job):
    print("a stray print of a job")
    return 2 * job


def act(job):
    """Do what the job asks for; its number if nothing."""
    what, number = job
    if what == "die":
        os._exit(number)
    if what == "refuse":
        raise Refusal(number, "no")
    if what == "fill":
        raise OSError(number, "the disk is full")
    if what == "wait":
        time.sleep(number)
    return number


def loaded(job):
    """Which of the named modules the process has loaded."""
    return sorted(set(job) & set(sys.modules))


def double_all(jobs):
    return [2 * job for job in jobs]
