"""``gampen-tf``: a sub-command for each public verb, and nothing but the handling of arguments.

What is not given on the command line is not passed on: the defaults are those of the Python functions.
"""

import os
import sys

from ..io.quiet import hide_tensorflow_notes
from .arguments import PROGRAM, parser

__all__ = ["main"]


def main(arguments=None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process if not given.

    Returns
    -------
    int
        0; 2 for an error of the user's, in one line; 130 if interrupted.
    """
    hide_tensorflow_notes()
    options = vars(parser().parse_args(arguments))
    run, debug, verb = options.pop("run"), options.pop("debug", False), options.pop("verb")
    options["progress_bar"] = not options.pop("quiet", False)
    try:
        run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print(f"{PROGRAM} {verb}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # whoever read our output has seen enough; Python's own flush at exit must not complain again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if debug or not _is_users(error):
            raise
        print(f"{PROGRAM} {verb}: error: {' '.join(_message(error).split())}", file=sys.stderr)
        return 2
    return 0


def _is_users(error):
    # A RuntimeError of our own code has its cure in the message (a diverged training, a folder in use); those of
    # TensorFlow are faults, and show where.
    if isinstance(error, RuntimeError):
        frame = error.__traceback__
        while frame.tb_next is not None:
            frame = frame.tb_next
        return frame.tb_frame.f_globals.get("__name__", "").startswith("gampen_tf.")
    return isinstance(error, ValueError | OSError | ImportError)


def _message(error):
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
